import type { BucketRun, KeyedFingerprint, RowKey, StampedRow } from '../model/change.ts';
import type { Position } from '../model/checkpoint.ts';
import type { Segment, StampType, TablePlan, Window } from '../model/table.ts';
import type { RowReader, WindowReader } from '../ports.ts';
import { bucketExpression, keyColumns, segmentCondition, unfiltered } from './buckets.ts';
import { columnSql, rowSql, tableSql, typeSql } from './columns.ts';
import { rowFingerprint } from './fingerprint.ts';
import { keyArrays, keyList, keyMatch, keyTexts } from './keys.ts';
import { segmentReader } from './reader.ts';
import { descendedKeys } from './scope-rows.ts';
import { ofProject } from './scope-sql.ts';
import type { Session, TextRow } from './session.ts';
import { byKey, ident } from './sql.ts';
import { waitingKeys } from './waiting-keys.ts';

/** SQL of an instant (an SQL expression of type text, ISO 8601) as a value of the update column's type. */
function instant(type: StampType, text: string): string {
  const at = `${text}::pg_catalog.timestamptz`;
  if (type === 'timestamptz') return at;
  return type === 'timestamp' ? `(${at} at time zone 'UTC')` : `(${at} at time zone 'UTC')::pg_catalog.date`;
}

type Place = (value: unknown) => string;

/** Conditions of both parts of a window on the update column of `t`. Every row meets one of them, or is older. */
export function partCondition(w: Window, part: 'window' | 'rest', place: Place): string {
  const stamp = `t.${ident(w.column)}`;
  const through = instant(w.type, `${place(w.through)}::text`);
  // three conditions that an index of the column answers
  if (part === 'rest') return `(${stamp} is null or ${stamp} > ${through} or ${stamp} = '-infinity')`;
  return `(${stamp} >= ${instant(w.type, `${place(w.after)}::text`)} and ${stamp} <= ${through})`;
}

/** The columns that order a part, as (column, type) in SQL. */
function orderOf(plan: TablePlan, w: Window, part: 'window' | 'rest'): readonly (readonly [string, string])[] {
  const { declaredType } = columnSql('source', 't');
  const key = keyColumns(plan).map((c) => [`t.${ident(c.name)}`, typeSql(declaredType(c))] as const);
  return part === 'window' ? [[`t.${ident(w.column)}`, `pg_catalog.${w.type}`], ...key] : key;
}

/** Behind a position, in the order of its part. */
function behind(order: readonly (readonly [string, string])[], at: Position, place: Place): string {
  if (!at.key) return 'true';
  const values = at.part === 'window' ? [at.stamp ?? '', ...at.key] : at.key;
  const columns = order.map(([column]) => column).join(', ');
  const point = order.map(([, type], i) => `${place(values[i])}::text::${type}`).join(', ');
  return `(${columns}) > (${point})`;
}

const multirange = (runs: readonly BucketRun[]) => `{${runs.map(([a, b]) => `[${a},${b}]`).join(',')}}`;

const keyedFingerprint = ([b, h1, h2, ...key]: TextRow): KeyedFingerprint => ({
  bucket: Number(b),
  key: key as string[], // key columns are not null
  fingerprint: `${h1}:${h2}`,
});

