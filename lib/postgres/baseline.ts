import type { Adoption, OpenedBuckets } from '../model/baseline.ts';
import { type BucketRun, type BucketSum, type Change, type RowKey, toRuns } from '../model/change.ts';
import type { FiledBase } from '../model/print.ts';
import type { TablePlan } from '../model/table.ts';
import type { FiledSegment, Look } from '../ports.ts';
import { baseAlike, baseCopied, based, baseEqual, baseWritten, fileBases, forgetMissing } from './base-rows.ts';
import { boundsCondition, bucketExpression, comparedColumns, runBounds, segmentCondition } from './buckets.ts';
import { columnSql, tableSql } from './columns.ts';
import { mixed, rowHash } from './fingerprint.ts';
import { filedHash, keyRows } from './key-rows.ts';
import { fromRuns } from './reader.ts';
import type { Session } from './session.ts';
import { BY_INDEX } from './sql.ts';

/** The generation that keys are filed under, or undefined where none are. */
export function filedUnder({ baseline }: TablePlan): string | undefined {
  return baseline?.keep && baseline.own !== undefined ? String(baseline.own) : undefined;
}

/** SQL of `(b, n, s, keys)` over target rows: count, sum and key hashes of each bucket. */
function bucketsWithKeys({ plan, segment }: FiledSegment, rows: string): string {
  const hash = rowHash(plan.fingerprint, comparedColumns(plan), columnSql('target', 't'));
  return `select q.b, count(*) as n, bit_xor(${mixed('q.h')}) as s, array_agg(q.k) as keys
    from (select ${bucketExpression(plan, segment.buckets, 'target', 't')} as b, ${hash} as h, ${filedHash(plan, 't')} as k ${rows} offset 0) q
    group by q.b`;
}

/**
 * Files the keys that this transaction's COPY has just written, in place of what the run's buckets held.
 *
 * Only rows of this very transaction: what somebody else has put there meanwhile is not from the source.
 */
export async function fileCopied(session: Session, at: FiledSegment, run: BucketRun): Promise<void> {
  const { plan, segment } = at;
  const own = filedUnder(plan);
  if (own === undefined) return;
  const bounds = runBounds(segment.buckets, [run]);
  const mine = 't.xmin = (select pg_current_xact_id()::xid)';
  const rows = (n: number) =>
    bounds
      ? `from unnest($${n}::int8[], $${n + 1}::int8[]) r(lo, hi) join ${tableSql(plan, 'target')} t on ${boundsCondition(plan, 't')} where ${mine}`
      : `from ${tableSql(plan, 'target')} t where ${mine}`;
  const values = bounds ? [bounds.los, bounds.his] : [];
  await session.query(
    'delete from tf_sync.baseline e where e.pair_table = $1 and e.segment = $2 and e.bucket between $3 and $4',
    [own, String(at.number), String(run[0]), String(run[1])],
  );
  if (bounds) await session.run('set local enable_seqscan = off'); // the table has no statistics yet
  await session.query(
    `insert into tf_sync.baseline (pair_table, segment, bucket, rows, hash, keys)
     select $1, $2, g.b, g.n, g.s, g.keys from (${bucketsWithKeys(at, rows(3))}) g`,
    [own, String(at.number), ...values],
  );
  await baseCopied(session, plan, { sql: rows(1), values });
}

/**
 * Files the keys of buckets that were found equal, each only where count and sum of the target's rows still are the ones
 * that were compared: a row that came in between is not taken for one of the source's.
 */
async function fileEqual(session: Session, at: FiledSegment, found: readonly BucketSum[]): Promise<void> {
  if (found.length === 0) return;
  const source = rowsOf(at, found);
  const sums = await baseEqual(session, at, found, source); // first: a bucket that is filed has its rows filed
  if (sums.length === 0) return;
  const n = source.values.length;
  await session.query(
    `with g as materialized (${bucketsWithKeys(at, source.sql)})
     insert into tf_sync.baseline (pair_table, segment, bucket, rows, hash, keys)
     select $${n + 1}, $${n + 2}, g.b, g.n, g.s, g.keys
     from g join unnest($${n + 3}::int8[], $${n + 4}::int8[], $${n + 5}::int8[]) a(b, n, s) on (a.b, a.n, a.s) = (g.b, g.n, g.s)
     on conflict (pair_table, segment, bucket) do update set rows = excluded.rows, hash = excluded.hash, keys = excluded.keys`,
    [
      ...source.values,
      filedUnder(at.plan),
      String(at.number),
      sums.map((s) => s.bucket),
      sums.map((s) => s.rows),
      sums.map((s) => s.hash),
    ],
  );
}

