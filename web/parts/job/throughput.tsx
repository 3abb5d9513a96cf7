import { useEffect, useRef } from 'preact/hooks';
import { number } from '../../../lib/model/figures.ts';
import { ratesOf, type Sample } from '../../job/rates.ts';
import type { Plot } from '../../plot.ts';

/** Rows compared a second since the page was opened. Nothing until there are three looks. */
export function Throughput({ samples }: { readonly samples: readonly Sample[] }) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot | undefined>(undefined);
  const enough = samples.length > 3;
  const rates = ratesOf(samples);

  useEffect(() => {
    if (!enough) return;
    let gone = false;
    void import('../../plot.ts').then(({ openPlot }) => {
      if (gone || !place.current) return;
      plot.current = openPlot(place.current, 'rows/s');
      plot.current.show(...rates);
    });
    return () => {
      gone = true;
      plot.current?.remove();
      plot.current = undefined;
    };
  }, [enough]);
  useEffect(() => {
    plot.current?.show(...rates);
  }, [samples]);

  if (!enough) return null;
  const [, values] = rates;
  const text = `Now ${number(values.at(-1) ?? 0)} rows/s, at most ${number(Math.max(0, ...values))} since this page was opened`;
  return (
    <figure class="throughput">
      <div ref={place} aria-hidden="true" />
      <figcaption class="fine">{text}</figcaption>
    </figure>
  );
}
