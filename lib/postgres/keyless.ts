import type { BucketRun, Change, FetchedRows, ReadRow, RowImage, RowKey } from '../model/change.ts';
import type { Applied } from '../model/checkpoint.ts';
import type { Side } from '../model/connection.ts';
import { SyncError } from '../model/errors.ts';
import { STREAMED_ROW_BYTES } from '../model/limits.ts';
import { relationText, type Segment, type TablePlan } from '../model/table.ts';
import type { RowReader } from '../ports.ts';
import { bucketExpression } from './buckets.ts';
import { columnSql, tableSql, writtenColumns } from './columns.ts';
import { rowValue } from './fingerprint.ts';
import { fromRuns } from './reader.ts';
import { refuseCascades } from './references.ts';
import { rowTextBytes } from './row-size.ts';
import type { Session } from './session.ts';
import { writtenSince } from './snapshot.ts';
import { ident, relation } from './sql.ts';
import { tableReader } from './window.ts';
import { position, rowList } from './writer.ts';

/**
 * Rows without a key. What identifies one is its whole value and the number of the copy: key = [sha256 in hex, n], n from 1.
 * The digest is over the canonical texts of all columns with their lengths, so that equal rows share it and no others do,
 * and it says nothing of a value to whoever reads keys in samples or in quarantine.
 */
const digestOf = (plan: TablePlan, side: Side) => rowValue('portable', plan.columns, columnSql(side, 't'));

const hex = (value: string) => `pg_catalog.encode(${value}, 'hex')`;

/** Digests for `any($n)`. */
const digests = (keys: readonly RowKey[]) => [...new Set(keys.map((k) => `\\x${k[0]}`))];

/** Reads one side of a keyless table. `rows` and `changedSince` cost a scan each: no index finds a whole row. */
export function keylessReader(session: Session, plan: TablePlan, segment: Segment): RowReader {
  const { side } = session;
  const table = tableSql(plan, side);
  const digest = digestOf(plan, side);
  const bucket = bucketExpression(plan, segment.buckets, side, 't');
  const read = async (runs: readonly BucketRun[]): Promise<readonly ReadRow[]> => {
    if (runs.length === 0) return [];
    const source = fromRuns(plan, segment, side, runs);
    const rows = await session.query(
      `select q.b, ${hex('q.v')}, count(*) from (select ${bucket} as b, ${digest} as v ${source.sql} offset 0) q group by q.b, q.v`,
      source.values,
    );
    return rows.map(([b, v = null, copies]) => ({
      bucket: Number(b),
      key: [v ?? ''],
      fingerprint: v ?? '',
      canonical: [],
      copies: Number(copies),
    }));
  };
  return {
    ...tableReader(session, plan, segment),
    read,
    open: read,
    rows: (keys, maxBytes) => fetchCopies(session, plan, keys, maxBytes),
    async fingerprints(keys) {
      const now = await copiesNow(session, plan, keys);
      return keys.flatMap(
        (key) =>
          Number(key[1]) <= (now.get(key[0] ?? '') ?? 0) ? [{ bucket: -1, key, fingerprint: key[0] ?? '' }] : [], // nobody asks for the bucket
      );
    },
    async passing(keys) {
      const now = await copiesNow(session, plan, keys);
      return keys.filter((key) => Number(key[1]) <= (now.get(key[0] ?? '') ?? 0)); // a row that passes is another row
    },
    async changedSince(keys) {
      if (keys.length === 0) return [];
      if (side === 'source' && plan.unversioned) return keys; // nothing tells, so any of them may have
      const found = await session.query(
        `select distinct ${hex('z.v')} from (select ${digest} as v, ${writtenSince('t', plan.sourceSnapshot)} as later from ${table} t offset 0) z
         where z.v = any($1::bytea[]) and z.later`,
        [digests(keys)],
      );
      const changed = new Set(found.map((r) => r[0]));
      return keys.filter((k) => changed.has(k[0] ?? ''));
    },
  };
}