/** What a look at a window needs of a side: pages of the source, look-ups by key in the target. */
function windowReader(session: Session, plan: TablePlan, segment: Segment): WindowReader {
  const { side } = session;
  const [h1, h2] = rowFingerprint(plan.fingerprint, plan.columns, rowSql(plan, side, 't'));
  const keys = keyTexts(plan, side).join(', ');
  return {
    waiting: (changes, after, limit) => waitingKeys(session, changes, after, limit),
    async placed(wanted, runs) {
      if (wanted.length === 0) return [];
      const values: unknown[] = [...keyArrays(plan, wanted)];
      const place: Place = (value) => `$${values.push(value)}`;
      const bucket = bucketExpression(plan, segment.buckets, side, 't');
      const within = segmentCondition(unfiltered(plan), segment, side, 't', place).sql;
      // under their own names, so that the expressions that read the table read these keys
      const named = plan.key.map((name, i) => `k.k${i + 1} as ${ident(name)}`).join(', ');
      const inRuns = runs ? ` and ${place(multirange(runs))}::pg_catalog.int8multirange @> (${bucket})` : '';
      const rows = await session.query(
        `select ${bucket}, ${keys} from ${keyList(plan, side, 1)} cross join lateral (select ${named}) t where ${within}${inRuns}`,
        values,
      );
      return rows.map(([b, ...key]) => ({ bucket: Number(b), key: key as string[] })); // key columns are not null
    },
    async present(wanted) {
      if (wanted.length === 0) return [];
      const values: unknown[] = [...keyArrays(plan, wanted)];
      const place: Place = (value) => `$${values.push(value)}`;
      const bucket = bucketExpression(plan, segment.buckets, side, 't');
      const within = segmentCondition(plan, segment, side, 't', place).sql;
      const text = `select ${bucket}, ${h1}, ${h2}, ${keys} from ${keyList(plan, side, 1)} join ${tableSql(plan, side)} t on ${keyMatch(plan, 't', 'k')} where ${within}`;
      const rows = await session.transaction(() => session.query(text, values), byKey(plan, side));
      return rows.map(keyedFingerprint);
    },
    keysOnly: () => tableReader(session, { ...plan, compares: 'key' }, segment),
    async page(w, at, limit, runs) {
      if (at.part === 'keys' || at.part === 'changes') throw new TypeError('keys alone have no pages here');
      const values: unknown[] = [];
      const place: Place = (value) => `$${values.push(value)}`;
      const bucket = bucketExpression(plan, segment.buckets, side, 't');
      const order = orderOf(plan, w, at.part);
      const by = order.map(([column]) => column).join(', ');
      const where = [
        segmentCondition(plan, segment, side, 't', place).sql,
        partCondition(w, at.part, place),
        behind(order, at, place),
        ...(runs ? [`${place(multirange(runs))}::pg_catalog.int8multirange @> (${bucket})`] : []),
      ];
      // fingerprints are computed for the rows of the page only
      const rows = await session.query(
        `select ${bucket}, ${h1}, ${h2}, t.${ident(w.column)}::pg_catalog.text, ${keys}
         from (select t.* from ${tableSql(plan, side)} t where ${where.join(' and ')} order by ${by} limit ${place(String(limit))}::int8) t
         order by ${by}`,
        values,
      );
      return rows.map(
        ([b, a1, a2, stamp, ...key]): StampedRow => ({
          bucket: Number(b),
          key: key as string[], // key columns are not null
          fingerprint: `${a1}:${a2}`,
          ...(at.part === 'window' && { stamp: stamp ?? '' }), // NULL is in the other part
        }),
      );
    },
    async inWindow(w, wanted) {
      if (wanted.length === 0) return [];
      const values: unknown[] = [...keyArrays(plan, wanted)];
      const place: Place = (value) => `$${values.push(value)}`;
      const within = `${partCondition(w, 'window', place)} or ${partCondition(w, 'rest', place)}`;
      const text = `select ${keys} from ${keyList(plan, side, 1)} join ${tableSql(plan, side)} t on ${keyMatch(plan, 't', 'k')} where ${within}`;
      return (await session.transaction(() => session.query(text, values), byKey(plan, side))) as readonly RowKey[]; // not null
    },
    async passing(wanted) {
      if (wanted.length === 0) return [];
      const values: unknown[] = [...keyArrays(plan, wanted)];
      const { sql } = segmentCondition(plan, {}, side, 't', (value) => `$${values.push(value)}`);
      const text = `select ${keys} from ${keyList(plan, side, 1)} join ${tableSql(plan, side)} t on ${keyMatch(plan, 't', 'k')} where ${sql}`;
      return (await session.transaction(() => session.query(text, values), byKey(plan, side))) as readonly RowKey[]; // not null
    },
    descended: (wanted) => descendedKeys(session, plan, wanted),
    async fingerprints(wanted) {
      if (wanted.length === 0) return [];
      const bucket = bucketExpression(plan, segment.buckets, side, 't');
      const values: unknown[] = [...keyArrays(plan, wanted)];
      const text = `select ${bucket}, ${h1}, ${h2}, ${keys} from ${keyList(plan, side, 1)} join ${tableSql(plan, side)} t on ${keyMatch(plan, 't', 'k')} where ${ofProject(plan, side, 't', values)}`;
      const rows = await session.transaction(() => session.query(text, values), byKey(plan, side));
      return rows.map(keyedFingerprint);
    },
  };
}

/** Everything that can be read of one side of a segment. */
export function tableReader(session: Session, plan: TablePlan, segment: Segment): RowReader {
  return { ...segmentReader(session, plan, segment), ...windowReader(session, plan, segment) };
}
