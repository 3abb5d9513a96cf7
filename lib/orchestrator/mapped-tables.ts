import type { JobConfig } from '../model/config.ts';
import type { ServerFacts } from '../model/connection.ts';
import type { Problem } from '../model/errors.ts';
import { type Relation, relationText } from '../model/table.ts';
import type { CatalogDatabase } from '../ports.ts';
import { mappedSources, wantedBy } from '../transformer/mapped-sources.ts';
import type { Found, FoundLookup, StepProblem, WantedConstant, WantedLookup } from '../transformer/step.ts';

/** A dictionary of so many entries is half a megabyte of SQL at most, and takes a worker a few milliseconds to plan. */
const MOST_ENTRIES = 10_000;

/** One side, looked at. */
interface End {
  readonly database: CatalogDatabase;
  readonly facts: ServerFacts;
  readonly tables: readonly Relation[];
}

const constantId = ({ text, declared }: WantedConstant) => JSON.stringify([declared, text]);
const lookupId = ({ side, table, match, take }: WantedLookup) => JSON.stringify([side, table, match, take]);

const wrong = (message: string, more: Partial<StepProblem> = {}): { readonly problem: StepProblem } => ({
  problem: { code: 'lookup_invalid', message, ...more },
});

async function readLookup({ side, table, match, take }: WantedLookup, { database, tables }: End): Promise<FoundLookup> {
  const relation = tables.find((t) => relationText(t) === table);
  if (!relation) return wrong(`The ${side} has no table ${table} to look values up in.`, { side, object: table });
  const missing = [match, take].filter((name) => !relation.columns.some((c) => c.name === name));
  const column = relation.columns.find((c) => c.name === take);
  if (missing.length > 0 || !column)
    return wrong(`${table} has no column ${missing.join(', ')}.`, { side, object: table });
  if (!relation.privileges.includes('SELECT') || !relation.schemaUsable)
    return wrong(`The ${side} role may not read ${table}.`, { side, object: table });
  const pairs = await database.dictionary(relation, [match, take], MOST_ENTRIES + 1);
  if (pairs.length > MOST_ENTRIES)
    return wrong(`${table} has more than ${MOST_ENTRIES} rows, which is no code table.`, { side, object: table });
  if (new Set(pairs.map(([m]) => m)).size < pairs.length)
    return wrong(`Values of ${table}.${match} repeat, so nobody can say which row is meant.`, { side, object: table });
  return { pairs, take: column };
}

/** Where PostGIS is: in the schema that its geometry columns name. */
const postgisOf = (tables: readonly Relation[]): { readonly postgis?: string } => {
  const shape = tables
    .flatMap((t) => t.columns)
    .find((c) => c.type.base.schema !== 'pg_catalog' && c.type.base.name === 'geometry');
  return shape ? { postgis: shape.type.base.schema } : {};
};

async function read(config: JobConfig, source: End, target: End): Promise<Found> {
  const { constants, lookups } = wantedBy(config.mapping, target.tables);
  const texts = constants.length > 0 ? await target.database.readAs(constants) : [];
  const byConstant = new Map(constants.map((c, i) => [constantId(c), texts[i]]));
  const byLookup = new Map<string, FoundLookup>();
  for (const wanted of lookups)
    if (!byLookup.has(lookupId(wanted)))
      byLookup.set(lookupId(wanted), await readLookup(wanted, wanted.side === 'source' ? source : target));
  return {
    constant: (wanted) => byConstant.get(constantId(wanted)),
    lookup: (wanted) => byLookup.get(lookupId(wanted)) ?? wrong('The lookup was not read.'),
  };
}

/**
 * The tables of the source as the config's mapping makes them look, and what is wrong with it. Reads constants and lookups;
 * writes nothing.
 */
export async function mappedTables(
  source: End,
  target: End,
  config: JobConfig,
): Promise<{ readonly tables: readonly Relation[]; readonly problems: readonly Problem[] }> {
  // a job that an earlier version has stored has none
  if (Object.keys(config.mapping ?? {}).length === 0) return { tables: source.tables, problems: [] };
  const found = await read(config, source, target);
  const serverVersion = Math.min(source.facts.version_num, target.facts.version_num);
  return mappedSources(
    source.tables,
    target.tables,
    { mapping: config.mapping, keyColumns: config.key_columns },
    { ...postgisOf(source.tables), serverVersion, found },
  );
}
