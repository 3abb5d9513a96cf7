import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Failpoint } from '../../../lib/failpoint.ts';
import type { Pass } from '../../../lib/model/job.ts';

/** Every failpoint of a job, as the product names them; those of resolutions are killed at in
 * test/e2e/conflicts.test.ts and test/pg, those of rows that go to the source (`back.`) in test/pg/bidirectional-crash.test.ts,
 * those of a job that follows the log (`changes.`, `round.`) in test/pg/cdc-crash.test.ts and continuous-crash.test.ts. */
export const FAILPOINTS = [
  ...(readFileSync('lib/failpoint.ts', 'utf8').split('export type FailpointHandler')[0] ?? '').matchAll(
    /'([a-z]+\.[a-z]+)'/g,
  ),
]
  .map((m) => m[1] as Failpoint) // the type of these very lines
  .filter((name) => !/^(resolution|back|changes|round)\./.test(name));

/** What the process that does some work does at a failpoint. */
export interface Order {
  /** Absent: Prepare of the job. */
  readonly table?: number;
  readonly pass?: Pass;
  readonly name: Failpoint;
  /** The how many-th time an invocation comes by, from 1. */
  readonly at: number;
  readonly action: 'kill' | 'stop';
}

/** In steps of the workflow; all others are in the worker. */
const STEPS: readonly Failpoint[] = ['plan.written', 'plan.enqueued'];

const fileOf = ({ name, table, pass }: Order) =>
  `${STEPS.includes(name) ? 'step' : 'segment'}-${table ?? 'all'}-${pass ?? 'all'}-${name}.json`;

/** Orders for the job that is started next. It must have taken them (`untilTaken`) before the one after it is started. */
export function orderNext(folder: string, orders: readonly Order[]): void {
  const draft = join(folder, 'draft');
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft);
  for (const order of orders)
    writeFileSync(join(draft, fileOf(order)), JSON.stringify({ at: order.at, action: order.action }));
  renameSync(draft, join(folder, 'next'));
}

/** Which orders of a job were obeyed, with the process that did; and which were not. */
export function obeyed(folder: string, jobId: string): { readonly open: string[]; readonly pids: number[] } {
  const names = readdirSync(join(folder, jobId));
  return {
    open: names.filter((name) => name.endsWith('.json')),
    pids: names.filter((name) => !name.endsWith('.json')).map((name) => Number(name.split('.').at(-1))),
  };
}
