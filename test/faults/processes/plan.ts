import type { Failpoint } from '../../../lib/failpoint.ts';
import type { Pass } from '../../../lib/model/job.ts';
import type { Random } from '../random.ts';
import type { Size } from './jobs.ts';
import { FAILPOINTS, type Order } from './orders.ts';

/** Reached with every chunk, so that the how many-th time says which chunk it is. */
const EACH_CHUNK: readonly Failpoint[] = [
  'chunk.read',
  'transform.done',
  'tx.begin',
  'fence.ok',
  'rows.half',
  'rows.all',
  'commit.sent',
  'commit.done',
];

/** Rows of the source are read in `apply` alone: nothing is read to delete a row, and nothing where all is equal. */
const APPLY_ONLY: readonly Failpoint[] = ['chunk.read', 'transform.done'];

/** A table for each failpoint but the one of Prepare, which is the job's. */
const OF_TABLES = FAILPOINTS.filter((name) => name !== 'plan.written');

/** Tables of a job with as many chunks as shall be told apart. */
export const sizeFor = (chunks: number): Size => ({
  tables: OF_TABLES.length,
  rows: 10 * (chunks + 2),
  extra: 20,
  batch: 10,
});

/** Prepare dies, and of each table the process that reaches the table's own failpoint: at the given chunk in `apply`. */
export function killEverywhere(pass: Pass, chunk: number): readonly Order[] {
  const orders = OF_TABLES.map((name, table): Order => {
    const own = APPLY_ONLY.includes(name) ? 'apply' : pass;
    const at = own === 'apply' && EACH_CHUNK.includes(name) ? chunk : 1;
    return { table, pass: own, name, at, action: 'kill' };
  });
  return [...orders, { name: 'plan.written', at: 1, action: 'kill' }];
}

/** Workers that freeze at failpoints and chunks that the seed chooses. */
export function freezeSome(random: Random, chunks: number): readonly Order[] {
  return OF_TABLES.filter((name) => name !== 'plan.enqueued').map((name, table): Order => {
    const at = EACH_CHUNK.includes(name) ? 1 + random.below(chunks) : 1;
    return { table, pass: 'apply', name, at, action: 'stop' };
  });
}
