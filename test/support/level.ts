/**
 * `npm test` is run at every change and takes samples of what is large; `npm run test:long` takes everything. A sample is
 * spread evenly: what it leaves out are further moments, seeds, sizes, names and combinations of the same sort.
 */
export const LONG = process.env.TEST_LONG === '1';

/** All of them in a long run; otherwise `count`, evenly spread, with the first and the last. */
export function few<T>(all: readonly T[], count: number, long = LONG): readonly T[] {
  if (long || all.length <= count) return all;
  return Array.from({ length: count }, (_, i) => all[Math.round((i * (all.length - 1)) / Math.max(1, count - 1))] as T);
}

/** Whether a worker dies before or after its commit number `at`: both in a long run, otherwise in turn. */
export function turns(at: number, long = LONG): readonly ('before' | 'after')[] {
  if (long) return ['before', 'after'];
  return at % 2 === 1 ? ['after'] : ['before'];
}
