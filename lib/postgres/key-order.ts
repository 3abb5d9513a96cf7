import type { Side } from '../model/connection.ts';
import type { PlannedColumn, TablePlan } from '../model/table.ts';
import { keyColumns } from './buckets.ts';
import { catalogName } from './columns.ts';
import type { Session } from './session.ts';
import { ident, relation } from './sql.ts';

const INTEGERS = ['int2', 'int4', 'int8'];

/** Built-in types that every server orders alike. */
const FIXED_ORDER = [
  ...INTEGERS,
  ...['oid', 'numeric', 'float4', 'float8', 'uuid', 'bytea', 'bool', 'date', 'time', 'timestamp', 'timestamptz'],
];

/** Built-in types that are ordered by a collation. */
const COLLATED = ['text', 'varchar', 'bpchar', 'name'];

export const isInteger = ({ type }: PlannedColumn): boolean =>
  type.base.schema === 'pg_catalog' && INTEGERS.includes(type.base.name);

/** How a column's order is decided; undefined where the two sides need not agree. A cast may round, so it rules a column out. */
function orderOf(column: PlannedColumn): 'fixed' | 'collated' | undefined {
  const integers = isInteger(column) && INTEGERS.includes(column.source?.type.base.name ?? '');
  if (column.type.base.schema !== 'pg_catalog' || (column.source && !integers)) return undefined;
  if (FIXED_ORDER.includes(column.type.base.name)) return 'fixed';
  return COLLATED.includes(column.type.base.name) ? 'collated' : undefined;
}

/** What decides the order of text in one column, as the catalog has it. */
interface Collation {
  readonly provider: string;
  readonly locale: string | null;
  readonly rules: string | null;
  readonly deterministic: boolean;
  /** Of the library, when the objects were made and now; null where it has none. */
  readonly version: string | null;
  readonly actual: string | null;
  readonly encoding: string;
}

/**
 * A name for an order of text: equal names, equal orders. Undefined where it cannot be vouched for, such as a library that
 * was upgraded under its indexes.
 */
export function orderName(c: Collation): string | undefined {
  const bytes = c.provider === 'b' || (c.provider === 'c' && ['C', 'POSIX'].includes(c.locale ?? ''));
  if (bytes) return `bytes ${c.encoding}`;
  if (!c.locale || !c.actual || c.actual !== c.version) return undefined;
  return [c.provider, c.locale, c.rules ?? '', c.deterministic, c.actual, c.encoding].join(' ');
}

/** Collations of a table's columns by name; `default` is that of the database. Fields differ between major versions. */
async function collations(session: Session, plan: TablePlan, side: Side): Promise<ReadonlyMap<string, Collation>> {
  const rows = await session.query(
    `select a.attname,
       case when c.collprovider = 'd' then coalesce(d.j ->> 'datlocprovider', 'c') else c.collprovider::text end,
       case when c.collprovider <> 'd' then coalesce(to_jsonb(c) ->> 'colllocale', to_jsonb(c) ->> 'colliculocale', c.collcollate::text)
            when coalesce(d.j ->> 'datlocprovider', 'c') = 'c' then d.j ->> 'datcollate'
            else coalesce(d.j ->> 'datlocale', d.j ->> 'daticulocale') end,
       case when c.collprovider <> 'd' then to_jsonb(c) ->> 'collicurules' else d.j ->> 'daticurules' end,
       c.collisdeterministic::text,
       case when c.collprovider <> 'd' then c.collversion else d.j ->> 'datcollversion' end,
       c.collprovider = 'd', c.oid::text, d.j ->> 'encoding', d.j ->> 'oid'
     from pg_attribute a join pg_collation c on c.oid = a.attcollation
     cross join (select to_jsonb(x) || jsonb_build_object('oid', x.oid) j from pg_database x where x.datname = current_database()) d
     where a.attrelid = $1::regclass and a.attname = any($2) and not a.attisdropped`,
    [relation(plan[side]), plan.key.map((name) => catalogName(plan, side, name) ?? null)],
  );
  const [server] = await session.query(`select current_setting('server_version_num')`);
  const found = new Map<string, Collation>();
  for (const [
    name,
    provider,
    locale = null,
    rules = null,
    deterministic,
    version = null,
    isDefault,
    oid,
    encoding,
    db,
  ] of rows) {
    const own = isDefault !== 't';
    const known = own || Number(server?.[0]) >= 150_000;
    const [actual] = known
      ? await session.query(
          `select ${own ? 'pg_collation_actual_version' : 'pg_database_collation_actual_version'}($1::oid)`,
          [own ? oid : db],
        )
      : [];
    found.set(name ?? '', {
      provider: provider ?? '',
      locale,
      rules,
      deterministic: deterministic === 'true',
      version,
      actual: actual?.[0] ?? null,
      encoding: encoding ?? '',
    });
  }
  return found;
}

/**
 * Whether both sides order the keys of a table alike, so that a range of them means the same rows on both. Text depends on
 * the collation and its library's version. Cost: two catalog queries a side where a key column is text.
 */
export async function ordersAgree(source: Session, target: Session, plan: TablePlan): Promise<boolean> {
  const orders = keyColumns(plan).map(orderOf);
  if (orders.length === 0 || orders.includes(undefined)) return false;
  if (!orders.includes('collated')) return true;
  const [s, t] = await Promise.all([collations(source, plan, 'source'), collations(target, plan, 'target')]);
  return keyColumns(plan).every((column, i) => {
    if (orders[i] === 'fixed') return true;
    const of = (found: typeof s, side: Side) => found.get(catalogName(plan, side, column.name) ?? '');
    const [a, b] = [of(s, 'source'), of(t, 'target')];
    const name = a && orderName(a);
    return name !== undefined && b !== undefined && name === orderName(b);
  });
}

/** SQL of the key columns of `t` as they are declared: what an index can be over. */
export function declaredKey(plan: TablePlan): readonly string[] {
  return plan.key.map((name) => `t.${ident(name)}`);
}
