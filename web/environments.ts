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

/** Why nobody can choose one yet, in a word and as a sentence; undefined: the service has told which there are. */
export function unread({
  body,
  problem,
  live,
}: Environments): { readonly word: string; readonly why: string } | undefined {
  if (body) return undefined;
  if (!problem) return { word: 'Reading them…', why: '' };
  const again = live ? ' They are asked for again every few seconds.' : '';
  return { word: 'They could not be read', why: `${problem.detail}${again} A connection URL works too.` };
}
