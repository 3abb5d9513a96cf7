import * as z from 'zod';
import { AUDIT_LEVELS } from './audit-view.ts';
import { CONFLICT_TYPES } from './conflict.ts';
import { FIELD_RULE_NAMES } from './conflict-plan.ts';
import { mapping } from './mapping.ts';
import { mappingReference } from './mapping-name.ts';
import { projectSchema } from './project.ts';
import { type RowRule, ruleLimits } from './rule.ts';

/** Names known to the registries, handed in by the composition so that a name exists in one place only. */
export interface ConfigNames {
  readonly detectionStrategies: readonly string[];
  readonly conflictStrategies: readonly string[];
  /** The schema of one row rule. */
  readonly rule: z.ZodType;
}

const oneOf = (names: readonly string[], fallback: string) =>
  z.enum(names as readonly [string, ...string[]]).default(fallback);

/** When two values of a column count as equal, where it is not what the type says. */
const equality = z.union([
  z.literal('exact'),
  z.strictObject({ shape: z.strictObject({ grid: z.number().positive().max(1e9) }) }),
]);

/** Names or patterns in a config: not empty, and short enough for any catalog name in quotes. */
const nameList = z.array(z.string().min(1).max(200)).min(1).max(1000);

export const FILTER_OPS = ['eq', 'ne', 'lt', 'lte', 'gt', 'gte', 'in', 'is_null', 'not_null'] as const;

/** Which databases a job writes to: the target alone, or both. */
export const DIRECTIONS = ['source_to_target', 'bidirectional'] as const;

/** One condition on a column. Values are text, numbers or booleans, read as the column's type; never SQL. */
const filter = z.strictObject({
  column: z.string().min(1).max(200),
  op: z.enum(FILTER_OPS),
  value: z.union([z.string(), z.number(), z.boolean()]).optional(),
  values: z
    .array(z.union([z.string(), z.number(), z.boolean()]))
    .min(1)
    .max(1000)
    .optional(),
});
export type RowFilter = z.infer<typeof filter>;

/** Ways to show a value of a tagged column: a short hash of it, its last four characters, or nothing. */
export const MASKS = ['hash', 'last4', 'null'] as const;
export type Mask = (typeof MASKS)[number];

/** How the conflicts of a table are decided, where it is not as `conflict_strategy` says. */
const conflictRules = (strategies: readonly string[]) => {
  const strategy = z.enum(strategies as readonly [string, ...string[]]);
  return z.strictObject({
    strategy: strategy.optional(),
    types: z.partialRecord(z.enum(CONFLICT_TYPES), strategy).optional(),
    newer_column: z.string().min(1).max(200).optional(),
    fields: z.record(z.string().min(1).max(200), z.enum(FIELD_RULE_NAMES)).optional(),
    keep_images: z.boolean().optional(),
  });
};
export type ConflictRules = z.infer<ReturnType<typeof conflictRules>>;

/**
 * The config of a job: defaults filled in, unknown fields refused. Frozen when the job is created.
 *
 * Bounds: 10,000 rows keep a chunk's transaction below a few seconds on a small server; 40 is the inline Map limit of
 * Step Functions.
 */
