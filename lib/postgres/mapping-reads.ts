import { SyncError } from '../model/errors.ts';
import type { Relation } from '../model/table.ts';
import type { Session } from './session.ts';
import { ident, relation } from './sql.ts';

/** A server that says no to a value, rather than not at all. */
const refuses = (error: unknown) => error instanceof SyncError && error.facts.sqlstate !== undefined;

interface Value {
  readonly text: string;
  readonly declared: string;
}

/** Texts of one type in its canonical text; all at once, and only where one is refused one by one. */
async function readType(session: Session, declared: string, texts: readonly string[]): Promise<(string | undefined)[]> {
  // `declared` is what format_type of this server says, which quotes and qualifies it
  const ask = async (some: readonly string[]) =>
    (
      await session.query(
        `select (u.v::${declared})::pg_catalog.text from pg_catalog.unnest($1::text[]) with ordinality u(v, n) order by u.n`,
        [some],
      )
    ).map((r) => r[0] ?? undefined);
  try {
    return await ask(texts);
  } catch (error) {
    if (!refuses(error)) throw error;
    if (texts.length === 1) return [undefined];
    const found: (string | undefined)[] = [];
    for (const text of texts) found.push(...(await readType(session, declared, [text])));
    return found;
  }
}

/** Each value in the canonical text of its type; undefined where it cannot be read as one. One statement per type. */
export async function readAs(session: Session, values: readonly Value[]): Promise<readonly (string | undefined)[]> {
  const types = Map.groupBy(values, (v) => v.declared);
  const read = new Map<string, ReadonlyMap<string, string | undefined>>();
  for (const [declared, of] of types) {
    const texts = [...new Set(of.map((v) => v.text))];
    const found = await readType(session, declared, texts);
    read.set(declared, new Map(texts.map((t, i) => [t, found[i]])));
  }
  return values.map((v) => read.get(v.declared)?.get(v.text));
}

/** Two columns of a table as texts, where the first is not NULL; at most `limit` rows. */
export async function dictionary(
  session: Session,
  table: Relation,
  [match, take]: readonly [string, string],
  limit: number,
): Promise<readonly (readonly [string, string | null])[]> {
  const rows = await session.query(
    `select t.${ident(match)}::pg_catalog.text, t.${ident(take)}::pg_catalog.text
     from ${table.inherited ? 'only ' : ''}${relation(table)} t where t.${ident(match)} is not null order by 1, 2 limit ${limit}`,
  );
  return rows.map(([m, t]) => [m ?? '', t ?? null]);
}
