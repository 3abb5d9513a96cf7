import { createHash } from 'node:crypto';
import type { Problem } from '../model/errors.ts';
import { type ColumnSource, mappingField, type TableMapping } from '../model/mapping.ts';
import { near } from '../model/near.ts';
import type { Fallible } from '../model/planned-select.ts';
import { ident } from '../model/quote.ts';
import type { RowCode } from '../model/row-code.ts';
import { type Column, type Relation, relationText } from '../model/table.ts';
import { isInjective } from './compile-mask.ts';
import { asColumn } from './fit.ts';
import { lookupsOf, makeColumn } from './registry.ts';
import type { ExpressionEnv } from './sql-expression.ts';
import { type Found, type Made, SOURCE, type StepProblem } from './step.ts';

/** Raised when the same mapping comes to other values; bases of before are then made anew. */
const SCHEME = 1;

/** What a mapping of one table goes by. */
export interface MappingContext extends Pick<ExpressionEnv, 'postgis' | 'serverVersion'> {
  readonly found: Found;
  /** The key that the config names for the table of the target. */
  readonly keyColumns?: readonly string[];
}

/** A column of the target, and what it is made by. */
interface MadeColumn extends Made {
  readonly name: string;
  readonly masked: boolean;
  readonly column: Column;
}

/** What a column of the target is filled from: what the mapping names, else its namesake. */
function sourceFor(target: Column, source: Relation, mapping: TableMapping): ColumnSource | undefined {
  if (Object.hasOwn(mapping.columns, target.name)) return mapping.columns[target.name];
  if (mapping.unnamed === 'omit') return undefined;
  const namesake = source.columns.find((c) => c.name === target.name);
  return namesake && (!target.generated || namesake.generated) ? namesake.name : undefined;
}

const isMask = (source: ColumnSource) => typeof source === 'object' && 'mask' in source && source.mask.kind !== 'keep';

/** A column that could not be made, so that nobody complains of it twice. */
const standIn = (target: Column): Column => ({ ...target, generated: false, fits: true });

/** What a made column looks like to everybody else: one of the source's, with the target's name. */
function columnOf(target: Column, made: Made, source: Relation): Column {
  const own = made.plain === undefined ? undefined : source.columns.find((c) => c.name === made.plain);
  if (own) return { ...own, name: target.name, generated: own.generated && target.generated };
  return { ...asColumn(target.name, made.expression), ...(made.fits && { fits: true as const }) };
}

/** The columns of a source table that an SQL text names; it may name too many, never too few. */
export const columnsIn = (sql: string, source: Pick<Relation, 'columns'>) =>
  source.columns.filter((c) => sql.includes(`${SOURCE}.${ident(c.name)}`)).map((c) => c.name);

function makeAll(source: Relation, mapping: TableMapping, target: Relation, context: MappingContext) {
  const table = relationText(target);
  const { found, keyColumns: _, ...facts } = context;
  const env = { ...facts, columns: source.columns, alias: SOURCE };
  const made: MadeColumn[] = [];
  const columns: Column[] = [];
  const problems: Problem[] = [];
  for (const column of target.columns) {
    const from = sourceFor(column, source, mapping);
    if (from === undefined) continue;
    const say = (p: StepProblem) =>
      problems.push({ object: `${table}.${column.name}`, ...p, field: mappingField(table, column.name) });
    const result = makeColumn(from, { env, source, target: column, found });
    if (result === 'left') continue;
    if ('problems' in result) {
      for (const p of result.problems) say(p);
      columns.push(standIn(column));
      continue;
    }
    const as = columnOf(column, result, source);
    columns.push(as);
    made.push({ ...result, name: column.name, masked: isMask(from), column: as });
  }
  return { made, columns, problems };
}

/** The key that rows are known by: the config's, else the first unique one of the target that is filled. */
function keyFor(target: Relation, columns: readonly Column[], given: readonly string[] | undefined) {
  const filled = (key: readonly string[]) => key.every((k) => columns.some((c) => c.name === k));
  const uniqueKeys = target.uniqueKeys.filter(filled);
  return { key: given ?? uniqueKeys[0], uniqueKeys };
}

function keyProblems(
  { key, made }: { readonly key: readonly string[]; readonly made: readonly MadeColumn[] },
  table: string,
): Problem[] {
  return made.flatMap((m): Problem[] => {
    if (!key.includes(m.name) || m.expression.failed === undefined || m.masked) return [];
    return [
      {
        code: 'mapping_key_fallible',
        object: `${table}.${m.name}`,
        field: mappingField(table, m.name),
        message: `${table}.${m.name} identifies rows, and not every value of it can be computed.`,
        hint: 'Make the key of values that are always there: a plain column, or a map with otherwise "keep".',
      },
    ];
  });
}

