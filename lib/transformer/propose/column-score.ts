import { conversion } from '../../data-types/lattice.ts';
import { type Column, type Relation, relationText } from '../../model/table.ts';
import { columnNames, type Likeness, likeness, type Name, nameOf, type Word } from './names.ts';
import type { Shape } from './shapes.ts';
import { rawWords } from './words.ts';

/** What the proposer looks at of a table. */
export type CatalogTable = Pick<
  Relation,
  'schema' | 'name' | 'kind' | 'columns' | 'key' | 'uniqueKeys' | 'foreignKeys'
>;

/** A table taken apart once, however often it is compared. */
export interface TableView {
  readonly table: CatalogTable;
  readonly text: string;
  readonly title: Name;
  readonly columns: readonly ColumnView[];
}

export interface ColumnView {
  readonly column: Column;
  readonly name: Name;
  /** From 0 to 1, from the first column to the last. */
  readonly place: number;
  /** The whole key; part of one; a unique value of its own. */
  readonly role: 'key' | 'key_part' | 'unique' | undefined;
  /** The table it refers to. */
  readonly refersTo: string | undefined;
  readonly shape: Shape | undefined;
}

/** Words of a table's name that say nothing about it. */
const TITLE_NOISE = new Set([
  'tbl',
  'tb',
  't',
  'tab',
  'table',
  'mst',
  'master',
  'data',
  'info',
  'hdr',
  'dim',
  'fact',
  'dbo',
  'vw',
  'v',
]);

/** `shapes`: by column, where values were looked at. */
export function viewOf(table: CatalogTable, shapes: ReadonlyMap<string, Shape> = new Map()): TableView {
  const raw = rawWords(table.name);
  const title = raw.filter((word) => !TITLE_NOISE.has(word));
  const names = columnNames(table.columns.map((c) => c.name));
  const last = Math.max(1, table.columns.length - 1);
  return {
    table,
    text: relationText(table),
    title: nameOf(title.length > 0 ? title : raw),
    columns: table.columns.map((column, i) => {
      const refers = table.foreignKeys.find((f) => f.columns?.length === 1 && f.columns[0] === column.name);
      return {
        column,
        name: names[i] ?? nameOf(rawWords(column.name)),
        place: i / last,
        role: roleOf(table, column.name),
        refersTo: refers && relationText(refers.references),
        shape: shapes.get(column.name),
      };
    }),
  };
}

function roleOf(table: CatalogTable, column: string): ColumnView['role'] {
  if (table.key?.includes(column)) return table.key.length === 1 ? 'key' : 'key_part';
  return table.uniqueKeys.some((k) => k.length === 1 && k[0] === column) ? 'unique' : undefined;
}

/** Why two columns belong together, and how sure that is. */
export interface ColumnScore {
  /** From 0 to 1; 0: never. */
  readonly score: number;
  readonly reasons: readonly string[];
  readonly names: Likeness;
}

const NEVER: ColumnScore = { score: 0, reasons: [], names: { score: 0, pairs: [] } };

/** What is known beside the two columns. */
export interface PairContext {
  /** Words of both tables' names. */
  readonly entity: readonly Word[];
  /** Source table of each target table, as far as it is known. */
  readonly tables: ReadonlyMap<string, string>;
}

/** Tables are looked at three times, and names do not change: a column belongs to one table, and so do the words of both. */
const compared = new WeakMap<ColumnView, WeakMap<ColumnView, Likeness>>();

function namesOf(source: ColumnView, target: ColumnView, entity: readonly Word[]): Likeness {
  const known = compared.get(source) ?? new WeakMap<ColumnView, Likeness>();
  compared.set(source, known);
  const found = known.get(target) ?? likeness(source.name, target.name, entity);
  known.set(target, found);
  return found;
}

