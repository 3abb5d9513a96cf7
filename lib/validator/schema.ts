import { conversion } from '../data-types/lattice.ts';
import { type JobConfig, writesBoth } from '../model/config.ts';
import type { Problem } from '../model/errors.ts';
import { mappingField } from '../model/mapping.ts';
import { type Column, type Relation, relationText } from '../model/table.ts';
import { rightsProblems } from './rights.ts';
import { columnInScope, isView } from './scope.ts';
import { sqlName } from './sql-name.ts';

const sameSet = (a: readonly string[], b: readonly string[]) => a.length === b.length && a.every((x) => b.includes(x));

function columnProblems(
  source: Column,
  target: Column | undefined,
  { table, key }: { readonly table: string; readonly key: readonly string[] },
  config: JobConfig,
): Problem[] {
  const object = `${table}.${source.name}`;
  if (!target) {
    if (source.generated) return [];
    return [
      {
        code: 'column_not_found',
        side: 'target',
        object,
        message: `The target table ${table} has no column ${source.name}.`,
        hint: `Add the column ${sqlName(source.name)} ${source.declared} to the target table.`,
      },
    ];
  }
  if (target.generated !== source.generated) {
    const [is, other] = target.generated ? ['generated', 'plain'] : ['plain', 'generated'];
    return [
      {
        code: 'target_column_generated',
        side: 'target',
        object,
        message: `The column ${object} is ${is} in the target and ${other} in the source.`,
        hint: 'Make both sides the same kind of column.',
      },
    ];
  }
  if (source.fits) return []; // a mapping has seen to it
  const how = conversion(source, target);
  const lossy = how === 'lossy';
  // two keys that are rounded to one would be one row in the target
  const identifies = config.key_columns[table]?.includes(source.name) ?? key.includes(source.name);
  if (how === 'same' || how === 'widening' || (lossy && config.allow_lossy && !identifies)) return [];
  return [
    {
      code: lossy ? 'type_lossy' : 'type_incompatible',
      side: 'target',
      object,
      message: `The column ${object} is ${source.declared} in the source and ${target.declared} in the target.`,
      hint: identifies
        ? 'The column identifies rows: give both columns the same type.'
        : lossy
          ? 'Widen the target column, or set allow_lossy to accept rounded values and refused rows.'
          : 'Give both columns the same type.',
    },
  ];
}

function unmapped(target: Column, source: Relation, table: string): Problem[] {
  const fed =
    source.columns.some((c) => c.name === target.name) ||
    target.generated ||
    target.hasDefault ||
    target.identity !== '';
  if (fed || !target.notNull) return [];
  const object = `${table}.${target.name}`;
  return [
    {
      code: 'target_column_unmapped',
      side: 'target',
      object,
      message: `The target column ${object} is NOT NULL, has no default, and the source has no such column.`,
      hint: 'Give it a default, or drop NOT NULL.',
    },
  ];
}

/** The columns that identify a row: what the config says, else what the catalog says. */
export function keyOf(source: Relation, config: JobConfig): readonly string[] | undefined {
  return config.key_columns[relationText(source)] ?? source.key;
}

/** Whether the rows of a table are compared as whole rows: it has no key, and the user asked for all values to be read. */
export function isKeyless(source: Relation, config: JobConfig): boolean {
  return keyOf(source, config) === undefined && config.detection_strategy === 'content';
}

/** A mapping that fills no key: whole rows can be compared, but not rows of which some values cannot be computed. */
function unfilledKey(source: Relation): Problem {
  const object = relationText(source);
  const field = mappingField(object);
  return {
    code: 'mapping_key_missing',
    object,
    field,
    message: `The mapping of ${object} fills no unique key of it.`,
    hint: 'Fill all columns of a unique key, or name key_columns for the table.',
  };
}

