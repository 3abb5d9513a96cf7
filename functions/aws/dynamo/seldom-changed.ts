import { SyncError } from '../../../lib/model/errors.ts';
import type { RegistryItems } from './registry-items.ts';

/** What says whether a list is still as it was read: raised before each change of it, and after. */
export interface Changes {
  /** Writers at work. */
  readonly open: number;
  /** When the last of them began or was done. */
  readonly at: string;
  readonly revision: number;
}

interface Named {
  readonly revision: number;
}

/** One that began so long ago has ended or died: a function that answers a call has 29 s. */
const DEAD_MS = 60_000;
/** Nobody goes by a list for longer, whatever is said of it: a version of the service before this one says nothing. */
const KEPT_MS = 60_000;

const TRIES = 20;

/**
 * The same items, whose list is read again only where one of them was changed: a start asks all environments for their rules, and
 * 5,000 of them are 780 reads of one partition that gives 3,000 a second. One item is read in their place, consistently, so whoever
 * starts after a change was answered goes by it. While somebody writes, and for a minute after a writer that died, all of them are read.
 */
export function seldomChanged<T extends Named>(
  items: RegistryItems<T>,
  changes: Pick<RegistryItems<Changes>, 'get' | 'put'>,
  clock: () => Date,
): RegistryItems<T> {
  let read: { readonly key: number; readonly at: number; readonly list: readonly T[] } | undefined;
  const note = async (by: 1 | -1) => {
    for (let i = 0; i < TRIES; i++) {
      const before = await changes.get('all');
      const open = Math.max(0, (before?.open ?? 0) + by);
      if (await changes.put('all', { open, at: clock().toISOString(), revision: (before?.revision ?? 0) + 1 })) return;
    }
    throw new SyncError('unavailable', 'Too many change this at once.');
  };
  const noting = async <R>(change: () => Promise<R>): Promise<R> => {
    await note(1);
    try {
      return await change();
    } finally {
      await note(-1).catch(() => undefined); // then it counts as at work for a minute
    }
  };
  return {
    ...items,
    put: (name, item) => noting(() => items.put(name, item)),
    remove: (name, revision) => noting(() => items.remove(name, revision)),
    async list() {
      const said = await changes.get('all');
      const now = clock().getTime();
      const still = !said || said.open === 0 || now - Date.parse(said.at) > DEAD_MS;
      const key = said?.revision ?? 0;
      if (still && read?.key === key && now - read.at < KEPT_MS) return read.list;
      const list = await items.list();
      if (still) read = { key, at: now, list };
      return list;
    },
  };
}
