import type { RelationName } from '../model/table.ts';
import type { SequenceState } from '../ports.ts';
import type { Session } from './session.ts';
import { ident, relation } from './sql.ts';

/** Sequences owned by columns of a table (serial and identity), with the last number each gave. */
async function owned(session: Session, table: RelationName) {
  const rows = await session.query(
    `select a.attname, s.schemaname, s.sequencename, s.last_value::text, s.increment_by::text
     from pg_depend d
     join pg_class c on c.oid = d.objid and c.relkind = 'S'
     join pg_namespace n on n.oid = c.relnamespace
     join pg_sequences s on s.schemaname = n.nspname and s.sequencename = c.relname
     join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
     where d.classid = 'pg_class'::regclass and d.deptype in ('a', 'i') and d.refobjid = to_regclass($1)
     order by a.attnum`,
    [relation(table)],
  );
  return rows.map(([column, schema, name, last, increment]) => ({
    column: column ?? '',
    sequence: { schema: schema ?? '', name: name ?? '' },
    ...(last !== null && last !== undefined && { last }),
    ascending: !(increment ?? '1').startsWith('-'),
  }));
}

export async function sequenceStates(session: Session, table: RelationName): Promise<readonly SequenceState[]> {
  return (await owned(session, table)).map(({ column, last }) => ({ column, ...(last !== undefined && { last }) }));
}

/**
 * Raises each ascending sequence to the largest of: where it stands, where the source stands, what its column holds. So
 * that the next insert of the target's own users does not collide with a row that was copied. Never lowers one.
 */
export async function raiseSequences(
  session: Session,
  table: RelationName,
  atLeast: readonly SequenceState[],
): Promise<void> {
  for (const s of await owned(session, table)) {
    if (!s.ascending) continue;
    const other = atLeast.find((x) => x.column === s.column)?.last ?? null;
    await session.query(
      `select pg_catalog.setval($1::regclass, v) from (select greatest((select max(${ident(s.column)})::int8 from ${relation(table)}), $2::int8) v) q where v > coalesce($3::int8, 0)`,
      [relation(s.sequence), other, s.last ?? null],
    );
  }
}
