import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Stretch } from '../../compare-text.ts';

interface ComparedProps {
  readonly source: string;
  readonly target: string;
  readonly type: string;
}

/** Short values are told apart by eye. */
const BY_EYE = 12;

/** Both values as one text: what the target alone has, and what the source alone has. The comparison is loaded when it is needed. */
export function Compared({ source, target, type }: ComparedProps) {
  const found = useSignal<readonly Stretch[] | undefined>(undefined);
  const short = source.length <= BY_EYE && target.length <= BY_EYE;
  useEffect(() => {
    if (short) return;
    let gone = false;
    import('../../compare-text.ts').then(
      ({ compareTexts }) => {
        if (!gone) found.value = compareTexts(source, target, type);
      },
      () => {}, // both values are shown anyway
    );
    return () => {
      gone = true;
    };
  }, [source, target, type]);
  if (short || !found.value) return null;
  return (
    <details class="compared" open>
      <summary>
        What differs{' '}
        <span class="fine legend">
          <del>only in the target</del> <ins>only in the source</ins>
        </span>
      </summary>
      <pre>
        {found.value.map((stretch) =>
          stretch.in === 'both' ? (
            stretch.text
          ) : stretch.in === 'source' ? (
            <ins>{stretch.text}</ins>
          ) : (
            <del>{stretch.text}</del>
          ),
        )}
      </pre>
    </details>
  );
}