/** More runs than this are read as one scan that the join thins out. */
const MOST_RUNS = 1_000;

function rowsOf({ plan, segment }: FiledSegment, sums: readonly BucketSum[]) {
  const runs = toRuns(sums.map((s) => s.bucket));
  if (segment.buckets.keyspace !== 'hashed' && runs.length <= MOST_RUNS) return fromRuns(plan, segment, 'target', runs);
  const whole = segmentCondition(plan, segment, 'target', 't', 1);
  return { sql: `from ${tableSql(plan, 'target')} t where ${whole.sql}`, values: whole.values as readonly unknown[] };
}

/**
 * Files the equal keys of buckets that were opened, and forgets those that the target has no more. A key that is there and
 * not alike stays as it was: known or not.
 */
async function fileOpened(session: Session, at: FiledSegment, opened: OpenedBuckets): Promise<void> {
  const keys = keyRows(at.plan, at.segment, [...opened.equal, ...opened.others], 5);
  await session.query(
    `with k as materialized (select x.b, x.h, x.n <= $4::int8 as equal from ${keys.sql} x),
     g as (select k.b, coalesce(array_agg(k.h) filter (where k.equal), '{}') as equal, array_agg(k.h) as present from k group by k.b),
     m as (
       select u.b, e.keys as old, array(
         select unnest(coalesce(g.equal, '{}')) union (select unnest(e.keys) intersect select unnest(g.present)) order by 1) as keys
       from unnest($3::int8[]) u(b) left join g on g.b = u.b
       left join tf_sync.baseline e on e.pair_table = $1 and e.segment = $2 and e.bucket = u.b)
     insert into tf_sync.baseline (pair_table, segment, bucket, rows, hash, keys)
     select $1, $2, m.b, cardinality(m.keys), null, m.keys from m
     where m.keys is distinct from array(select unnest(coalesce(m.old, '{}')) order by 1)
     on conflict (pair_table, segment, bucket) do update set rows = excluded.rows, hash = null, keys = excluded.keys`,
    [filedUnder(at.plan), String(at.number), opened.buckets, String(opened.equal.length), ...keys.values],
  );
}

async function forgetVanished(session: Session, at: FiledSegment, buckets: readonly number[]): Promise<void> {
  if (buckets.length === 0) return;
  await session.query(
    'delete from tf_sync.baseline e where e.pair_table = $1 and e.segment = $2 and e.bucket = any($3::int8[])',
    [filedUnder(at.plan), String(at.number), buckets],
  );
}

/** Files what a comparison found, inside the chunk's transaction. */
export async function adopt(session: Session, at: FiledSegment, adoption: Adoption): Promise<void> {
  if (filedUnder(at.plan) === undefined) return;
  const { equal = [], vanished = [], opened, alike = [], bases = [] } = adoption;
  await fileEqual(session, at, equal);
  await forgetMissing(session, at, vanished, []);
  await forgetVanished(session, at, vanished);
  await baseAlike(session, at.plan, alike);
  await fileBases(session, at.plan, bases);
  if (!opened || opened.buckets.length === 0) return;
  await forgetMissing(session, at, opened.buckets, [...opened.equal, ...opened.others]);
  const known = await based(session, at.plan, opened.others); // filed like equal ones, wherever they were filed before
  await fileOpened(session, at, { ...opened, equal: [...opened.equal, ...known] });
}

const keyOf = (c: Change) => (c.kind === 'delete' ? c.key : c.row.key);

/**
 * Files the keys of rows that the chunk has written or decided, and forgets those it has deleted, inside its transaction; and
 * what they are from now on compared with.
 */
