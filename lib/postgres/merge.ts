import { SyncError } from '../model/errors.ts';
import type { FieldChoice, MergedRow, MergeRow } from '../model/merge.ts';
import { printOf } from '../model/print.ts';
import type { TablePlan } from '../model/table.ts';
import { columnSql, fromText } from './columns.ts';
import { printSql, printText } from './print.ts';
import type { Session } from './session.ts';
import { textArray } from './text-array.ts';

/** SQL of a value that is made of both; `s`, `t`, `b` are SQL of the values of source, target and base in the column's type. */
const MADE: Readonly<Record<Exclude<FieldChoice, 'source' | 'target'>, (s: string, t: string, b: string) => string>> = {
  max: (s, t) => `greatest(${s}, ${t})`,
  min: (s, t) => `least(${s}, ${t})`,
  sum: (s, t, b) => `coalesce(${t}, 0) + (coalesce(${s}, 0) - coalesce(${b}, 0))`,
  // with its parameters in a row of their own, so that each is cast once
  concat: (s, t) => `(select case when p.s is null then p.t when p.t is null then p.s else p.t || array(
      select e.v from unnest(p.s) with ordinality e(v, o) where not exists (select from unnest(p.t) h(v) where h.v is not distinct from e.v) order by e.o) end
    from (select ${s} as s, ${t} as t offset 0) p)`,
};

type Made = keyof typeof MADE;

const choiceAt = (row: MergeRow, i: number): FieldChoice => row.fields.get(i) ?? 'target';

/** The statement: typed rows `c1, ..., n` of the merge, with print and texts. */
function merging(plan: TablePlan, rows: readonly MergeRow[]) {
  const values: Buffer[] = [];
  const array = (texts: readonly (string | null)[]) => `n.p${values.push(textArray(texts))}`;
  const columns = plan.columns.map((c, i) => {
    const plain = rows.map((r) => (choiceAt(r, i) === 'source' ? r.source : r.target)[i] ?? null);
    const base = fromText(c.type, array(plain));
    const used = new Set(rows.map((r) => choiceAt(r, i)).filter((m): m is Made => m in MADE));
    if (used.size === 0) return `${base} as c${i + 1}`;
    const how = array(rows.map((r) => choiceAt(r, i)));
    const [s, t, b] = [
      rows.map((r) => r.source[i] ?? null),
      rows.map((r) => r.target[i] ?? null),
      rows.map((r) => r.image?.[c.name] ?? null),
    ].map((texts) => fromText(c.type, array(texts))) as [string, string, string]; // three of them
    const cases = [...used].map((made) => `when '${made}' then (${MADE[made](s, t, b)})`);
    return `(case ${how} ${cases.join(' ')} else ${base} end) as c${i + 1}`;
  });
  const position = new Map(plan.columns.map((c, i) => [c.name, `q.c${i + 1}`]));
  const value = (c: { readonly name: string }) => position.get(c.name) ?? 'null';
  const print = printText(printSql(plan.fingerprint, plan.columns, { ...columnSql('target', 'q'), value }));
  const sql = `select ${print}, ${plan.columns.map((_, i) => `q.c${i + 1}`).join(', ')}
    from (select n.n, ${columns.join(', ')} from unnest(${values.map((_, i) => `$${i + 1}::text[]`).join(', ')}) with ordinality n(${values.map((_, i) => `p${i + 1}`).join(', ')}, n) offset 0) q order by q.n`;
  return { sql, values };
}

/** Data exceptions, what a domain refuses, and operators that a type does not have: they speak of the values, not of the server. */
const OF_THE_VALUES = /^(22|23502|23514|42883|42804|42725)/;

/**
 * The rows that merges come to, computed by the target in its own types; of one whose values do not go together the SQLSTATE.
 * Writes nothing. Cost: one statement, or one for each row where one of them fails.
 */
export async function mergeRows(
  session: Session,
  plan: TablePlan,
  rows: readonly MergeRow[],
): Promise<readonly MergedRow[]> {
  if (rows.length === 0) return [];
  const { sql, values } = merging(plan, rows);
  try {
    const found = await session.query(sql, values);
    return found.map(([hex, ...texts], i) => {
      const print = printOf(hex ?? '');
      return { row: { key: rows[i]?.key ?? [], fingerprint: print.row, fields: print.fields, values: texts } };
    });
  } catch (error) {
    const sqlstate = error instanceof SyncError ? String(error.facts.sqlstate ?? '') : '';
    if (!OF_THE_VALUES.test(sqlstate)) throw error;
    if (rows.length === 1) return [{ refused: sqlstate }];
    const all: MergedRow[] = [];
    for (const row of rows) all.push(...(await mergeRows(session, plan, [row])));
    return all;
  }
}