export function configSchema(names: ConfigNames) {
  return z.strictObject({
    batch_size: z
      .int()
      .min(1)
      .max(10_000)
      .default(1000)
      .meta({ description: 'Most row changes in one target transaction.' }),
    detection_strategy: oneOf(names.detectionStrategies, 'hash').meta({ description: 'How differences are found.' }),
    conflict_strategy: oneOf(names.conflictStrategies, 'source_wins').meta({
      description: 'Who wins where both sides differ.',
    }),
    direction: z.enum(DIRECTIONS).default('source_to_target').meta({
      description:
        'bidirectional carries what was changed in the target to the source as well, row by row, and writes to both databases.',
    }),
    conflict_rules: z.record(z.string().min(1).max(200), conflictRules(names.conflictStrategies)).default({}).meta({
      description:
        'By table (schema.table, or * for all): strategy, types (a strategy per conflict type), newer_column (the update column of newer_wins), fields (a rule per column for field_level, * for the others), keep_images (keep the values of the last decision, for people to see).',
    }),
    column_tags: z.record(z.string().max(200), z.enum(MASKS)).default({}).meta({
      description:
        'How values of a column (schema.table.column) are shown in lists of conflicts: hash, last4 or null. Untagged ones are shown shortened.',
    }),
    max_parallel_tables: z.int().min(1).max(40).default(1).meta({ description: 'Tables worked on at once.' }),
    max_parallel_operations: z
      .int()
      .min(1)
      .max(40)
      .default(5)
      .meta({ description: 'Segments of one table worked on at once.' }),
    audit_level: z.enum(AUDIT_LEVELS).default('standard').meta({ description: 'How much the audit trail keeps.' }),
    delete_mode: z.enum(['tracked', 'mirror', 'keep']).default('tracked').meta({
      description:
        'What happens to rows that only the target has: tracked deletes those known to have come from the source, mirror deletes all, keep none.',
    }),
    max_delete_percent: z.number().min(0).max(100).default(10).meta({
      description:
        'A run that would delete more than this share of a table, and more than 100 rows, pauses before it deletes.',
    }),
    max_quarantined_rows: z.int().min(0).max(1_000_000).default(10_000).meta({
      description:
        'The job fails when more rows than this are refused in one of its segments (about 500,000 rows each).',
    }),
    allow_lossy: z.boolean().default(false).meta({
      description: 'Accept target columns narrower than the source: values are rounded or cut, or their rows refused.',
    }),
    tables: z.strictObject({ include: nameList.optional(), exclude: nameList.optional() }).default({}).meta({
      description:
        'Which tables take part: schema.table with * for any text. Without include: all. Views and foreign tables only where include names them in full.',
    }),
    columns: z
      .record(z.string().max(200), z.strictObject({ include: nameList.optional(), exclude: nameList.optional() }))
      .default({})
      .meta({ description: 'Which columns of a table (schema.table) take part. Key columns always do.' }),
    key_columns: z.record(z.string().max(200), nameList).default({}).meta({
      description: 'The key of a table or view (schema.table) that has none, or another one: unique and never NULL.',
    }),
    mapping: mapping.default({}).meta({
      description:
        'Tables of the target (schema.table) that are made of a table of another name or shape: from, columns, unnamed (docs/mappings.md). All other fields then go by the names of the target.',
    }),
    stored_mapping: mappingReference.optional().meta({
      description:
        'A stored mapping that a person has approved, name or name@version, in place of mapping. The job keeps what it was at its start.',
    }),
    pii_columns: z.array(z.string().min(1).max(200)).max(1000).default([]).meta({
      description:
        'Columns (schema.table.column, of the source or the target) that hold personal data: the job is refused while one of them would arrive unmasked.',
    }),
    rules: z
      .record(
        z.string().min(1).max(200),
        z
          .array(names.rule as z.ZodType<RowRule>)
          .min(1)
          .max(50),
      )
      .default({})
      .meta({
        description:
          'What rows of a table (schema.table) must be like to be written: a list of rules, each with severity reject, warn or stop, max_rows and max_percent (docs/rules.md).',
      }),
    rule_limits: ruleLimits.default({}).meta({
      description:
        'max_rows and max_percent of rows that rules of severity reject may keep out, in all tables together; counted before a row is written, and the job pauses where there are more.',
    }),
    filters: z.record(z.string().max(200), z.array(filter).min(1).max(20)).default({}).meta({
      description: 'Which rows of a table (schema.table) take part, on both sides: all conditions must hold.',
    }),
    project: projectSchema(filter, nameList).optional().meta({
      description:
        'Only the rows of a project: root rows and everything that refers to them by foreign keys, with the rows those need (docs/projects.md). In place of tables and filters.',
    }),
    tolerances: z.record(z.string().max(200), z.number().min(0)).default({}).meta({
      description:
        'For strategy content: how far two numbers of a column (schema.table.column) may be apart and still count as equal.',
    }),
    equality: z.record(z.string().max(200), equality).default({}).meta({
      description:
        'When values of a column (schema.table.column) are equal: exact, by their text (1.0 and 1.00 differ); or {"shape": {"grid": 0.001}}, for a PostGIS column, by SRID, dimension and the shape on a grid in units of its SRID, wherever rings begin and whichever way they run.',
    }),
    timestamp_columns: z.record(z.string().max(200), z.string().min(1).max(200)).default({}).meta({
      description:
        'For strategy timestamp: the column of a table (schema.table) that says when a row was last changed. Without one the first of the usual names is taken.',
    }),
    timestamp_overlap_seconds: z.int().min(0).max(2_592_000).default(60).meta({
      description: 'For strategy timestamp: how far before the last success an incremental job looks again.',
    }),
    key_sweep: z.boolean().default(false).meta({
      description:
        'For strategy timestamp: an incremental job compares all keys as well, so it finds deleted rows and missing ones.',
    }),
    max_quiet_runs: z.int().min(0).max(1000).default(0).meta({
      description:
        'For strategies that compare everything: how many incremental jobs in a row may pass over a table in which neither server has counted a write since a job compared it equal. 0: each job compares it.',
    }),
    continuous: z.boolean().default(false).meta({
      description:
        'For strategy cdc: the job does not end. It brings over what the log tells round by round until it is stopped.',
    }),
    continuous_interval_seconds: z.int().min(1).max(3600).default(5).meta({
      description:
        'For continuous: the longest time between two looks at the log while nothing is written in the source. After a round the next look follows at once.',
    }),
    dry_run: z
      .boolean()
      .default(false)
      .meta({ description: 'Do everything but apply: report what would change, write no row.' }),
    verify: z.enum(['changed', 'all', 'none']).default('changed').meta({
      description:
        'The final comparison: changed looks again at what the job wrote into, all at everything, none at nothing.',
    }),
    triggers: z
      .enum(['fire', 'suppress'])
      .default('fire')
      .meta({ description: 'Whether triggers of the target fire for rows the service writes.' }),
  });
}

export type JobConfig = z.infer<ReturnType<typeof configSchema>>;

/** Whether the job writes to the source as well. A job of an earlier version has no direction. */
export const writesBoth = ({ direction }: Pick<JobConfig, 'direction'>): boolean => direction === 'bidirectional';
