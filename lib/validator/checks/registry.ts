import type { SchemaCheck } from './check.ts';
import * as columns from './columns.ts';
import * as constraints from './constraints.ts';

/** Every check of a table that a job accepts; what a job refuses is in lib/validator/schema.ts. In the order told. */
export const schemaChecks: readonly SchemaCheck[] = [
  columns.types,
  columns.geometries,
  columns.notNull,
  columns.generation,
  columns.labels,
  columns.domains,
  constraints.uniques,
  constraints.checks,
  constraints.references,
  constraints.triggers,
  columns.extraColumns,
  columns.defaults,
  columns.identities,
  columns.collations,
];
