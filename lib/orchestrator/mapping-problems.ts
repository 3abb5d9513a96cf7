import * as z from 'zod';
import { configSchema } from '../model/config.ts';
import type { ServerFacts } from '../model/connection.ts';
import type { Problem } from '../model/errors.ts';
import { type Mapping, mapping as mappingSchema } from '../model/mapping.ts';
import type { ProposalFinding } from '../model/proposal.ts';
import { type Relation, relationText } from '../model/table.ts';
import { schemaProblems } from '../validator/schema.ts';
import type { BothLooks } from './look-at-both.ts';
import { mappedTables } from './mapped-tables.ts';

/** One side, as it was found. */
export interface FoundEnd {
  readonly facts: ServerFacts;
  readonly tables: readonly Relation[];
}
export type FoundEnds = { readonly source: FoundEnd; readonly target: FoundEnd };

/** What a start would have but for its strategies, of which no mapping speaks. */
const configOf = configSchema({ detectionStrategies: ['hash'], conflictStrategies: ['source_wins'], rule: z.never() });

/** What a start says of a mapping, by the same schema and the same checks; `strict`: also what `allow_lossy` would let pass. */
export interface MappingProblems {
  /** The tables of the mapping, as it makes them. */
  readonly tables: readonly Relation[];
  readonly problems: readonly Problem[];
  readonly strict: readonly Problem[];
}

export async function mappingProblems(
  mapping: Mapping,
  { source, target }: FoundEnds,
  looks: BothLooks,
): Promise<MappingProblems> {
  const config = configOf.parse({ mapping: mappingSchema.parse(mapping), allow_lossy: true });
  const made = await mappedTables({ database: looks.source, ...source }, { database: looks.target, ...target }, config);
  const tables = made.tables.filter((t) => Object.hasOwn(config.mapping, relationText(t)));
  const roles = { source: source.facts.role, target: target.facts.role };
  const refused = (allow_lossy: boolean) =>
    tables.length > 0 ? schemaProblems(tables, target.tables, roles, { ...config, allow_lossy }) : [];
  return { tables, problems: [...made.problems, ...refused(true)], strict: [...made.problems, ...refused(false)] };
}

/** The table and the column of the target that a problem of the mapping is about, by its field of the config. */
function placeOf({ field = '' }: Problem): { readonly table?: string; readonly column?: string } {
  const [config, mapping, table, , column] = field.split('/').slice(1).map(pointerStep);
  if (config !== 'config' || mapping !== 'mapping' || table === undefined) return {};
  return { table, ...(column !== undefined && { column }) };
}

const pointerStep = (text: string) => text.replaceAll('~1', '/').replaceAll('~0', '~');

/** A problem with the table, and the column where it is of one. `tables`: names of those that the mapping fills. */
export function findingOf(
  problem: Problem,
  tables: readonly string[],
  severity: ProposalFinding['severity'] = 'error',
): ProposalFinding {
  const { code, object = '', message, hint } = problem;
  const said = placeOf(problem);
  const named = tables.find((name) => object === name || object.startsWith(`${name}.`));
  // the object may be of the source, whose table may have the same name
  const { table = object, column } = said.column !== undefined || named === undefined ? said : partsOf(object, named);
  return { code, severity, table, ...(column && { column }), message, remedy: hint ?? 'See the message.' };
}

const partsOf = (object: string, table: string): { readonly table?: string; readonly column?: string } => ({
  table,
  ...(object.length > table.length && { column: object.slice(table.length + 1) }),
});
