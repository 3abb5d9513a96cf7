import type { EnvironmentView } from '../lib/model/answers.ts';
import type { LiveState } from './live.ts';
import { useLive } from './ui.ts';

/** The environments there are, as far as the service has told. */
export type Environments = LiveState<{ readonly environments: readonly EnvironmentView[] }>;

/** Asked for again until the service tells. */
export const useEnvironments = (): Environments =>
  useLive<{ readonly environments: readonly EnvironmentView[] }>('/api/sync/environments', {
    everyMs: 0,
    isLast: () => true,
  }).state.value;
