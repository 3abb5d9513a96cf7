import * as z from 'zod';

/** Names known to the registries, handed in by the composition so that a name exists in one place only. */
export interface ConfigNames {
  readonly detectionStrategies: readonly string[];
  readonly conflictStrategies: readonly string[];
}

const oneOf = (names: readonly string[], fallback: string) =>
  z.enum(names as readonly [string, ...string[]]).default(fallback);

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
    max_parallel_tables: z.int().min(1).max(40).default(1).meta({ description: 'Tables worked on at once.' }),
    max_parallel_operations: z
      .int()
      .min(1)
      .max(40)
      .default(5)
      .meta({ description: 'Segments of one table worked on at once.' }),
    audit_level: z
      .enum(['minimal', 'standard', 'detailed'])
      .default('standard')
      .meta({ description: 'How much the audit trail keeps.' }),
    delete_mode: z.enum(['tracked', 'mirror', 'keep']).default('tracked').meta({
      description:
        'What happens to rows that only the target has: tracked deletes those known to come from the source, mirror deletes all, keep none.',
    }),
    max_delete_percent: z.number().min(0).max(100).default(10).meta({
      description:
        'A run that would delete more than this share of a table, and more than 100 rows, ends before it deletes.',
    }),
    allow_lossy: z.boolean().default(false).meta({
      description: 'Accept target columns narrower than the source: values are rounded or cut, or their rows refused.',
    }),
    triggers: z
      .enum(['fire', 'suppress'])
      .default('fire')
      .meta({ description: 'Whether triggers of the target fire for rows the service writes.' }),
  });
}

export type JobConfig = z.infer<ReturnType<typeof configSchema>>;
