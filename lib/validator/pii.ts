import type { JobConfig } from '../model/config.ts';
import type { Problem } from '../model/errors.ts';
import { type Relation, relationText } from '../model/table.ts';
import { columnInScope } from './scope.ts';

/** Where a column of a table in scope comes from: its own name, and those of the source that it is made of. */
function namesOf(table: Relation, column: string): readonly string[] {
  const own = `${relationText(table)}.${column}`;
  const from = table.mapped;
  if (!from) return [own];
  return [own, ...(from.uses[column] ?? []).map((c) => `${relationText(from.from)}.${c}`)];
}

/**
 * Columns that hold personal data, by the config, and would arrive unmasked: under their own name, or as part of another. Named
 * as the source's or as the target's, whichever it is. `known`: every column of both sides.
 */
export function piiProblems(
  tables: readonly Relation[],
  known: readonly Relation[],
  config: JobConfig,
): readonly Problem[] {
  if (!config.pii_columns?.length) return []; // a job that an earlier version has stored has none
  const there = new Set(known.flatMap((t) => t.columns.map((c) => `${relationText(t)}.${c.name}`)));
  const field = '/config/pii_columns';
  return config.pii_columns.flatMap((name): Problem[] => {
    if (!there.has(name))
      return [{ code: 'column_not_found', object: name, field, message: `Neither side has a column ${name}.` }];
    const open = tables.flatMap((t) =>
      t.columns
        .filter((c) => !t.mapped?.masked.includes(c.name) && columnInScope(t, c, config))
        .filter((c) => namesOf(t, c.name).includes(name))
        .map((c) => `${relationText(t)}.${c.name}`),
    );
    return open.map((object) => ({
      code: 'pii_unmasked',
      object,
      field,
      message: `${name} holds personal data and would arrive unmasked in ${object}.`,
      hint: 'Give it a mask in the mapping, or leave it out.',
    }));
  });
}
