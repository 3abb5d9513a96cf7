import type { RelationName } from '../model/table.ts';
import type { EarlierShape, ShapeColumn, ShapePair, ShapePart, TableShape } from '../model/table-shape.ts';
import type { Session, TextRow } from './session.ts';

/** The tables asked for, by their place in the question. */
const ASKED = `
  with asked as (
    select a.n, c.oid from unnest($1::text[], $2::text[]) with ordinality a(nsp, rel, n)
    join pg_namespace s on s.nspname = a.nsp join pg_class c on c.relnamespace = s.oid and c.relname = a.rel)`;

/** A default that feeds from a sequence names it; that is the same on both sides where the names are. */
const COLUMNS = `${ASKED}
  select asked.n, a.attname, format_type(a.atttypid, a.atttypmod), (a.attnotnull or t.typnotnull)::text,
         coalesce(pg_get_expr(d.adbin, d.adrelid), t.typdefault), (a.attgenerated <> '')::text, a.attidentity::text,
         (select format('%I.%I', cn.nspname, co.collname) from pg_collation co join pg_namespace cn on cn.oid = co.collnamespace
          where co.oid = a.attcollation and a.attcollation <> t.typcollation),
         (select json_agg(e.enumlabel order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid)::text,
         case when t.typtype = 'd' then
           (select coalesce(json_agg(pg_get_constraintdef(k.oid) order by pg_get_constraintdef(k.oid)), '[]') from pg_constraint k
            where k.contypid = t.oid and k.contype = 'c') end::text
  from asked join pg_attribute a on a.attrelid = asked.oid and a.attnum > 0 and not a.attisdropped
  join pg_type t on t.oid = a.atttypid
  left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  order by asked.n, a.attnum`;

/** Constraints of a server of version 18 name NOT NULL too; the columns say that. */
const PARTS = `${ASKED}
  select * from (
    select asked.n, case k.contype when 'p' then 'primary_key' when 'u' then 'unique' when 'f' then 'foreign_key' when 'c' then 'check'
             else 'exclusion' end as kind, k.conname::text as name, pg_get_constraintdef(k.oid) as definition
    from asked join pg_constraint k on k.conrelid = asked.oid where k.contype in ('p', 'u', 'f', 'c', 'x')
    union all
    select asked.n, 'index', x.relname::text, regexp_replace(pg_get_indexdef(i.indexrelid), '^CREATE (UNIQUE )?INDEX \\S+ ON (ONLY )?\\S+ ', '\\1')
    from asked join pg_index i on i.indrelid = asked.oid join pg_class x on x.oid = i.indexrelid
    where not exists (select from pg_constraint k where k.conindid = i.indexrelid and k.conrelid = asked.oid)
    union all
    select asked.n, 'trigger', g.tgname::text,
           regexp_replace(pg_get_triggerdef(g.oid), '^CREATE (CONSTRAINT )?TRIGGER \\S+ ', '') || case when g.tgenabled = 'D' then ' (disabled)' else '' end
    from asked join pg_trigger g on g.tgrelid = asked.oid where not g.tgisinternal) p
  order by n, kind, name`;

function columnOf(row: TextRow): ShapeColumn {
  const [, name, declared, notNull, fallback, generated, identity, collation, labels, domain] = row;
  return {
    name: name ?? '',
    declared: declared ?? '',
    not_null: notNull === 'true',
    ...(fallback && { default: fallback }),
    ...(generated === 'true' && { generated: true as const }),
    ...(identity && { identity: identity === 'a' ? ('always' as const) : ('by default' as const) }),
    ...(collation && { collation }),
    ...(labels && { labels: JSON.parse(labels) as string[] }), // built by json_agg
    ...(domain && { domain: JSON.parse(domain) as string[] }),
  };
}

const partOf = ([, kind, name, definition]: TextRow): ShapePart => ({
  kind: kind as ShapePart['kind'], // the query says one of them
  name: name ?? '',
  definition: definition ?? '',
});

/** Tables as this side declares them, in the order asked; one that is not there has no columns. Two catalog queries. */
export async function tableShapes(session: Session, tables: readonly RelationName[]): Promise<readonly TableShape[]> {
  const values = [tables.map((t) => t.schema), tables.map((t) => t.name)];
  const columns = Map.groupBy(await session.query(COLUMNS, values), (r) => Number(r[0]));
  const parts = Map.groupBy(await session.query(PARTS, values), (r) => Number(r[0]));
  return tables.map((_, i) => ({
    columns: (columns.get(i + 1) ?? []).map(columnOf),
    parts: (parts.get(i + 1) ?? []).map(partOf),
  }));
}

/**
 * Keeps what tables of a pair look like to a job; answers what they looked like to the job before. A job that asks again gets
 * the same answer, because it replaces only what another job has kept.
 */
export async function keepShapes(
  session: Session,
  { pair, jobId }: { readonly pair: string; readonly jobId: string },
  shapes: readonly { readonly table: RelationName; readonly shape: ShapePair }[],
): Promise<readonly (EarlierShape | undefined)[]> {
  const values = [pair, jobId, shapes.map((s) => s.table.schema), shapes.map((s) => s.table.name)];
  await session.query(
    `insert into tf_sync.table_shape as t (pair, table_schema, table_name, job_id, shape)
     select $1, u.s, u.n, $2::uuid, u.d::jsonb from unnest($3::text[], $4::text[], $5::text[]) u(s, n, d)
     on conflict (pair, table_schema, table_name) do update set
       earlier_job = case when t.job_id = excluded.job_id then t.earlier_job else t.job_id end,
       earlier = case when t.job_id = excluded.job_id then t.earlier else t.shape end,
       job_id = excluded.job_id, shape = excluded.shape`,
    [...values, shapes.map((s) => JSON.stringify(s.shape))],
  );
  const rows = await session.query(
    `select t.earlier_job::text, t.earlier::text
     from unnest($3::text[], $4::text[]) with ordinality u(s, n, i)
     join tf_sync.table_shape t on (t.pair, t.table_schema, t.table_name, t.job_id) = ($1, u.s, u.n, $2::uuid)
     order by u.i`,
    values,
  );
  return rows.map(earlierOf);
}

const earlierOf = ([job, shape]: TextRow): EarlierShape | undefined =>
  job && shape ? { jobId: job, shape: JSON.parse(shape) as ShapePair } : undefined; // keepShapes wrote it

/** What the last job that looked has kept, in the order asked. */
export async function lastShapes(
  session: Session,
  pair: string,
  tables: readonly RelationName[],
): Promise<readonly (EarlierShape | undefined)[]> {
  const rows = await session.query(
    `select t.job_id::text, t.shape::text
     from unnest($2::text[], $3::text[]) with ordinality u(s, n, i)
     left join tf_sync.table_shape t on (t.pair, t.table_schema, t.table_name) = ($1, u.s, u.n)
     order by u.i`,
    [pair, tables.map((t) => t.schema), tables.map((t) => t.name)],
  );
  return rows.map(earlierOf);
}