function maskProblems(mapping: TableMapping, source: Relation, target: Relation, key: readonly string[]): Problem[] {
  const table = relationText(target);
  const unique = new Set([...key, ...(target.uniqueIndexes ?? []).flatMap((u) => u.columns)]);
  return Object.entries(mapping.columns).flatMap(([name, from]): Problem[] => {
    if (typeof from === 'string' || !('mask' in from) || !unique.has(name)) return [];
    const column = source.columns.find((c) => c.name === from.column);
    if (!column || from.mask.kind === 'keep' || isInjective(from.mask, column)) return [];
    const object = `${table}.${name}`;
    const message = `${object} is unique, and the mask ${from.mask.kind} gives different values the same one.`;
    const hint = 'Use a mask that keeps values apart, such as hash.';
    return [{ code: 'mask_not_unique', object, field: mappingField(table, name), message, hint }];
  });
}

/** What columns look up in tables of the source. */
const looksOf = ({ columns }: TableMapping) =>
  Object.fromEntries(
    Object.entries(columns).map(([name, from]) => {
      const own = lookupsOf(from).filter((l) => l.side === 'source');
      return [name, own.flatMap((l) => [`${l.table}.${l.match}`, `${l.table}.${l.take}`])];
    }),
  );

const codeOf = (masked: boolean): RowCode => (masked ? 'value_not_masked' : 'value_not_computable');

/** One SQL text for the first column that could not be computed, by its position among those that may fail. */
function markOf(fallible: readonly MadeColumn[]): { readonly mark?: string } {
  if (fallible.length === 0) return {};
  const cases = fallible.map((m, i) => `when ${m.expression.failed} then ${i + 1}`);
  return { mark: `case ${cases.join(' ')} end` };
}

function notesOf(source: Relation, made: readonly MadeColumn[], indexed: boolean): readonly string[] {
  const used = new Set(made.flatMap((m) => columnsIn(m.expression.sql, source)));
  const unused = source.columns.filter((c) => !used.has(c.name)).map((c) => c.name);
  return [
    ...(unused.length > 0 ? [`Columns of ${relationText(source)} that go nowhere: ${unused.join(', ')}.`] : []),
    ...(indexed ? [] : ['The key is computed: no index of the source finds a row by it, each look by key is a scan.']),
  ];
}

/**
 * A source table as a mapping makes it look: with the name, the columns and the keys of the target's table. To the rest of
 * the engine it is a table like any other; `mapped` says how it is read. Pure.
 */
export function mappedRelation(
  source: Relation,
  mapping: TableMapping,
  target: Relation,
  context: MappingContext,
): { readonly relation: Relation; readonly problems: readonly Problem[] } {
  const table = relationText(target);
  const { made, columns, problems } = makeAll(source, mapping, target, context);
  const { key = [], uniqueKeys } = keyFor(target, columns, context.keyColumns);
  const plain = Object.fromEntries(made.flatMap((m) => (m.plain === undefined ? [] : [[m.name, m.plain]])));
  const plainKey = key.flatMap((k) => plain[k] ?? []);
  const indexed = source.uniqueKeys.some((u) => u.every((c) => plainKey.includes(c)));
  const fallibleColumns = made.filter((m) => m.expression.failed !== undefined);
  const fallible = fallibleColumns.map((m): Fallible => ({ column: m.name, code: codeOf(m.masked) }));
  const list = made.map((m) => `${m.expression.sql} as ${ident(m.name)}`).join(', ');
  const { from: _, ...definition } = mapping;
  const version = createHash('sha256')
    .update(JSON.stringify([SCHEME, definition, context.keyColumns ?? null]))
    .digest('hex');
  const notes = notesOf(source, made, indexed || key.length === 0);
  const masked = made.filter((m) => m.masked).map((m) => m.name);
  const uses = made.filter((m) => !m.masked).map((m) => [m.name, columnsIn(m.expression.sql, source)] as const);
  return {
    relation: {
      ...source,
      schema: target.schema,
      name: target.name,
      columns,
      key: key.length > 0 ? key : undefined,
      uniqueKeys,
      foreignKeys: [],
      uniqueIndexes: [],
      mapped: {
        from: { schema: source.schema, name: source.name },
        select: { list, plain, fallible, ...markOf(fallibleColumns), indexed, version, notes },
        masked,
        uses: Object.fromEntries(uses),
        sql: Object.fromEntries(made.map((m) => [m.name, `(${m.expression.sql})`])),
        looks: looksOf(mapping),
      },
    },
    problems: [
      ...problems,
      ...keyProblems({ key, made }, table),
      ...maskProblems(mapping, source, target, key),
      ...strangers(mapping, target),
    ],
  };
}

/** Columns that the mapping names and the target does not have. */
function strangers(mapping: TableMapping, target: Relation): Problem[] {
  const table = relationText(target);
  const known = target.columns.map((c) => c.name);
  return Object.keys(mapping.columns)
    .filter((name) => !known.includes(name))
    .map((name) => {
      const like = near(name, known);
      return {
        code: 'column_not_found',
        side: 'target',
        object: `${table}.${name}`,
        field: mappingField(table, name),
        message: `The mapping fills ${table}.${name}, and the target table has no such column.`,
        ...(like && { hint: `Did you mean ${like}?` }),
      };
    });
}
