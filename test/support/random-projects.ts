import type { Client } from 'pg';
import { type Random, seeded } from '../faults/random.ts';

/** A reference of a random schema: `columns` of `child` to the key of `parent`. */
interface Reference {
  readonly child: number;
  readonly parent: number;
  readonly column: string;
  readonly nullable: boolean;
}

/** A random schema: tables `public.t0`, ... whose keys have one or two columns, and references in any direction. */
export interface RandomSchema {
  readonly tables: readonly { readonly composite: boolean }[];
  readonly references: readonly Reference[];
}

/** Only references to earlier tables may be NOT NULL: a cycle of those cannot be filled. */
export function randomSchema(r: Random): RandomSchema {
  const tables = Array.from({ length: 3 + r.below(4) }, () => ({ composite: r.chance(0.3) }));
  const references = Array.from({ length: tables.length + r.below(4) }, (_, i): Reference => {
    const child = i < tables.length ? i : r.below(tables.length);
    const forward = r.chance(0.7) && child > 0;
    const parent = forward ? r.below(child) : r.below(tables.length);
    return { child, parent, column: `r${i}`, nullable: !(forward && r.chance(0.5)) };
  });
  return { tables, references };
}

export async function createSchema(client: Client, { tables, references }: RandomSchema): Promise<void> {
  for (const [t, { composite }] of tables.entries()) {
    const columns = references
      .filter((f) => f.child === t)
      .flatMap((f) => {
        const rule = f.nullable ? '' : ' not null';
        return [
          `${f.column}_a int${rule}`,
          ...(tables[f.parent]?.composite ? [`${f.column}_b varchar(5)${rule}`] : []),
        ];
      });
    const key = composite
      ? ['a int', 'b varchar(5)', 'x text', ...columns, 'primary key (a, b)']
      : ['a int primary key', 'x text', ...columns];
    await client.query(`create table t${t} (${key.join(', ')})`);
  }
  for (const f of references) {
    const two = tables[f.parent]?.composite;
    await client.query(
      `alter table t${f.child} add constraint f_${f.column} foreign key (${f.column}_a${two ? `, ${f.column}_b` : ''}) references t${f.parent} deferrable`,
    );
  }
}

/** Values of a key: (n, 'k' + n mod 3). */
const keyOf = (composite: boolean, n: number) => (composite ? `${n}, 'k${n % 3}'` : `${n}`);

/** Rows `1..rows` in each table, each reference to a random row or NULL, in one transaction with the checks at its end. */
export async function fill(client: Client, schema: RandomSchema, rows: number, r: Random): Promise<void> {
  await client.query('begin; set constraints all deferred');
  for (const [t, { composite }] of schema.tables.entries())
    for (let n = 1; n <= rows; n++) {
      const values = schema.references
        .filter((f) => f.child === t)
        .map((f) => {
          const two = schema.tables[f.parent]?.composite === true;
          return f.nullable && r.chance(0.4) ? (two ? 'null, null' : 'null') : keyOf(two, 1 + r.below(rows));
        });
      await client.query(`insert into t${t} values (${[keyOf(composite, n), `'x${n}'`, ...values].join(', ')})`);
    }
  await client.query('commit');
}

/** Some rows change, change their references, or go where nobody refers to them. */
export async function change(client: Client, schema: RandomSchema, rows: number, r: Random): Promise<void> {
  for (let i = 0; i < rows; i++) {
    const t = r.below(schema.tables.length);
    const n = 1 + r.below(rows);
    const own = schema.references.filter((f) => f.child === t);
    if (own.length > 0 && r.chance(0.5)) {
      const f = r.pick(own);
      const two = schema.tables[f.parent]?.composite === true;
      const to = 1 + r.below(rows);
      await client
        .query(`update t${t} set ${f.column}_a = ${to}${two ? `, ${f.column}_b = 'k${to % 3}'` : ''} where a = ${n}`)
        .catch(refused);
    } else if (r.chance(0.6)) await client.query(`update t${t} set x = 'y${r.below(100)}' where a = ${n}`);
    else await client.query(`delete from t${t} where a = ${n}`).catch(refused);
  }
}

/** A reference in the way: then the row stays as it is. */
function refused(error: unknown): void {
  if ((error as { code?: string }).code !== '23503') throw error;
}

export { seeded };
