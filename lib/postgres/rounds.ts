import type { Reached, Rounds } from '../model/following.ts';
import { addCounts, type Counts, NO_COUNTS } from '../model/job.ts';
import type { JobRun, RoundLog } from '../ports.ts';
import { current, putPlans } from './change-log.ts';
import { appendJobEvent } from './control.ts';
import type { Session } from './session.ts';
import { settleChanges } from './waiting-keys.ts';

const INSTANT = (column: string) => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

async function load(session: Session, jobId: string): Promise<Rounds | undefined> {
  const [row] = await session.query(
    `select r.planned::text, r.settled::text, r.drains::text, r.applied::text, ${INSTANT('r.applied_at')}, r.rows::text, ${INSTANT('r.settled_at')}
     from tf_sync.round r where r.job_id = $1`,
    [jobId],
  );
  if (!row) return undefined;
  const [planned, settled, drains, through, asOf, rows, settledAt] = row;
  return {
    planned: Number(planned),
    settled: Number(settled),
    drains: Number(drains),
    ...(through && asOf && { applied: { through, asOf } }),
    rows: Number(rows),
    ...(settledAt && { settledAt }),
  };
}

/** Whether a drain after `drains` has named keys of these tables. */
async function hasNew(session: Session, tables: readonly number[], drains: number): Promise<boolean> {
  const [row] = await session.query(
    'select exists (select from tf_sync.changed_key k where k.change_table = any($1::int[]) and k.drain > $2)',
    [tables.map(String), String(drains)],
  );
  return row?.[0] === 't';
}

/** Counters, cursors and marks of the round before go; the numbers of events stay, for they name them. */
async function clearTheLast(session: Session, jobId: string, idle: readonly number[]): Promise<void> {
  await session.query(
    `update tf_sync.checkpoint set cursor = default, counts = default, written = default, extra = default, to_delete = default,
       unexplained = default, in_flight = default, samples = default, owner = null,
       finished = (pass = 'apply' and table_no = any($2::int[]))
     where job_id = $1`,
    [jobId, idle.map(String)],
  );
  // steps of a table tell once a run, and each round is a run of its own
  await session.query('delete from tf_sync.told where job_id = $1', [jobId]);
  // their keys wait, so the round looks at them again
  await session.query('delete from tf_sync.quarantine where job_id = $1', [jobId]);
}

const begin: (session: Session) => RoundLog['begin'] =
  (session) =>
  (run, { plans, idle, reached }, event) =>
    session.transaction(async () => {
      await current(session, run);
      const [row] = await session.query(
        `insert into tf_sync.round as r (job_id, planned, settled, drains, rows, reached, reached_at) values ($1, 1, 0, 0, 0, $2, $3)
         on conflict (job_id) do update set planned = r.settled + 1, reached = excluded.reached, reached_at = excluded.reached_at
         where r.planned = r.settled
         returning r.planned::text`,
        [run.jobId, reached.through, reached.asOf],
      );
      if (!row) return; // another call of the same step was faster
      if (row[0] !== '1') await clearTheLast(session, run.jobId, idle);
      await putPlans(session, run.jobId, plans);
      await appendJobEvent(session, run.jobId, event);
    });

/** What was drained had nothing to do in it, so it counts as applied. */
async function quiet(session: Session, run: JobRun, reached: Reached): Promise<void> {
  await session.transaction(async () => {
    await current(session, run);
    await session.query(
      `update tf_sync.round set applied = $2, applied_at = $3, reached = $2, reached_at = $3 where job_id = $1 and planned = settled`,
      [run.jobId, reached.through, reached.asOf],
    );
  });
}

/** Counts of each table over all rounds, with those of one more. */
async function addRound(session: Session, jobId: string, counts: ReadonlyMap<number, Counts>): Promise<void> {
  const rows = await session.query('select table_no::text, counts::text from tf_sync.round_count where job_id = $1', [
    jobId,
  ]);
  const before = new Map(rows.map(([no, json]) => [Number(no), JSON.parse(json ?? '{}') as Partial<Counts>])); // written below
  const sums = [...counts].map(([no, own]) => [no, addCounts({ ...NO_COUNTS, ...before.get(no) }, own)] as const);
  await session.query(
    `insert into tf_sync.round_count (job_id, table_no, counts) select $1, u.no, u.c from unnest($2::int[], $3::jsonb[]) u(no, c)
     on conflict (job_id, table_no) do update set counts = excluded.counts`,
    [jobId, sums.map(([no]) => String(no)), sums.map(([, sum]) => JSON.stringify(sum))],
  );
}

const settle: (session: Session) => RoundLog['settle'] =
  (session) =>
  (run, { changes, counts, rows }, event) =>
    session.transaction(async () => {
      await current(session, run);
      const drains = changes.reduce((most, c) => Math.max(most, c.changes.drains), 0);
      const done = await session.query(
        `update tf_sync.round set settled = planned, drains = $2, rows = $3, applied = reached, applied_at = reached_at, settled_at = now()
         where job_id = $1 and planned = settled + 1 returning 1`,
        [run.jobId, String(drains), String(rows)],
      );
      if (done.length === 0) return; // it was settled already
      await settleChanges(session, run.jobId, changes);
      await addRound(session, run.jobId, counts);
      await appendJobEvent(session, run.jobId, event);
    });

/** What a target knows of the rounds of jobs. */
export function roundLog(session: Session): RoundLog {
  return {
    load: (jobId) => load(session, jobId),
    hasNew: (...args) => hasNew(session, ...args),
    begin: begin(session),
    quiet: (...args) => quiet(session, ...args),
    settle: settle(session),
    async counts(jobId) {
      const rows = await session.query(
        'select table_no::text, counts::text from tf_sync.round_count where job_id = $1 order by table_no',
        [jobId],
      );
      return new Map(rows.map(([no, json]) => [Number(no), { ...NO_COUNTS, ...JSON.parse(json ?? '{}') }]));
    },
  };
}
