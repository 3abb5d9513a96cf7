import { useUi } from '../ui.ts';
import { absolute, ago } from '../words.ts';

/** An instant: how long ago, and in full when pointed at. */
export function When({ at }: { readonly at: string }) {
  const { nowMs } = useUi();
  return (
    <time dateTime={at} title={absolute(at)}>
      {ago(Date.parse(at), nowMs.value)}
    </time>
  );
}
