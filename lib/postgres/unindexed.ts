import type { ReferringColumns, Unindexed } from '../model/project.ts';
import type { Session } from './session.ts';

/**
 * Whether an index finds rows by exactly these columns: they lead it, in any order. One over the rows where a single column is
 * not null finds whatever refers to something. Of a partitioned table each partition needs one.
 */
const UNINDEXED = `
  with asked as (
    select k.ord, c.oid, c.relkind, k.columns::pg_catalog.json as columns
    from unnest($1::pg_catalog.text[], $2::pg_catalog.text[], $3::pg_catalog.text[]) with ordinality k(schema, name, columns, ord)
    join pg_catalog.pg_namespace n on n.nspname = k.schema
    join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = k.name),
  wanted as (
    select a.ord, a.oid, a.relkind, pg_catalog.array_agg(e.name order by e.name collate "C") as names
    from asked a cross join lateral pg_catalog.json_array_elements_text(a.columns) e(name) group by a.ord, a.oid, a.relkind),
  parts as (
    select w.ord, w.names, w.oid from wanted w where w.relkind <> 'p'
    union all
    select w.ord, w.names, t.relid::pg_catalog.oid from wanted w cross join lateral pg_catalog.pg_partition_tree(w.oid::pg_catalog.regclass) t
    join pg_catalog.pg_class c on c.oid = t.relid and c.relkind = 'r' where w.relkind = 'p' and t.isleaf),
  looked as (
    select p.ord, greatest(c.reltuples, 0) as rows, exists (
      select from pg_catalog.pg_index i
      join pg_catalog.pg_class x on x.oid = i.indexrelid
      join pg_catalog.pg_am m on m.oid = x.relam and m.amname in ('btree', 'hash')
      where i.indrelid = p.oid and i.indisvalid
        and (i.indpred is null or pg_catalog.cardinality(p.names) = 1
             and pg_catalog.pg_get_expr(i.indpred, i.indrelid) = pg_catalog.format('(%I IS NOT NULL)', p.names[1]))
        and p.names = (
          select pg_catalog.array_agg(a.attname::pg_catalog.text order by a.attname::pg_catalog.text collate "C")
          from pg_catalog.unnest(i.indkey::pg_catalog.int2[]) with ordinality k(num, pos)
          join pg_catalog.pg_attribute a on a.attrelid = p.oid and a.attnum = k.num
          where k.pos <= pg_catalog.cardinality(p.names))) as found
    from parts p join pg_catalog.pg_class c on c.oid = p.oid)
  select (l.ord - 1)::pg_catalog.text, pg_catalog.round(pg_catalog.sum(l.rows))::pg_catalog.int8::pg_catalog.text
  from looked l group by l.ord having not pg_catalog.bool_and(l.found) order by l.ord`;

/** Those of the columns by which no index finds rows, with how many rows the server believes their table to have. */
export async function unindexed(session: Session, asked: readonly ReferringColumns[]): Promise<readonly Unindexed[]> {
  if (asked.length === 0) return [];
  const rows = await session.query(UNINDEXED, [
    asked.map((a) => a.relation.schema),
    asked.map((a) => a.relation.name),
    asked.map((a) => JSON.stringify(a.columns)),
  ]);
  return rows.map(([at, estimate]) => ({ at: Number(at), rows: Number(estimate) }));
}
