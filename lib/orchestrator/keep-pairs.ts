import { isAsSeen, type SeenVersion } from '../model/entity-tag.ts';
import { SyncError } from '../model/errors.ts';
import type { KeptPair } from '../model/fleet.ts';
import type { Clock, EnvironmentStore, PairStore } from '../ports.ts';
import { noEnvironment } from './named-pair.ts';

export interface KeepPairPorts {
  readonly pairs: Pick<PairStore, 'get' | 'put' | 'remove'>;
  readonly environments: Pick<EnvironmentStore, 'get'>;
  readonly clock: Clock;
}

export type PutPair = Omit<KeptPair, 'created_at' | 'updated_at' | 'revision'> & { readonly seen?: SeenVersion };

export const noPair = (): SyncError => new SyncError('pair_not_found', 'There is no pair of this name.');

const changed = () => new SyncError('pair_changed', 'The pair is not as you have seen it.');

/** One that is there is changed by those alone who have seen it. */
function checkSeen(before: KeptPair | undefined, seen: SeenVersion): void {
  if (before && (seen === undefined || seen === 'absent')) throw changed();
  if (!isAsSeen(before, seen)) throw changed();
}

/** Makes a pair, or puts another in its place. Throws `environment_not_found`, `pair_changed`. */
export async function putPair(
  { seen, ...put }: PutPair,
  ports: KeepPairPorts,
): Promise<{ readonly pair: KeptPair; readonly created: boolean }> {
  const before = await ports.pairs.get(put.name);
  checkSeen(before, seen);
  for (const side of ['source', 'target'] as const) {
    const name = put[`${side}_environment`];
    if (!(await ports.environments.get(name))) throw noEnvironment(name, `/${side}_environment`, side);
  }
  const now = ports.clock().toISOString();
  const revision = (before?.revision ?? 0) + 1;
  const pair: KeptPair = { ...put, created_at: before?.created_at ?? now, updated_at: now, revision };
  if (!(await ports.pairs.put(pair))) throw changed();
  return { pair, created: !before };
}

/** Its jobs and the schedule of its name go on. Throws `pair_not_found`, `pair_changed`. */
export async function removePair(name: string, seen: SeenVersion, ports: Pick<KeepPairPorts, 'pairs'>): Promise<void> {
  const before = await ports.pairs.get(name);
  if (!before) throw noPair();
  checkSeen(before, seen);
  if (!(await ports.pairs.remove(name, before.revision))) throw changed();
}