/** One scan: of each digest asked for its copies, bytes, and, as far as they fit in `maxBytes` together, its values. */
async function valuesOf(session: Session, plan: TablePlan, keys: readonly RowKey[], maxBytes: number) {
  const { side } = session;
  const { value } = columnSql(side, 't');
  const columns = plan.columns.map((c, i) => `${value(c)} as c${i + 1}`).join(', ');
  const sent = plan.columns.map((_, i) => `case when q.fits then q.c${i + 1} end`).join(', ');
  const found = await session.query(
    `select ${hex('q.v')}, q.copies, q.b, q.fits, ${sent} from (
       select r.*, r.b <= ${STREAMED_ROW_BYTES}
         and (sum(case when r.b <= ${STREAMED_ROW_BYTES} then r.b else 0 end) over (order by r.n) <= ${maxBytes} or r.n = 1) as fits
       from (select z.*, w.n, count(*) over (partition by z.v) as copies, row_number() over (partition by z.v) as rank
             from (select ${digestOf(plan, side)} as v, ${rowTextBytes(plan.columns, value)} as b, ${columns} from ${tableSql(plan, side)} t offset 0) z
             join unnest($1::bytea[]) with ordinality w(v, n) on w.v = z.v) r where r.rank = 1) q`,
    [digests(keys)],
  );
  return new Map(
    found.map(([v, copies, bytes, fits, ...values]) => [
      v,
      { copies: Number(copies), bytes: Number(bytes), fits: fits === 't', values },
    ]),
  );
}

/** Rows of these keys in their order, as many from the first on as fit. One too large to be held has no key to stream it by. */
async function fetchCopies(
  session: Session,
  plan: TablePlan,
  keys: readonly RowKey[],
  maxBytes: number,
): Promise<FetchedRows> {
  if (keys.length === 0) return { rows: [], tooLarge: [], failed: [], covered: 0 };
  const found = await valuesOf(session, plan, keys, maxBytes);
  const rows: RowImage[] = [];
  const tooLarge: RowKey[] = [];
  let bytes = 0;
  for (const [at, key] of keys.entries()) {
    const row = found.get(key[0] ?? '');
    if (!row || Number(key[1]) > row.copies) continue;
    if (row.bytes > STREAMED_ROW_BYTES) {
      tooLarge.push(key);
      continue;
    }
    bytes += row.bytes;
    if (!row.fits || (rows.length > 0 && bytes > maxBytes)) return { rows, tooLarge, failed: [], covered: at };
    rows.push({ key, fingerprint: key[0] ?? '', values: row.values });
  }
  return { rows, tooLarge, failed: [], covered: keys.length };
}

/** The copies of each digest among changes: how many, and the lowest and highest number. */
function byDigest(keys: readonly RowKey[]) {
  const groups = new Map<string, { count: number; first: number; last: number }>();
  for (const [digest = '', n] of keys) {
    const at = Number(n);
    const g = groups.get(digest) ?? { count: 0, first: at, last: at };
    groups.set(digest, { count: g.count + 1, first: Math.min(g.first, at), last: Math.max(g.last, at) });
  }
  return groups;
}

/** How many copies of each the session's side has now. */
async function copiesNow(
  session: Session,
  plan: TablePlan,
  keys: readonly RowKey[],
): Promise<ReadonlyMap<string, number>> {
  if (keys.length === 0) return new Map();
  const { side } = session;
  const rows = await session.query(
    `select ${hex('z.v')}, count(*) from (select ${digestOf(plan, side)} as v from ${tableSql(plan, side)} t offset 0) z
     where z.v = any($1::bytea[]) group by z.v`,
    [digests(keys)],
  );
  return new Map(rows.map(([v, n]) => [v ?? '', Number(n)]));
}

function moving(plan: TablePlan, rows: number): SyncError {
  const table = relationText(plan.target);
  return new SyncError('target_moving', `${rows} rows of ${table} were not as expected when they were written.`, {
    facts: { table, rows },
  });
}

function interfered(plan: TablePlan, rows: number): SyncError {
  const table = relationText(plan.target);
  return new SyncError(
    'trigger_interfered',
    `The target changed or dropped ${rows} rows of ${table} while they were written.`,
    {
      facts: { table, rows },
    },
  );
}

