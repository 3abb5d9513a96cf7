import type { FetchedRows, RowImage, RowKey } from '../model/change.ts';
import { SyncError } from '../model/errors.ts';
import { LARGEST_ROW_BYTES, STREAMED_ROW_BYTES } from '../model/limits.ts';
import { type KeyedPrint, printOf } from '../model/print.ts';
import type { RowCode } from '../model/row-code.ts';
import { relationText, type TablePlan } from '../model/table.ts';
import { columnSql, markSql, rowSql, tableSql } from './columns.ts';
import { rowFingerprint } from './fingerprint.ts';
import { keyArrays, keyList, keyMatch, keyTexts } from './keys.ts';
import { clockSql, printSql, printText } from './print.ts';
import { rowTextBytes } from './row-size.ts';
import { ofProject } from './scope-sql.ts';
import type { Session, TextRow } from './session.ts';
import { byKey } from './sql.ts';

/**
 * The statement: per key that has a row its position, the row's bytes, and, where they fit, fingerprint, key and values.
 *
 * Sizes first, so that the server sends no row that the caller could not hold. What stands behind a row that is streamed is
 * not sent, because that row goes alone.
 */
function sizedRows(plan: TablePlan, session: Session, maxBytes: number, within: string): string {
  const { side } = session;
  const columns = columnSql(side, 't');
  const position = new Map(plan.columns.map((c, i) => [c.name, `q.c${i + 1}`]));
  const value = (c: { readonly name: string }) => position.get(c.name) ?? 'null';
  const hashes = rowFingerprint(plan.fingerprint, plan.columns, { ...columns, value });
  const fetched = plan.columns.map((c, i) => `${columns.value(c)} as c${i + 1}`);
  const keys = keyTexts(plan, side).map((k, i) => `${k} as k${i + 1}`);
  const keyNames = plan.key.map((_, i) => `q.k${i + 1}`);
  const sent = plan.columns.map((c) => `case when q.fits then ${value(c)} end`);
  const weight = `case when s.f is not null then 0 when b > ${LARGEST_ROW_BYTES} then 0 when b > ${STREAMED_ROW_BYTES} then ${maxBytes + 1} else b end`;
  const largest = (sql: string) => `case when q.b <= ${LARGEST_ROW_BYTES} then ${sql} end`;
  const print = plan.conflicts
    ? largest(printText(printSql(plan.fingerprint, plan.columns, { ...columns, value })))
    : 'null';
  return `select q.n, q.b, q.fits, q.f, ${print}, ${clockSql(plan, value)}, ${hashes.map((h) => `case when q.b <= ${LARGEST_ROW_BYTES} then ${h} end`).join(', ')}, ${keyNames.join(', ')}, ${sent.join(', ')}
    from (select s.*, s.f is null and s.b <= ${STREAMED_ROW_BYTES} and sum(${weight}) over (order by s.n) <= ${maxBytes} as fits
          from (select k.n, ${markSql(plan, side, 't')} as f, ${rowTextBytes(plan.columns, columns.value)} as b, ${keys.join(', ')}, ${fetched.join(', ')}
                from ${keyList(plan, side, 1)} join ${tableSql(plan, side)} t on ${keyMatch(plan, 't', 'k')} where ${within} offset 0) s offset 0) q
    order by q.n`;
}

/** What a mark says. Throws `rule_stopped` where the row may not even be put aside. */
export function failureOf(
  { select, target }: TablePlan,
  mark: string,
): { readonly code: RowCode; readonly object: string } {
  const found = select?.fallible[Number(mark) - 1];
  if (!found) throw new TypeError('a row has a mark that the plan does not know');
  if (found.code === 'rule_stopped')
    throw new SyncError('rule_stopped', `A row of ${relationText(target)} does not pass ${found.column}.`);
  return { code: found.code, object: found.column };
}

/** Where the batch ends: before the first row that was not sent; a row that is streamed is a batch of its own. */
function batchOf(plan: TablePlan, rows: readonly TextRow[], asked: number): FetchedRows {
  const width = plan.key.length;
  const fit: RowImage[] = [];
  const tooLarge: RowKey[] = [];
  const failed: FetchedRows['failed'][number][] = [];
  for (const [n, bytes, fits, mark, print, clock, h1, h2, ...rest] of rows) {
    const key = rest.slice(0, width) as string[]; // key columns are not null
    const seen = { ...(print != null && { fields: printOf(print).fields }), ...(clock != null && { clock }) };
    const image = { key, fingerprint: `${h1}:${h2}`, ...seen };
    const before = { rows: fit, tooLarge, failed, covered: Number(n) - 1 };
    if (mark != null) failed.push({ key, ...failureOf(plan, mark) });
    else if (Number(bytes) > LARGEST_ROW_BYTES) tooLarge.push(key);
    else if (fits === 't') fit.push({ ...image, values: rest.slice(width) });
    else if (fit.length > 0 || Number(bytes) <= STREAMED_ROW_BYTES) return before;
    else return { rows: [{ ...image, values: [], streamed: true }], tooLarge, failed, covered: Number(n) };
  }
  return { rows: fit, tooLarge, failed, covered: asked };
}

/** Rows of these keys in their order, as many from the first on as `maxBytes` of text hold. */
export async function fetchRows(
  session: Session,
  plan: TablePlan,
  keys: readonly RowKey[],
  maxBytes: number,
): Promise<FetchedRows> {
  if (keys.length === 0) return { rows: [], tooLarge: [], failed: [], covered: 0 };
  const values: unknown[] = [...keyArrays(plan, keys)];
  const text = sizedRows(plan, session, maxBytes, ofProject(plan, session.side, 't', values));
  const rows = await session.transaction(() => session.query(text, values), byKey(plan, session.side));
  return batchOf(plan, rows, keys.length);
}

/** Prints of the rows of these keys that exist, filtered or not; of a source within its project. */
export async function fetchPrints(
  session: Session,
  plan: TablePlan,
  keys: readonly RowKey[],
): Promise<readonly KeyedPrint[]> {
  if (keys.length === 0) return [];
  const { side } = session;
  const columns = rowSql(plan, side, 't');
  const print = printText(printSql(plan.fingerprint, plan.columns, columns));
  const values: unknown[] = [...keyArrays(plan, keys)];
  const within = ofProject(plan, side, 't', values);
  const text = `select ${print}, ${clockSql(plan, columns.value)}, ${keyTexts(plan, side).join(', ')}
    from ${keyList(plan, side, 1)} join ${tableSql(plan, side)} t on ${keyMatch(plan, 't', 'k')} where ${within}`;
  const rows = await session.transaction(() => session.query(text, values), byKey(plan, side));
  return rows.map(([hex, clock, ...key]) => ({
    ...printOf(hex ?? ''),
    key: key as string[], // key columns are not null
    ...(clock != null && { clock }),
  }));
}