export function scoreColumns(source: ColumnView, target: ColumnView, context: PairContext): ColumnScore {
  const kind = typeFit(source.column, target.column);
  if (kind.factor === 0) return NEVER;
  const names = namesOf(source, target, context.entity);
  const structure = structureFit(source, target, context);
  const shape = shapeFit(source.shape, target.shape);
  const alike = Math.max(names.score, structure.atLeast) * kind.factor * structure.factor * shape.factor;
  if (alike === 0) return NEVER;
  const place = 0.03 * (1 - Math.abs(source.place - target.place));
  const score = Math.min(1, alike + structure.more + shape.more + place + kind.more);
  const reasons = [...nameReasons(source, target, names), ...structure.reasons, ...shape.reasons, ...kind.reasons];
  return { score, reasons, names };
}

function nameReasons(source: ColumnView, target: ColumnView, { score, pairs }: Likeness): readonly string[] {
  if (source.column.name === target.column.name) return ['same name'];
  if (pairs.length === 0) return score > 0 ? ['one name abbreviates the other'] : [];
  return [`names: ${pairs.map(([a, b]) => (a.text === b.text ? a.text : `${a.text} ~ ${b.text}`)).join(', ')}`];
}

interface Fit {
  readonly factor: number;
  readonly more: number;
  readonly reasons: readonly string[];
}

const TEXT_TYPES = ['text', 'varchar', 'bpchar', 'citext', 'name'];

function typeFit(source: Column, target: Column): Fit {
  const how = conversion(source, target);
  const [from, to] = [source.type.base.name, target.type.base.name];
  if (how === 'incompatible') return { factor: 0, more: 0, reasons: [] };
  if (how === 'same')
    return { factor: 1, more: target.declared.includes('(') ? 0.03 : 0.01, reasons: [`both ${target.declared}`] };
  const reasons = [
    `${source.declared} becomes ${target.declared}${how === 'lossy' ? ', which may lose something' : ''}`,
  ];
  // every type has a text form, which says little about whether two columns mean the same
  if (TEXT_TYPES.includes(to) && !TEXT_TYPES.includes(from))
    return { factor: ['bool', 'date', 'timestamp', 'timestamptz'].includes(from) ? 0.8 : 0.92, more: 0, reasons };
  return { factor: how === 'widening' ? 0.99 : 0.96, more: 0, reasons };
}

interface StructureFit extends Fit {
  /** Enough by itself, whatever the names. */
  readonly atLeast: number;
}

function structureFit(source: ColumnView, target: ColumnView, { tables }: PairContext): StructureFit {
  const plain = { atLeast: 0, factor: 1, more: 0, reasons: [] };
  if (source.refersTo !== undefined && target.refersTo !== undefined) {
    const known = tables.get(target.refersTo);
    if (known === undefined) return { ...plain, more: 0.05 };
    if (known === source.refersTo)
      return { atLeast: 0.6, factor: 1, more: 0.25, reasons: [`both refer to ${known} / ${target.refersTo}`] };
    return { ...plain, factor: 0.5 };
  }
  if (source.role === 'key' && target.role === 'key')
    return { atLeast: 0.62, factor: 1, more: 0.2, reasons: ['both are the key'] };
  if (source.role === 'key_part' && target.role === 'key_part')
    return { ...plain, more: 0.12, reasons: ['both are part of the key'] };
  if (source.role === 'unique' && target.role === 'unique')
    return { ...plain, more: 0.12, reasons: ['both are unique'] };
  const oneIsKey = (source.role === 'key') !== (target.role === 'key');
  return oneIsKey ? { ...plain, factor: 0.85 } : plain;
}

/** Shapes that say something; numbers and words may stand for anything. */
const TELLING: readonly (Shape | undefined)[] = ['email', 'url', 'uuid', 'ssn', 'phone', 'zip', 'year', 'flag'];

function shapeFit(a: Shape | undefined, b: Shape | undefined): Fit {
  if (a === undefined || b === undefined) return { factor: 1, more: 0, reasons: [] };
  if (a === b)
    return TELLING.includes(a)
      ? { factor: 1, more: 0.15, reasons: [`values look alike: ${a}`] }
      : { factor: 1, more: 0.03, reasons: [] };
  return { factor: TELLING.includes(a) || TELLING.includes(b) ? 0.6 : 0.9, more: 0, reasons: [] };
}
