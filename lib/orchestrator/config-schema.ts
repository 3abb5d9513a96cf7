import { detectionStrategyNames } from '../change-detector/registry.ts';
import { conflictStrategyNames } from '../conflict-resolver/registry.ts';
import { configSchema } from '../model/config.ts';
import { ruleSchema, rules } from '../validator/rules/registry.ts';

/** The config of a job, with the names that the registries of this build know. */
export const jobConfigSchema = configSchema({
  detectionStrategies: detectionStrategyNames,
  conflictStrategies: conflictStrategyNames,
  rule: ruleSchema(rules),
});
