import type { JobConfig } from '../../lib/model/config.ts';
import type { Segment, TablePlan } from '../../lib/model/table.ts';
import { prepareJob } from '../../lib/orchestrator/prepare-job.ts';
import { postgresDatabases } from '../../lib/postgres/databases.ts';
import type { SegmentSizes } from '../../lib/postgres/planner.ts';
import type { TestPair } from './databases.ts';
import { type Ports, ports, start } from './in-process.ts';
import { ON_ONE_MACHINE } from './rules.ts';

/** Ports whose planner makes segments of these sizes. */
export function portsWith(sizes: SegmentSizes): Ports {
  return { ...ports(), databases: postgresDatabases({ rules: ON_ONE_MACHINE, version: 'test', sizes }) };
}

/** How a table was cut, and how many rows each side has in each segment and in its largest bucket. */
export interface Layout {
  readonly plan: TablePlan;
  readonly segments: readonly Segment[];
  readonly source: readonly number[];
  readonly target: readonly number[];
  readonly largestBucket: number;
}

/** Prepares a job over one table and counts what its segments hold, by the engine's own reader. The job ends there. */
export async function layoutOf(pair: TestPair, config: Partial<JobConfig>, sizes: SegmentSizes): Promise<Layout> {
  const p = portsWith(sizes);
  const job = await start(pair, config, p);
  await prepareJob({ job_id: job.job_id, epoch: job.epoch }, p);
  const { rows: plans } = await pair.target.client.query(
    'select plan::text from tf_sync.table_plan where job_id = $1',
    [job.job_id],
  );
  const { rows } = await pair.target.client.query(
    `select segment::text from tf_sync.checkpoint where job_id = $1 and pass = 'apply' order by segment_no`,
    [job.job_id],
  );
  await pair.target.client.query('delete from tf_sync.lease');
  const plan: TablePlan = JSON.parse(plans[0].plan);
  const segments: Segment[] = rows.map((r) => JSON.parse(r.segment));
  const as = { name: 'layout', statementTimeoutMs: 0 };
  const [source, target] = [
    await p.databases.source(pair.source.connection, as),
    await p.databases.target(pair.target.connection, as),
  ];
  try {
    const sums = { source: [] as number[], target: [] as number[] };
    let largestBucket = 0;
    for (const segment of segments) {
      for (const [side, database] of [
        ['source', source],
        ['target', target],
      ] as const) {
        const found = await database.reader(plan, segment).sums();
        sums[side].push(found.reduce((n, s) => n + s.rows, 0));
        largestBucket = Math.max(largestBucket, ...found.map((s) => s.rows));
      }
    }
    return { plan, segments, ...sums, largestBucket };
  } finally {
    await Promise.all([source.close(), target.close()]);
  }
}
