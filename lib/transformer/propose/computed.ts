import type { ColumnSource } from '../../model/mapping.ts';
import type { Column } from '../../model/table.ts';
import type { ColumnView, TableView } from './column-score.ts';
import type { TableMatch } from './match.ts';

/** A target column that is made of more than one source column. */
export interface ComputedMatch {
  readonly target: ColumnView;
  readonly from: readonly Column[];
  readonly expression: string;
  readonly confidence: number;
  readonly reasons: readonly string[];
}

const TEXT = ['text', 'varchar', 'citext'];

/** What of a name is neither first nor last nor name: whose name it is. */
function qualifiers(
  view: ColumnView,
  part: 'first' | 'last' | 'full',
  entity: ReadonlySet<string>,
): string | undefined {
  const meanings = view.name.words.map((w) => w.meanings[0] ?? w.text);
  if (part !== 'full' && !meanings.includes(part)) return undefined;
  if (!meanings.includes('name') && part === 'full') return undefined;
  const rest = meanings.filter((m) => ![part, 'name', 'full'].includes(m) && !entity.has(m));
  return rest.sort().join(' ');
}

/**
 * A full name out of first and last name: only where the source has exactly one such pair for whomever the target names, and the
 * target does not keep the parts as well.
 */
export function joinedNames(match: TableMatch): readonly ComputedMatch[] {
  const { source, target } = match;
  const entity = new Set([...source.title.words, ...target.title.words].map((w) => w.meanings[0] ?? w.text));
  const taken = new Set(match.columns.map((c) => c.source.column.name));
  const free = target.columns.filter((c) => !c.column.generated && !match.columns.some((m) => m.target === c));
  return free.flatMap((view): ComputedMatch[] => {
    const whose = TEXT.includes(view.column.type.base.name) ? qualifiers(view, 'full', entity) : undefined;
    if (whose === undefined) return [];
    const pick = (part: 'first' | 'last') =>
      source.columns.filter((c) => qualifiers(c, part, entity) === whose && TEXT.includes(c.column.type.base.name));
    const [first, last] = [pick('first'), pick('last')];
    const [a, b] = [first[0]?.column, last[0]?.column];
    if (!a || !b || first.length > 1 || last.length > 1 || taken.has(a.name) || taken.has(b.name)) return [];
    if (!isPlain(a.name) || !isPlain(b.name) || !fits(view.column, a, b)) return [];
    return [
      {
        target: view,
        from: [a, b],
        expression: joinOf(a, b),
        confidence: 0.85,
        reasons: [`${a.name} and ${b.name} together are the name`],
      },
    ];
  });
}

/** What an expression can name without quotes. */
const isPlain = (name: string) => /^[a-z_][a-z0-9_]*$/i.test(name);

const lengthOf = (c: Column) => Number(/\((\d+)\)/.exec(c.declared)?.[1] ?? Number.POSITIVE_INFINITY);
const fits = (target: Column, a: Column, b: Column) =>
  lengthOf(target) >= lengthOf(a) + lengthOf(b) + 1 || lengthOf(target) === Number.POSITIVE_INFINITY;

/** Nobody is called NULL: a part that is missing leaves the other. */
function joinOf(a: Column, b: Column): string {
  if (a.notNull && b.notNull) return `${a.name} + " " + ${b.name}`;
  return `trim(coalesce(${a.name}, "") + " " + coalesce(${b.name}, ""))`;
}

interface Geometry {
  readonly srid: number;
  readonly multi: boolean;
  readonly dimensions: number;
}

function geometryOf({ type, declared }: Column): Geometry | undefined {
  if (type.base.name !== 'geometry') return undefined;
  const [, kind = '', srid = '0'] = /\((\w+)(?:,(\d+))?\)/.exec(declared) ?? [];
  return {
    srid: Number(srid),
    multi: /^multi/i.test(kind),
    dimensions: /zm$/i.test(kind) ? 4 : /[zm]$/i.test(kind) ? 3 : 2,
  };
}

/** How a geometry becomes what the target declares; undefined where nothing is to be done. */
export function geometryStep(source: Column, target: Column): ColumnSource | undefined {
  const [from, to] = [geometryOf(source), geometryOf(target)];
  if (!from || !to) return undefined;
  const srid = from.srid > 0 && to.srid > 0 && from.srid !== to.srid ? to.srid : undefined;
  const dimensions =
    from.dimensions !== to.dimensions && (to.dimensions === 2 || to.dimensions === 3) ? to.dimensions : undefined;
  const multi = !from.multi && to.multi;
  if (srid === undefined && dimensions === undefined && !multi) return undefined;
  return {
    column: source.name,
    geometry: {
      transform: true,
      ...(srid !== undefined && { srid }),
      ...(dimensions !== undefined && { dimensions }),
      ...(multi && { multi }),
    },
  };
}

/** Columns of both tables that no match names, in their order. */
export function leftOver(match: TableMatch, computed: readonly ComputedMatch[]) {
  const used = new Set([
    ...match.columns.map((c) => c.source.column.name),
    ...computed.flatMap((c) => c.from.map((f) => f.name)),
  ]);
  const filled = new Set([
    ...match.columns.map((c) => c.target.column.name),
    ...computed.map((c) => c.target.column.name),
  ]);
  const rest = (view: TableView, gone: ReadonlySet<string>) =>
    view.columns.filter((c) => !gone.has(c.column.name)).map((c) => c.column);
  return { source: rest(match.source, used), target: rest(match.target, filled) };
}