function withoutKey(source: Relation, config: JobConfig): Problem[] {
  const object = relationText(source);
  const problem = { code: 'no_key', side: 'source', object } as const;
  const tolerance = Object.keys(config.tolerances).some((name) => name.startsWith(`${object}.`));
  if (source.mapped && (!isKeyless(source, config) || source.mapped.select.fallible.length > 0))
    return [unfilledKey(source)];
  if (isKeyless(source, config) && !tolerance) return [];
  if (isKeyless(source, config)) {
    const message = `The table ${object} has no key, so its rows are compared whole and tolerances do not apply.`;
    return [{ ...problem, message, hint: `Name key_columns for ${object}, or leave out its tolerances.` }];
  }
  return [
    {
      ...problem,
      message: `${isView(source) ? 'The view' : 'The table'} ${object} has no primary key and no unique index over NOT NULL columns.`,
      hint: `Add a primary key on both sides; or name key_columns for ${object}; or use detection_strategy "content", which compares such rows whole, copy by copy.`,
    },
  ];
}

function keyProblems(source: Relation, target: Relation, config: JobConfig): Problem[] {
  const object = relationText(source);
  const key = keyOf(source, config);
  if (!key) return withoutKey(source, config);
  const given = config.key_columns[object] !== undefined;
  const unique = (t: Relation) => t.uniqueKeys.some((k) => sameSet(k, key));
  if (given) return []; // whether they are unique is looked up in the rows
  if (unique(target)) return [];
  return [
    {
      code: 'key_mismatch',
      side: 'target',
      object,
      message: `The target table ${object} has no unique key over (${key.join(', ')}).`,
      hint: 'Give the target table the same primary key.',
    },
  ];
}

const KINDS: Readonly<Record<string, string>> = {
  v: 'a view',
  m: 'a materialized view',
  f: 'a foreign table',
};

function sideProblems(table: Relation, side: 'source' | 'target', role: string, config: JobConfig): Problem[] {
  const written = side === 'target' || writesBoth(config);
  const problems = rightsProblems(table, side, role, { written, deletes: config.delete_mode !== 'keep' });
  const object = relationText(side === 'source' ? (table.mapped?.from ?? table) : table);
  if (written && isView(table)) {
    problems.push({
      code: 'relation_kind_unsupported',
      side,
      object,
      message: `${object} is ${KINDS[table.kind] ?? 'no table'} in the ${side}, where rows have to be written.`,
      hint: `Create an ordinary table ${object} in the ${side}, or leave ${object} out with tables.exclude.`,
    });
  }
  return problems;
}

/**
 * Compares both catalogs: everything that would make a sync wrong or impossible, all at once, before any row moves.
 *
 * Target tables that the source lacks are left alone and are no problem.
 */
export function schemaProblems(
  source: readonly Relation[],
  target: readonly Relation[],
  roles: { readonly source: string; readonly target: string },
  config: JobConfig,
): readonly Problem[] {
  if (source.length === 0)
    return [{ code: 'tables_empty', side: 'source', message: 'The source has no table that could be synced.' }];
  return source.flatMap((s) => {
    const object = relationText(s);
    const t = target.find((x) => relationText(x) === object);
    if (!t)
      return [
        {
          code: 'table_not_found',
          side: 'target',
          object,
          message: `The target has no table ${object}.`,
          hint: 'Create the table in the target.',
        } satisfies Problem,
      ];
    return [
      ...(isView(t) ? [] : keyProblems(s, t, config)), // a view has no key; what it is comes first
      ...s.columns
        .filter((c) => columnInScope(s, c, config))
        .flatMap((c) =>
          columnProblems(
            c,
            t.columns.find((x) => x.name === c.name),
            { table: object, key: s.key ?? [] },
            config,
          ),
        ),
      ...t.columns.flatMap((c) => unmapped(c, s, object)),
      ...sideProblems(s, 'source', roles.source, config),
      ...sideProblems(t, 'target', roles.target, config),
    ];
  });
}
