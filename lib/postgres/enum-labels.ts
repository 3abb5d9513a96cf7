import type { TypeName } from '../model/conflict.ts';
import type { Session } from './session.ts';

/** Labels of enums in their order, in the order of the types asked for; none of one that is no enum here. One catalog query. */
export async function enumLabels(
  session: Session,
  types: readonly TypeName[],
): Promise<readonly (readonly string[])[]> {
  const rows = await session.query(
    `select pg_catalog.json_agg(e.enumlabel order by e.enumsortorder) filter (where e.enumlabel is not null)::text
     from unnest($1::text[], $2::text[]) with ordinality u(nsp, typ, n)
     left join pg_namespace s on s.nspname = u.nsp
     left join pg_type t on t.typnamespace = s.oid and t.typname = u.typ
     left join pg_enum e on e.enumtypid = t.oid
     group by u.n order by u.n`,
    [types.map((t) => t.schema), types.map((t) => t.name)],
  );
  return rows.map(([labels]) => (labels ? (JSON.parse(labels) as string[]) : [])); // built by json_agg
}
