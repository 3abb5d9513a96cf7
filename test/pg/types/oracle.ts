import { dataTypeOf } from '../../../lib/data-types/registry.ts';
import type { PlannedColumn } from '../../../lib/model/table.ts';
import { rowFingerprint } from '../../../lib/postgres/fingerprint.ts';
import { openSession, type Session } from '../../../lib/postgres/session.ts';
import type { TestDatabase } from '../../support/databases.ts';
import { ON_ONE_MACHINE } from '../../support/rules.ts';

/** What a family's handler is measured by. */
export interface Family {
  /** A type as SQL spells it, schema and modifier included. */
  readonly type: string;
  /** SQL of equality of `x` and `y`, both not null, that shares nothing with the handler. Default: PostgreSQL's `=`. */
  readonly equality?: string;
}

/** Bit for bit, as PostgreSQL's own materialized view refresh compares. */
export const EXACT = 'pg_catalog.record_image_eq(row(x), row(y))';

/** Pairs of values that were looked at, and those the handler judges unlike PostgreSQL. */
export interface Verdict {
  readonly equal: number;
  readonly different: number;
  readonly wrong: readonly string[];
}

/** A session with the settings that the product pins. */
export function pinnedSession(database: TestDatabase): Promise<Session> {
  return openSession(database.connection, {
    side: 'target',
    applicationName: 'oracle',
    rules: ON_ONE_MACHINE,
    statementTimeoutMs: 0,
  });
}

const rows = new Map<string, PlannedColumn>();

/** The column `x` of a type, as introspection would describe it. */
export async function columnOf(session: Session, type: string): Promise<PlannedColumn> {
  const known = rows.get(type);
  if (known) return known;
  const [row] = await session.query(
    `select n.nspname, t.typname, t.typtype::text, bn.nspname, b.typname, b.typtype::text
     from pg_type t join pg_namespace n on n.oid = t.typnamespace
     join pg_type b on b.oid = case when t.typtype = 'd' then t.typbasetype else t.oid end
     join pg_namespace bn on bn.oid = b.typnamespace where t.oid = pg_catalog.to_regtype($1)`,
    [type],
  );
  const [schema = '', name = '', kind = '', ...base] = (row ?? []) as string[]; // no column of the query is null
  const column = {
    name: 'x',
    type: { schema, name, kind, base: { schema: base[0] ?? '', name: base[1] ?? '', kind: base[2] ?? '' } },
  };
  rows.set(type, column);
  return column;
}

/**
 * Compares every value with every other, once by PostgreSQL and once by fast fingerprint, portable fingerprint and canonical
 * text. One query; `null` is a value like any other.
 */
export async function judge(session: Session, family: Family, values: readonly (string | null)[]): Promise<Verdict> {
  const column = await columnOf(session, family.type);
  const sql = { value: () => 't.x', declaredType: () => column.type };
  const fingerprint = (form: 'fast' | 'portable') => {
    const [h1, h2] = rowFingerprint(form, [column], sql);
    return `pg_catalog.concat(${h1}, ':', ${h2})`;
  };
  const canonical = dataTypeOf(column.type).canonical('t.x', column.type.base);
  const found = await session.query(
    `with v as materialized (
       select n, s, x, ${fingerprint('fast')} as fast, ${fingerprint('portable')} as portable, (${canonical})::text as canonical
       from (select n, s, s::${family.type} as x from unnest($1::text[]) with ordinality u(s, n) offset 0) t),
     pairs as (
       select v.s as a, w.s as b, same,
         concat_ws(', ', case when (v.fast = w.fast) <> same then 'fast' end,
           case when (v.portable = w.portable) <> same then 'portable' end,
           case when (v.canonical is not distinct from w.canonical) <> same then 'canonical' end) as wrong
       from v join v w on v.n < w.n,
       lateral (select case when num_nulls(v.x, w.x) > 0 then num_nulls(v.x, w.x) = 2 else (${family.equality ?? 'x = y'}) end
                from (select v.x, w.x) e(x, y)) o(same))
     select count(*) filter (where same), count(*) filter (where not same),
       coalesce(json_agg(json_build_array(a, b, same, wrong)) filter (where wrong <> ''), '[]')::text from pairs`,
    [values],
  );
  const [equal, different, wrong] = found[0] ?? [];
  return {
    equal: Number(equal),
    different: Number(different),
    wrong: (JSON.parse(wrong ?? '[]') as [string, string, boolean, string][]).map(
      ([a, b, same, by]) => `${family.type}: ${a} ${same ? 'equals' : 'is not'} ${b}, not so by ${by}`,
    ),
  };
}
