import { SyncError } from '../../model/errors.ts';
import { assign, type Edge } from './assign.ts';
import { type ColumnScore, type ColumnView, scoreColumns, type TableView } from './column-score.ts';
import { likeness, type Word } from './names.ts';

/** A source column that belongs to a target column. */
export interface ColumnMatch {
  readonly source: ColumnView;
  readonly target: ColumnView;
  readonly confidence: number;
  readonly reasons: readonly string[];
}

export interface TableMatch {
  readonly source: TableView;
  readonly target: TableView;
  readonly confidence: number;
  readonly reasons: readonly string[];
  readonly columns: readonly ColumnMatch[];
}

/** Below it two columns are left apart: a wrong pair costs more than a missing one. */
const COLUMN_THRESHOLD = 0.58;
const TABLE_THRESHOLD = 0.42;
/** A second target table of the same source table must be covered this well: the source was split. */
const SPLIT_THRESHOLD = 0.55;
/** How many source tables are looked at closely for each target table. */
const CANDIDATES = 6;

type TableMap = ReadonlyMap<string, string>;

/**
 * Every target table that has a source, with its columns. Looks three times: references are evidence once tables are known.
 * Throws `suggestion_too_large` where more than `mostCells` pairs of columns would have to be compared.
 */
export function matchTables(
  sources: readonly TableView[],
  targets: readonly TableView[],
  mostCells = Number.POSITIVE_INFINITY,
): readonly TableMatch[] {
  const meanings = sources.map(meaningsIn);
  const candidates = targets.map((target) => candidatesOf(sources, meanings, target));
  const cells = targets.reduce((sum, target, i) => sum + target.columns.length * columnsOf(sources, candidates[i]), 0);
  if (cells > mostCells)
    throw new SyncError(
      'suggestion_too_large',
      `${cells} pairs of columns would have to be compared, and at most ${mostCells} are`,
    );
  let found = matchOnce(sources, targets, candidates, new Map());
  for (let look = 0; look < 2; look++)
    found = matchOnce(sources, targets, candidates, new Map(found.map((m) => [m.target.text, m.source.text])));
  return found;
}

const columnsOf = (sources: readonly TableView[], rows: readonly number[] = []) =>
  rows.reduce((sum, row) => sum + (sources[row]?.columns.length ?? 0), 0);

function matchOnce(
  sources: readonly TableView[],
  targets: readonly TableView[],
  candidates: readonly (readonly number[])[],
  tables: TableMap,
): readonly TableMatch[] {
  const possible = targets.flatMap((target, column) =>
    (candidates[column] ?? []).map((row) => {
      const source = sources[row] as TableView; // an index of sources
      return { row, column, match: matchColumns(source, target, tables) };
    }),
  );
  const edges = possible.filter(({ match }) => match.confidence >= TABLE_THRESHOLD);
  const scored: readonly Edge[] = edges.map(({ row, column, match }) => ({ row, column, score: match.confidence }));
  const chosen = new Map(assign(scored).map((e) => [e.column, e.row]));
  return targets.flatMap((_, column) => {
    const own = edges.filter((e) => e.column === column);
    const row = chosen.get(column);
    if (row !== undefined) return own.filter((e) => e.row === row).map((e) => e.match);
    const best = [...own].sort((a, b) => b.match.confidence - a.match.confidence)[0]?.match;
    return best && coverage(best) >= SPLIT_THRESHOLD
      ? [{ ...best, reasons: [...best.reasons, 'its columns come from a table that is split'] }]
      : [];
  });
}

const coverage = (match: TableMatch) => match.columns.length / Math.max(1, match.target.columns.length);

/** The most promising source tables, by the words of their columns and their names. */
function candidatesOf(
  sources: readonly TableView[],
  meanings: readonly ReadonlySet<string>[],
  target: TableView,
): readonly number[] {
  if (sources.length <= CANDIDATES) return sources.map((_, i) => i);
  const wanted = meaningsIn(target);
  return sources
    .map((source, i) => {
      const has = meanings[i] ?? new Set();
      const shared = [...wanted].filter((m) => has.has(m)).length;
      return { i, score: shared / Math.sqrt(wanted.size * has.size || 1) + likeness(source.title, target.title).score };
    })
    .sort((a, b) => b.score - a.score)
    .slice(0, CANDIDATES)
    .map(({ i }) => i);
}

