import { SyncError } from '../model/errors.ts';
import type { PairNotes, PairTraces } from '../model/pair.ts';
import type { PairTarget } from '../ports.ts';
import { AS_STORED, storedOf } from './conflicts.ts';
import { ensureControlSchema } from './schema-version.ts';
import type { Session } from './session.ts';

/** What a generation of keys is filed under once its pair was dropped: no source says so of itself. */
const DROPPED = 'dropped';

const NONE: PairTraces = {
  tables: 0,
  buckets: 0,
  base_rows: 0,
  baseline_bytes: 0,
  changed_keys: 0,
  watermarks: 0,
  quiet_tables: 0,
  conflicts: 0,
  open_conflicts: 0,
  jobs: 0,
  quarantined: 0,
};

async function isThere(session: Session): Promise<boolean> {
  const [row] = await session.query(`select to_regclass('tf_sync.job') is not null`);
  return row?.[0] === 't';
}

const sourceOf = ({ source }: PairNotes) => [source?.system_identifier ?? '', source?.database_oid ?? ''];

/** Generations of the pair: those it has, and those of an earlier drop whose rows are not all gone. */
const GENERATIONS = `select g.id, g.base from tf_sync.pair_table g
  where (g.source_system, g.source_database) in (($1, $2), ('${DROPPED}', $3))`;

/** Bytes by share: of a table and its indexes what these rows are of all. */
const share = (table: string, rows: string) =>
  `(select pg_total_relation_size(c.oid) * least(1, ${rows} / greatest(1, c.reltuples, ${rows}))
    from pg_class c where c.oid = 'tf_sync.${table}'::regclass)`;

/** Rows of a kind that a look counts at most: some 2 s of an index. */
const COUNTED = 5_000_000;

async function look(session: Session, of: PairNotes): Promise<PairTraces> {
  if (!(await isThere(session))) return NONE;
  await session.transaction(() => ensureControlSchema(session)); // of an older version: what a start does
  const [system, database] = sourceOf(of);
  const [row] = await session.query(
    `with g as materialized (${GENERATIONS}),
       n as materialized (select (select count(*) from (select from tf_sync.baseline b where b.pair_table in (select g.id from g) limit ${COUNTED}) q)::float8 as buckets,
         (select count(*) from (select from tf_sync.base_row r where r.base in (select g.base from g) limit ${COUNTED}) q)::float8 as bases)
     select (select count(*) from g)::text, n.buckets::int8::text, n.bases::int8::text,
       (${share('baseline', 'n.buckets')} + ${share('base_row', 'n.bases')})::int8::text,
       (select count(*) from tf_sync.changed_key k join tf_sync.change_table t on t.id = k.change_table where t.stream = $3)::text,
       (select count(*) from tf_sync.watermark w where w.job_id::text = any($5))::text,
       (select count(*) from tf_sync.quiet q where q.job_id::text = any($5))::text,
       (select count(*) from tf_sync.conflict c where c.pair = $4)::text,
       (select count(*) from tf_sync.conflict c where c.pair = $4 and c.state = 'open')::text,
       (select count(*) from tf_sync.job j where j.job_id::text = any($5))::text,
       (select count(*) from tf_sync.quarantine q where q.job_id::text = any($5))::text
     from n`,
    [system, database, of.name, of.pair, of.jobs],
  );
  const [
    tables,
    buckets,
    base_rows,
    baseline_bytes,
    changed_keys,
    watermarks,
    quiet_tables,
    conflicts,
    open,
    jobs,
    quarantined,
  ] = (row ?? []).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ]; // eleven counts
  return {
    tables,
    buckets,
    base_rows,
    baseline_bytes,
    changed_keys,
    watermarks,
    quiet_tables,
    conflicts,
    open_conflicts: open,
    jobs,
    quarantined,
  };
}

/** Throws `target_busy` for the first holder of a lease that is a job of the pair and not known to be gone. */
async function refuseHeld(
  session: Session,
  holds: (jobId: string, seconds: number) => Promise<boolean>,
): Promise<void> {
  const held = await session.query(
    `select l.job_id::text, max(extract(epoch from now() - l.taken_at))::int8::text from tf_sync.lease l group by 1 order by 1`,
  );
  for (const [jobId, seconds] of held) {
    if (!jobId || !(await holds(jobId, Number(seconds)))) continue;
    throw new SyncError('target_busy', `Job ${jobId} of this pair is not over.`, { facts: { job_id: jobId } });
  }
}

/**
 * One transaction: nothing that a later job of the pair would rely on is known any more. Rows that are many are only taken
 * away from it; `clear` deletes them. It holds the table of leases, so no job begins meanwhile.
 */
