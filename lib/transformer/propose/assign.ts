/** One possible pair: row and column of the matrix, and what it is worth; only those above 0 are given. */
export interface Edge {
  readonly row: number;
  readonly column: number;
  readonly score: number;
}

/** Of parts larger than this the best pairs are taken one by one: the exact way costs the cube of it. */
const LARGEST_EXACT = 300;

/**
 * The pairs with the largest total score in which every row and every column stands at most once (an assignment). What is not
 * connected is solved apart, so that a wide table costs little more than its columns.
 */
export function assign(edges: readonly Edge[]): readonly Edge[] {
  return connected(edges).flatMap((part) => {
    const rows = [...new Set(part.map((e) => e.row))];
    const columns = [...new Set(part.map((e) => e.column))];
    return Math.max(rows.length, columns.length) > LARGEST_EXACT ? greedy(part) : exact(part, rows, columns);
  });
}

function connected(edges: readonly Edge[]): readonly (readonly Edge[])[] {
  const root = new Map<string, string>();
  const find = (name: string): string => {
    let at = name;
    while ((root.get(at) ?? at) !== at) at = root.get(at) ?? at;
    return at;
  };
  for (const { row, column } of edges) root.set(find(`r${row}`), find(`c${column}`));
  const parts = new Map<string, Edge[]>();
  for (const edge of edges) {
    const part = parts.get(find(`r${edge.row}`)) ?? [];
    part.push(edge);
    parts.set(find(`r${edge.row}`), part);
  }
  return [...parts.values()];
}

function greedy(edges: readonly Edge[]): readonly Edge[] {
  const taken: Edge[] = [];
  const rows = new Set<number>();
  const columns = new Set<number>();
  for (const edge of [...edges].sort((a, b) => b.score - a.score)) {
    if (rows.has(edge.row) || columns.has(edge.column)) continue;
    taken.push(edge);
    rows.add(edge.row);
    columns.add(edge.column);
  }
  return taken;
}

/** The Hungarian method with potentials, on a square of costs; a pair without an edge costs nothing and is left out. */
function exact(edges: readonly Edge[], rows: readonly number[], columns: readonly number[]): readonly Edge[] {
  const n = Math.max(rows.length, columns.length);
  const [rowAt, columnAt] = [indexOf(rows), indexOf(columns)];
  const byPlace = new Map(edges.map((e) => [(rowAt.get(e.row) ?? 0) * n + (columnAt.get(e.column) ?? 0), e]));
  const cost = (row: number, column: number) => -(byPlace.get(row * n + column)?.score ?? 0);
  const u = new Float64Array(n + 1);
  const v = new Float64Array(n + 1);
  const match = new Int32Array(n + 1); // row of each column, from 1
  for (let row = 1; row <= n; row++) augment(row, { n, cost, u, v, match });
  return [...match].flatMap((row, column) => {
    const edge = row > 0 && column > 0 ? byPlace.get((row - 1) * n + column - 1) : undefined;
    return edge ? [edge] : [];
  });
}

interface Potentials {
  readonly n: number;
  readonly cost: (row: number, column: number) => number;
  readonly u: Float64Array;
  readonly v: Float64Array;
  readonly match: Int32Array;
}

/** Lets one more row in, along the cheapest path of rows that move over. Arrays are as long as n + 1. */
function augment(row: number, { n, cost, u, v, match }: Potentials): void {
  const least = new Float64Array(n + 1).fill(Number.POSITIVE_INFINITY);
  const way = new Int32Array(n + 1);
  const used = new Uint8Array(n + 1);
  const at = (array: Float64Array | Int32Array | Uint8Array, i: number) => array[i] ?? 0;
  match[0] = row;
  let column = 0;
  do {
    used[column] = 1;
    const from = at(match, column);
    let delta = Number.POSITIVE_INFINITY;
    let next = 0;
    for (let j = 1; j <= n; j++) {
      if (used[j]) continue;
      const reduced = cost(from - 1, j - 1) - at(u, from) - at(v, j);
      if (reduced < at(least, j)) {
        least[j] = reduced;
        way[j] = column;
      }
      if (at(least, j) < delta) {
        delta = at(least, j);
        next = j;
      }
    }
    for (let j = 0; j <= n; j++) {
      if (used[j]) {
        u[at(match, j)] = at(u, at(match, j)) + delta;
        v[j] = at(v, j) - delta;
      } else least[j] = at(least, j) - delta;
    }
    column = next;
  } while (at(match, column) !== 0);
  do {
    const before = at(way, column);
    match[column] = at(match, before);
    column = before;
  } while (column !== 0);
}

const indexOf = (values: readonly number[]) => new Map(values.map((value, i) => [value, i]));