function meaningsIn(view: TableView): ReadonlySet<string> {
  const words = view.columns.flatMap((c) => c.name.words);
  return new Set(words.flatMap((w) => (w.meanings.length > 0 ? w.meanings : [w.stem])));
}

/** The columns of one target table out of one source table. */
export function matchColumns(source: TableView, target: TableView, tables: TableMap): TableMatch {
  const entity: readonly Word[] = [...source.title.words, ...target.title.words];
  const scores = new Map<string, ColumnScore>();
  const edges: Edge[] = [];
  for (const [row, from] of source.columns.entries())
    for (const [column, to] of target.columns.entries()) {
      if (to.column.generated) continue;
      const score = scoreColumns(from, to, { entity, tables });
      if (score.score < COLUMN_THRESHOLD) continue;
      scores.set(`${row} ${column}`, score);
      edges.push({ row, column, score: score.score });
    }
  const columns = assign(edges)
    .map(
      ({ row, column, score }): ColumnMatch => ({
        source: source.columns[row] as ColumnView, // indexes of the two lists
        target: target.columns[column] as ColumnView,
        confidence: Math.min(0.99, score),
        reasons: scores.get(`${row} ${column}`)?.reasons ?? [],
      }),
    )
    .sort((a, b) => a.target.place - b.target.place);
  return describeMatch(source, target, withNeighbours(source, target, columns));
}

function describeMatch(source: TableView, target: TableView, columns: readonly ColumnMatch[]): TableMatch {
  const title = likeness(source.title, target.title);
  const sum = columns.reduce((total, c) => total + c.confidence, 0);
  const covered = sum / Math.max(1, target.columns.length);
  const used = sum / Math.max(1, source.columns.length);
  // 0.5 a share: names of tables are renamed more freely than their columns; a split table is not used up
  const confidence = 0.3 * title.score + 0.5 * covered + 0.2 * used;
  const names = title.pairs.map(([a, b]) => (a.text === b.text ? a.text : `${a.text} ~ ${b.text}`));
  return {
    source,
    target,
    confidence: Math.min(0.99, confidence),
    reasons: [
      ...(names.length > 0 ? [`names: ${names.join(', ')}`] : []),
      `${columns.length} of ${target.columns.length} columns have a source`,
    ],
    columns,
  };
}

/** A guess, and marked as one. */
const NEIGHBOUR_CONFIDENCE = 0.6;

/**
 * Columns whose names say nothing to us, but which stand between the same columns on both sides and are declared alike. Only in
 * tables of which most is known, and only where a word is in no dictionary: two words that are known and differ, differ.
 */
function withNeighbours(source: TableView, target: TableView, columns: readonly ColumnMatch[]): readonly ColumnMatch[] {
  if (columns.length < target.columns.length / 2) return columns;
  const sourceOf = new Map(columns.map((c) => [target.columns.indexOf(c.target), source.columns.indexOf(c.source)]));
  const taken = new Set(sourceOf.values());
  const found = target.columns.flatMap((to, i): ColumnMatch[] => {
    if (sourceOf.has(i) || to.column.generated) return [];
    const [before, after] = [sourceOf.get(i - 1), sourceOf.get(i + 1)];
    const at = before !== undefined ? before + 1 : after !== undefined ? after - 1 : -1;
    const from = source.columns[at];
    const between = (i === 0 || before === at - 1) && (i === target.columns.length - 1 || after === at + 1);
    if (!from || !between || taken.has(at) || !alikeButUnknown(from, to)) return [];
    const reasons = ['stands between the same columns', `both ${to.column.declared}`];
    return [{ source: from, target: to, confidence: NEIGHBOUR_CONFIDENCE, reasons }];
  });
  return [...columns, ...found];
}

function alikeButUnknown(from: ColumnView, to: ColumnView): boolean {
  const unknown = (view: ColumnView) => view.name.words.some((w) => w.meanings.length === 0 && w.weight >= 1);
  const { column } = to;
  const alike =
    from.column.declared === column.declared && from.column.notNull === column.notNull && from.role === to.role;
  return alike && from.refersTo === undefined && to.refersTo === undefined && (unknown(from) || unknown(to));
}
