import { createHash } from 'node:crypto';
import type { RowKey } from '../model/change.ts';
import { type JobConfig, writesBoth } from '../model/config.ts';
import { type PlannedConflicts, rulesOf, strategiesIn } from '../model/conflict-plan.ts';
import type { ServerFacts } from '../model/connection.ts';
import { type PlannedColumn, type Relation, type RelationName, relationText } from '../model/table.ts';
import { clockColumn } from '../validator/conflicts.ts';

const digest = (...parts: readonly unknown[]) =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);

/** Whether some row of the table may be decided for the target, so that the last decision must be known. */
export const isThreeWay = (config: JobConfig, table: RelationName): boolean =>
  writesBoth(config) || strategiesIn(rulesOf(config, relationText(table))).some((name) => name !== 'source_wins');

/** Whether a job may meet rows that are not simply the source's to decide. */
export const mayConflict = (config: JobConfig): boolean =>
  writesBoth(config) || config.conflict_strategy !== 'source_wins' || Object.keys(config.conflict_rules).length > 0;

/** The same in every job over these two databases. */
type Identity = Pick<ServerFacts, 'system_identifier' | 'database_oid'>;
export const pairId = (source: Identity, target: Identity): string =>
  digest(source.system_identifier, source.database_oid, target.system_identifier, target.database_oid);

/** Name of the slot and the publication that tell the source's changes to this target; the prefix is the service's own. */
export const streamName = (source: Identity, target: Identity): string => `tfsync_${pairId(source, target)}`;

/** The same in every job that meets this row. */
export const conflictId = (pair: string, table: RelationName, key: RowKey): string =>
  digest(pair, relationText(table), key);

const NUMBERS = ['int2', 'int4', 'int8', 'numeric', 'float4', 'float8'];

/** Columns whose values are kept with the base: all for people to see, or those whose rule adds up changes. */
function imagesOf(columns: readonly PlannedColumn[], rules: ReturnType<typeof rulesOf>): readonly string[] {
  if (rules.keepImages) return columns.map((c) => c.name);
  if (!strategiesIn(rules).includes('field_level')) return [];
  const adds = (c: PlannedColumn) =>
    rules.fields[c.name] === 'sum' ||
    (rules.fields[c.name] === undefined && rules.fields['*'] === 'sum' && NUMBERS.includes(c.type.base.name));
  return columns.filter(adds).map((c) => c.name);
}

/** How a table's conflicts are decided; nothing where the source wins them all. */
export function plannedConflicts(
  pair: string,
  { source, target }: { readonly source: Relation; readonly target: Relation },
  columns: readonly PlannedColumn[],
  config: JobConfig,
): { readonly conflicts?: PlannedConflicts } {
  if (!isThreeWay(config, source)) return {};
  const table = relationText(source);
  const rules = rulesOf(config, table);
  const clock = clockColumn({ source, target }, rules.newerColumn);
  const mapped = clock && columns.some((c) => c.name === clock.column);
  const tags = Object.entries(config.column_tags).filter(([name]) => name.startsWith(`${table}.`));
  return {
    conflicts: {
      pair,
      strategy: rules.strategy,
      ...(writesBoth(config) && { both: true as const }),
      types: rules.types,
      ...(mapped && { clock }), // also where no rule goes by it: a person may
      fields: rules.fields,
      images: imagesOf(columns, rules),
      masks: Object.fromEntries(tags.map(([name, mask]) => [name.slice(table.length + 1), mask])),
    },
  };
}