async function forget(
  session: Session,
  of: PairNotes,
  holds: (jobId: string, seconds: number) => Promise<boolean>,
): Promise<void> {
  if (!(await isThere(session))) return;
  const [system, database] = sourceOf(of);
  await session.transaction(async () => {
    await ensureControlSchema(session);
    await session.query('lock table tf_sync.lease in share row exclusive mode');
    await refuseHeld(session, holds);
    await session.query(
      'delete from tf_sync.changed_key k using tf_sync.change_table t where t.id = k.change_table and t.stream = $1',
      [of.name],
    );
    await session.query('delete from tf_sync.change_stream where stream = $1', [of.name]);
    await session.query('delete from tf_sync.watermark w where w.job_id::text = any($1)', [of.jobs]);
    await session.query('delete from tf_sync.quiet q where q.job_id::text = any($1)', [of.jobs]);
    await session.query('delete from tf_sync.table_shape s where s.pair = $1', [of.pair]);
    await session.query(
      `update tf_sync.pair_table g set source_system = '${DROPPED}', source_database = $3
       where (g.source_system, g.source_database) = ($1, $2)`,
      [system, database, of.name],
    );
    await session.query(
      `update tf_sync.conflict c set state = 'superseded', version = greatest(c.version + 1, (extract(epoch from clock_timestamp()) * 1000)::int8),
         data = c.data || jsonb_build_object('closed_at', to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
       where c.pair = $1 and c.state = 'open'`,
      [of.pair],
    );
    // one that was stopped or has failed could be resumed, and would take what it had compared for compared
    await session.query('delete from tf_sync.job j where j.job_id::text = any($1) and not j.ended', [of.jobs]);
  });
}

/** Rows that go in one transaction. */
const BATCH = 100_000;
const JOBS = 20;

/** Deletes a batch of what `forget` has left; false: nothing was left. */
async function clear(session: Session, of: PairNotes): Promise<boolean> {
  if (!(await isThere(session))) return false;
  return session.transaction(async () => {
    const gone = (table: string, which: string, values: readonly unknown[], limit: number) =>
      session.query(
        `with d as (delete from tf_sync.${table} x where x.ctid = any(array(select y.ctid from tf_sync.${table} y where ${which} limit ${limit}))
         returning 1) select count(*)::text from d`,
        values,
      );
    const dropped = (column: string) =>
      `select g.${column} from tf_sync.pair_table g where (g.source_system, g.source_database) = ('${DROPPED}', $1)`;
    const alive = `exists (select from tf_sync.pair_table o where o.base = y.base and o.source_system <> '${DROPPED}')`;
    const counts = [
      await gone('baseline', `y.pair_table in (${dropped('id')})`, [of.name], BATCH),
      await gone('base_row', `y.base in (${dropped('base')}) and not ${alive}`, [of.name], BATCH),
      await gone('job', 'y.job_id::text = any($1) and y.ended', [of.jobs], JOBS),
    ].map((rows) => Number(rows[0]?.[0]));
    if (counts.some((n) => n > 0)) return true;
    await session.query(
      `delete from tf_sync.pair_table g where (g.source_system, g.source_database) = ('${DROPPED}', $1)`,
      [of.name],
    );
    return false;
  });
}

/** What a target keeps of a pair. */
export const pairMemory = (session: Session): Omit<PairTarget, 'facts' | 'close'> => ({
  async sources() {
    if (!(await isThere(session))) return [];
    const rows = await session.query(
      'select distinct g.source_system, g.source_database from tf_sync.pair_table g where g.source_system <> $1',
      [DROPPED],
    );
    return rows.map(([system, oid]) => ({ system_identifier: system ?? '', database_oid: oid ?? '' }));
  },
  async jobs() {
    if (!(await isThere(session))) return { notes: [], rows: [] };
    const rows = await session.query(
      `select j.job_id::text, 'r' from tf_sync.job j union select w.job_id::text, 'n' from tf_sync.watermark w
       union select q.job_id::text, 'n' from tf_sync.quiet q`,
    );
    const of = (kind: string) => rows.filter((r) => r[1] === kind).map((r) => r[0] ?? '');
    return { notes: of('n'), rows: of('r') };
  },
  look: (of) => look(session, of),
  forget: (of, holds) => forget(session, of, holds),
  clear: (of) => clear(session, of),
  async conflicts(pair, limit) {
    if (!(await isThere(session))) return [];
    const rows = await session.query(
      `select ${AS_STORED} from tf_sync.conflict c where c.pair = $1 and c.state <> 'open' order by c.conflict_id limit $2`,
      [pair, String(limit)],
    );
    return rows.map(([json]) => storedOf(json));
  },
  async forgetConflicts(told) {
    await session.query(
      `delete from tf_sync.conflict c using unnest($1::text[], $2::int8[]) u(id, v) where c.conflict_id = u.id and c.version = u.v`,
      [told.map((c) => c.conflict_id), told.map((c) => String(c.version))],
    );
  },
});
