import type { LiveState } from '../live.ts';
import { useUi } from '../ui.ts';
import { ago } from '../words.ts';

/** Whether what is shown is still followed, and from when it is. */
export function Freshness({ state }: { readonly state: LiveState<unknown> }) {
  const { nowMs } = useUi();
  if (state.atMs === undefined) return null;
  const when = ago(state.atMs, Math.max(nowMs.value, state.atMs));
  const text = state.problem ? `as it was ${when}` : state.live ? `live, updated ${when}` : `final, read ${when}`;
  return (
    <p class={`freshness ${state.problem ? 'stale' : state.live ? 'on' : 'off'}`}>
      <span aria-hidden="true" class="dot" /> {text}
    </p>
  );
}
