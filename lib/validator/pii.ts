import type { JobConfig } from '../model/config.ts';
import type { Problem } from '../model/errors.ts';
import { type Column, type Relation, relationText } from '../model/table.ts';
import { columnInScope } from './scope.ts';

/** A column's own name, and those of every column that its values are taken from, however many tables and views lie between. */
function origins(name: string, from: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const all = new Set([name]);
  for (const one of all) for (const next of from.get(one) ?? []) all.add(next); // a set is walked to its end, also while it grows
  return [...all];
}

/** Where a column of a table in scope comes from: its own name, and those of the source that it is made of. */
function namesOf(table: Relation, column: string): readonly string[] {
  const own = `${relationText(table)}.${column}`;
  const from = table.mapped;
  if (!from) return [own];
  const used = Object.hasOwn(from.uses, column) ? (from.uses[column] ?? []) : []; // a column may be called __proto__
  return [own, ...used.map((c) => `${relationText(from.from)}.${c}`), ...lookedUp(from, column)];
}

/** A generated column is computed anew in the target, unless it identifies rows. */
const travels = (t: Relation, c: Column, config: JobConfig) =>
  columnInScope(t, c, config) &&
  (!c.generated || (config.key_columns[relationText(t)] ?? t.key ?? []).includes(c.name));

/** What arrives from a lookup in a table of the source, and what is matched there: both are frozen in the plan. */
const lookedUp = ({ looks }: NonNullable<Relation['mapped']>, column: string) =>
  looks && Object.hasOwn(looks, column) ? (looks[column] ?? []) : [];

/**
 * Columns that hold personal data, by the config, and would arrive unmasked: under their own name, or as part of another. Named
 * as the source's or as the target's, whichever it is. `found`: every relation of the source and of the target.
 */
export function piiProblems(
  tables: readonly Relation[],
  found: { readonly source: readonly Relation[]; readonly target: readonly Relation[] },
  config: JobConfig,
): readonly Problem[] {
  if (!config.pii_columns?.length) return []; // a job that an earlier version has stored has none
  const columnsOf = (all: readonly Relation[]) =>
    all.flatMap((t) => t.columns.map((c) => [`${relationText(t)}.${c.name}`, c.from ?? []] as const));
  const from = new Map<string, readonly string[]>(columnsOf(found.source));
  const there = new Set<string>([...from.keys(), ...columnsOf(found.target).map(([name]) => name)]);
  const field = '/config/pii_columns';
  return config.pii_columns.flatMap((name): Problem[] => {
    if (!there.has(name))
      return [{ code: 'column_not_found', object: name, field, message: `Neither side has a column ${name}.` }];
    const open = tables.flatMap((t) =>
      t.columns
        .filter((c) => !t.mapped?.masked.includes(c.name) && travels(t, c, config))
        .filter((c) => namesOf(t, c.name).some((own) => origins(own, from).includes(name)))
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
