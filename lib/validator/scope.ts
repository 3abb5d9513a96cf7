import type { JobConfig, RowFilter } from '../model/config.ts';
import type { Problem } from '../model/errors.ts';
import { near } from '../model/near.ts';
import { type Column, type Relation, relationText } from '../model/table.ts';

/** PostgreSQL cuts longer names with only a notice. */
const NAME_BYTES = 63;

const tooLong = (name: string) =>
  name.split('.').some((part) => Buffer.byteLength(part) > NAME_BYTES && !part.includes('*'));

/** `public.par*` as a test of a whole name; a pattern without a dot is a table in any schema. */
export function matcher(pattern: string): (name: string) => boolean {
  const full = pattern.includes('.') ? pattern : `*.${pattern}`;
  const parts = full.split('*');
  return (name) => {
    let at = 0;
    for (const [i, part] of parts.entries()) {
      const found = i === 0 ? (name.startsWith(part) ? 0 : -1) : name.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return parts.at(-1) === '' || name.endsWith(parts.at(-1) ?? '');
  };
}

function listProblems(include: readonly string[], exclude: readonly string[], field: string): Problem[] {
  const twice = [...include, ...exclude].filter((name, i, all) => all.indexOf(name) !== i);
  const long = [...include, ...exclude].filter(tooLong);
  return [...new Set(twice)]
    .map((name): Problem => ({ code: 'tables_contradiction', field, message: `${name} is named twice.`, object: name }))
    .concat(
      long.map((name) => ({
        code: 'identifier_too_long',
        field,
        message: `A name in ${field} is longer than ${NAME_BYTES} bytes.`,
        object: name.slice(0, 80),
      })),
    );
}

export function unknownTable(name: string, field: string, known: readonly string[]): Problem {
  const like = near(name, known);
  return {
    code: 'table_not_found',
    side: 'source',
    object: name,
    field,
    message: `The source has no table ${name}.`,
    ...(like && { hint: `Did you mean ${like}?` }),
  };
}

/** Views and foreign tables: sources only when they are named, never targets. */
export const isView = (relation: Relation): boolean => ['v', 'm', 'f'].includes(relation.kind);

/** Whether an entry of include means the relation. A pattern with * means tables only. */
function includes(pattern: string): (relation: Relation) => boolean {
  const matches = matcher(pattern);
  return (relation) =>
    matches(relationText(relation)) && !(isView(relation) && !relation.mapped && pattern.includes('*'));
}

/** The tables that take part, and what is wrong with the config that names them. */
export function tablesInScope(
  all: readonly Relation[],
  config: JobConfig,
): { readonly tables: readonly Relation[]; readonly problems: readonly Problem[] } {
  const { include, exclude = [] } = config.tables;
  const known = all.map(relationText);
  const wanted = (include ?? ['*']).map(includes);
  const left = exclude.map(matcher);
  const tables = all.filter((t) => wanted.some((m) => m(t)) && !left.some((m) => m(relationText(t))));
  const unmatched = (include ?? []).filter((pattern) => !all.some(includes(pattern)));
  const problems = [
    ...listProblems(include ?? [], exclude, '/config/tables'),
    ...unmatched.map((name) => unknownTable(name, '/config/tables/include', known)),
    ...namedElsewhere(tables, known, config),
  ];
  return { tables, problems };
}

/** Tables that take no part, and that the config says something of. */
export function namedElsewhere(
  tables: readonly Relation[],
  known: readonly string[],
  config: JobConfig,
): readonly Problem[] {
  const { columns, key_columns, filters, timestamp_columns } = config;
  return Object.entries({ columns, key_columns, filters, timestamp_columns }).flatMap(([field, byTable]) =>
    Object.keys(byTable)
      .filter((name) => !tables.some((t) => relationText(t) === name))
      .map((name) => unknownTable(name, `/config/${field}`, known)),
  );
}

export function columnNames(table: Relation, names: readonly string[], field: string): Problem[] {
  const known = table.columns.map((c) => c.name);
  return names
    .filter((name) => !known.includes(name))
    .map((name) => {
      const like = near(name, known);
      const object = `${relationText(table)}.${name}`;
      return {
        code: 'column_not_found',
        side: 'source',
        object,
        field,
        message: `The source table ${relationText(table)} has no column ${name}.`,
        ...(like && { hint: `Did you mean ${like}?` }),
      };
    });
}

export function filterProblems(table: Relation, f: RowFilter, field = '/config/filters'): Problem[] {
  const unknown = columnNames(table, [f.column], field);
  if (unknown.length > 0) return unknown;
  const needs = f.op === 'in' ? 'values' : f.op === 'is_null' || f.op === 'not_null' ? undefined : 'value';
  const has = (['value', 'values'] as const).filter((k) => f[k] !== undefined);
  if (has.length === (needs ? 1 : 0) && (!needs || has[0] === needs)) return [];
  const object = `${relationText(table)}.${f.column}`;
  return [
    {
      code: 'filter_invalid',
      field,
      object,
      message: `The operator ${f.op} on ${object} takes ${needs ?? 'no value'}.`,
    },
  ];
}

/** What is wrong with the columns, keys and filters that the config names for a table of the source. */
export function scopeProblems(table: Relation, config: JobConfig): readonly Problem[] {
  const name = relationText(table);
  const columns = config.columns[name];
  const key = config.key_columns[name] ?? table.key ?? [];
  const filtered = (config.filters[name] ?? []).map((f) => f.column);
  const excludedKey = [...key, ...filtered].filter((k) => columns?.exclude?.includes(k));
  return [
    ...listProblems(columns?.include ?? [], columns?.exclude ?? [], '/config/columns'),
    ...columnNames(table, [...(columns?.include ?? []), ...(columns?.exclude ?? [])], '/config/columns'),
    ...columnNames(table, config.key_columns[name] ?? [], '/config/key_columns'),
    ...excludedKey.map(
      (k): Problem => ({
        code: 'tables_contradiction',
        field: '/config/columns',
        object: `${name}.${k}`,
        message: `${name}.${k} identifies or filters rows and cannot be excluded.`,
      }),
    ),
    ...(config.filters[name] ?? []).flatMap((f) => filterProblems(table, f)),
  ];
}

/** Whether a column takes part: key columns always do. */
export function columnInScope(table: Relation, column: Column, config: JobConfig): boolean {
  const rule = config.columns[relationText(table)];
  const key = config.key_columns[relationText(table)] ?? table.key ?? [];
  const filtered = config.filters[relationText(table)]?.some((f) => f.column === column.name);
  if (!rule || filtered || key.includes(column.name)) return true;
  if (rule.include && !rule.include.includes(column.name)) return false;
  return !rule.exclude?.includes(column.name);
}