type Insert = Change & { readonly kind: 'insert' };

async function insertCopies(session: Session, plan: TablePlan, changes: readonly Insert[]): Promise<number> {
  if (changes.length === 0) return 0;
  const rows = changes.map((c) => c.row);
  const keys = rows.map((r) => r.key);
  const now = await copiesNow(session, plan, keys);
  const beyond = [...byDigest(keys)].filter(([v, g]) => (now.get(v) ?? 0) + g.count > g.last);
  if (beyond.length > 0) throw moving(plan, beyond.length); // somebody has added copies since
  const columns = writtenColumns(plan);
  const source = rowList(plan, rows);
  const written = await session.query(
    `with s as materialized (${source.sql})
     insert into ${relation(plan.target)} as t (${columns.map((c) => ident(c.name)).join(', ')}) overriding system value
     select ${columns.map((c) => `s.${position(plan, c.name)}`).join(', ')} from s order by s.n returning ${hex(digestOf(plan, 'target'))}`,
    source.values,
  );
  const meant = new Map(changes.map((c) => [c.row.key[0] ?? '', c.partly === true]));
  const partly = changes.some((c) => c.partly);
  const other = written.filter((r) => !partly && !meant.has(r[0] ?? '')).length + changes.length - written.length;
  if (other > 0) throw interfered(plan, other);
  return written.length;
}

/** Deletes exactly as many copies of each as are surplus, by the place of rows compared in the same statement. */
async function removeCopies(session: Session, plan: TablePlan, keys: readonly RowKey[]): Promise<number> {
  if (keys.length === 0) return 0;
  const groups = byDigest(keys);
  const now = await copiesNow(session, plan, keys);
  const gone = [...groups].filter(([v, g]) => (now.get(v) ?? 0) - g.count < g.first - 1);
  if (gone.length > 0) throw moving(plan, gone.length); // somebody has removed copies since
  const digest = digestOf(plan, 'target');
  const table = tableSql(plan, 'target');
  await refuseCascades(session, plan, {
    rows: `${table} t`,
    where: `${digest} = any($1::bytea[])`,
    own: 'false',
    values: [digests(keys)],
  });
  const deleted = await session.query(
    `with w as materialized (select u.v, u.copies from unnest($1::bytea[], $2::int8[]) u(v, copies)),
          z as materialized (select t.tableoid as k1, t.ctid as k2, ${digest} as v from ${table} t),
          d as materialized (select z.k1, z.k2, z.v, row_number() over (partition by z.v) as n from z where z.v = any($1::bytea[]))
     delete from ${table} t using d join w on w.v = d.v
     where d.n <= w.copies and t.ctid = d.k2 and t.tableoid = d.k1 returning 1`,
    [[...groups.keys()].map((v) => `\\x${v}`), [...groups.values()].map((g) => g.count)],
  );
  if (deleted.length === keys.length) return deleted.length;
  const left = [...(await copiesNow(session, plan, keys)).values()].reduce((a, b) => a + b, 0);
  const before = [...now.values()].reduce((a, b) => a + b, 0);
  const missed = keys.length - deleted.length;
  throw left === before - deleted.length ? interfered(plan, missed) : moving(plan, missed);
}

/**
 * Applies changes of a keyless table. Each is made only if it brings the number of copies nearer to what was decided, never
 * past it: what somebody else added or removed since is looked at again. Throws like `applyChanges`.
 *
 * Two writers that add the same row at the same instant cannot see each other; nothing in a table without a key could make
 * them. The final comparison then finds the surplus.
 */
export async function applyCopies(
  session: Session,
  plan: TablePlan,
  changes: readonly Change[],
): Promise<Omit<Applied, 'quarantined'>> {
  const gone = changes.flatMap((c) => (c.kind === 'delete' ? [c.key] : []));
  const deleted = await removeCopies(session, plan, gone);
  const inserted = await insertCopies(
    session,
    plan,
    changes.filter((c): c is Insert => c.kind === 'insert'),
  );
  return { inserted, updated: 0, deleted };
}