export async function fileChanges(
  session: Session,
  at: FiledSegment,
  changes: readonly Change[],
  bases: readonly FiledBase[] = [],
): Promise<void> {
  const own = filedUnder(at.plan);
  if (own === undefined || changes.length + bases.length === 0) return;
  await baseWritten(session, at.plan, changes);
  await fileBases(session, at.plan, bases);
  const written = [...changes.filter((c) => c.kind !== 'delete').map(keyOf), ...bases.map((b) => b.key)];
  const deleted = changes.filter((c) => c.kind === 'delete').map(keyOf);
  if (written.length > 0) {
    const keys = keyRows(at.plan, at.segment, written, 3);
    await session.query(
      `insert into tf_sync.baseline as e (pair_table, segment, bucket, rows, hash, keys)
       select $1, $2, x.b, count(distinct x.h), null, array_agg(distinct x.h) from ${keys.sql} x group by x.b
       on conflict (pair_table, segment, bucket) do update set hash = null,
         (rows, keys) = (select count(*), array_agg(u.k) from (select unnest(e.keys) union select unnest(excluded.keys)) u(k))
       where not e.keys @> excluded.keys`,
      [own, String(at.number), ...keys.values],
    );
  }
  if (deleted.length > 0) {
    const keys = keyRows(at.plan, at.segment, deleted, 3);
    await session.query(
      `with g as materialized (select x.b, array_agg(x.h) as gone from ${keys.sql} x group by x.b)
       update tf_sync.baseline e set hash = null,
         (rows, keys) = (select count(*), coalesce(array_agg(u.k), '{}') from (select unnest(e.keys) except select unnest(g.gone)) u(k))
       from g where e.pair_table = $1 and e.segment = $2 and e.bucket = g.b`,
      [own, String(at.number), ...keys.values],
    );
    await forgetInOlder(session, at, deleted);
  }
}

/** SQL of `(h)`: which of the hashes `$2` earlier generations know. One pass over their keys. */
const IN_OLDER = `select distinct u.h from tf_sync.baseline e cross join lateral unnest(e.keys) u(h)
  where e.pair_table = any($1::int4[]) and u.h = any($2::int8[])`;

/** A key that was deleted must not be known by an earlier generation either. Cost: one pass over its keys. */
async function forgetInOlder(session: Session, at: FiledSegment, keys: readonly RowKey[]): Promise<void> {
  const older = at.plan.baseline?.older ?? [];
  if (older.length === 0) return;
  const rows = keyRows(at.plan, at.segment, keys, 2);
  await session.query(
    `with g as materialized (select array_agg(x.h) as gone from ${rows.sql} x)
     update tf_sync.baseline e set hash = null,
       (rows, keys) = (select count(*), coalesce(array_agg(u.k), '{}') from (select unnest(e.keys) except select unnest(g.gone)) u(k))
     from g where e.pair_table = any($1::int4[]) and e.keys && g.gone`,
    [older, ...rows.values],
  );
}

/** Which of the keys are known to have come from the source: in their own bucket, or in any of earlier generations. */
export async function knownKeys(
  session: Session,
  at: FiledSegment,
  keys: readonly RowKey[],
): Promise<readonly RowKey[]> {
  const { baseline } = at.plan;
  if (!baseline || keys.length === 0) return [];
  const rows = keyRows(at.plan, at.segment, keys, 3);
  const found = await session.transaction(
    () =>
      session.query(
        `select x.n::text, x.h::text, exists (
           select from tf_sync.baseline e where e.pair_table = $1 and e.segment = $2 and e.bucket = x.b and x.h = any(e.keys))::text
         from ${rows.sql} x`,
        [baseline.own === undefined ? null : String(baseline.own), String(at.number), ...rows.values],
      ),
    BY_INDEX,
  );
  const unknown = found.filter((r) => r[2] !== 'true').map((r) => r[1]);
  const older = new Set(
    baseline.older.length > 0 && unknown.length > 0
      ? (await session.query(IN_OLDER, [baseline.older, unknown])).map((r) => r[0])
      : [],
  );
  return found.filter((r) => r[2] === 'true' || older.has(r[1] ?? '')).map((r) => keys[Number(r[0]) - 1] as RowKey); // n counts them
}

/** What of a look the baseline does not say yet: nothing in a quiet run. Reads the baseline of these buckets only. */
export async function notFiled(session: Session, at: FiledSegment, look: Look): Promise<Adoption> {
  const own = filedUnder(at.plan);
  if (own === undefined) return {};
  const rows = await session.query(
    `select e.bucket::text, e.rows::text, e.hash::text from tf_sync.baseline e
     where e.pair_table = $1 and e.segment = $2 and e.bucket > $3 and e.bucket <= $4`,
    [own, String(at.number), String(look.after), String(look.through)],
  );
  const filed = new Map(rows.map(([bucket, n, hash]) => [Number(bucket), `${n}:${hash}`]));
  const equal = look.same.filter((s) => filed.get(s.bucket) !== `${s.rows}:${s.hash}`);
  const seen = new Set([...look.same.map((s) => s.bucket), ...look.opened]);
  return { equal, vanished: [...filed.keys()].filter((b) => !seen.has(b)) };
}
