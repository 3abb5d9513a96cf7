import { type ForeignKey, type Relation, relationText } from '../model/table.ts';

/** Tables by level, parents before children; and the tables that foreign keys tie into a cycle. */
export interface Levels {
  readonly levels: readonly (readonly Relation[])[];
  /**
   * Nullable columns, by table name, that the order does not respect: rows are written without them where the row they
   * refer to is not there yet, and completed later. They break the cycles; references of a table to itself are among them.
   */
  readonly nullFirst: ReadonlyMap<string, readonly string[]>;
  /** A cycle of foreign keys over NOT NULL columns, in order, each table referring to the next. Empty: no such cycle. */
  readonly cycle: readonly Relation[];
}

/** A foreign key between two tables of the job. */
interface Edge {
  readonly child: string;
  readonly parent: string;
  readonly key: ForeignKey;
}

type Graph = ReadonlyMap<string, readonly string[]>;

function graphOf(names: readonly string[], edges: readonly Edge[]): Graph {
  const graph = new Map<string, string[]>(names.map((n) => [n, []]));
  for (const e of edges) graph.get(e.child)?.push(e.parent);
  return graph;
}

/** Some cycle of the graph, or undefined. Depth first, without recursion: 200 tables may form one chain. */
function findCycle(graph: Graph): readonly string[] | undefined {
  const done = new Set<string>();
  for (const start of graph.keys()) {
    const path: { name: string; next: number }[] = [{ name: start, next: 0 }];
    while (path.length > 0) {
      const top = path.at(-1) as { name: string; next: number }; // path is not empty
      const parent = graph.get(top.name)?.[top.next++];
      if (done.has(top.name) || parent === undefined) {
        done.add(top.name);
        path.pop();
        continue;
      }
      const at = path.findIndex((p) => p.name === parent);
      if (at >= 0) return path.slice(at).map((p) => p.name);
      if (!done.has(parent)) path.push({ name: parent, next: 0 });
    }
  }
  return undefined;
}

/** The strongly connected component of each name: two names share one when each can be reached from the other. Tarjan. */
function components(graph: Graph): ReadonlyMap<string, number> {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const component = new Map<string, number>();
  const stack: string[] = [];
  const visit = (name: string) => {
    index.set(name, index.size);
    low.set(name, index.get(name) as number); // set above
    stack.push(name);
    for (const parent of graph.get(name) ?? []) {
      if (!index.has(parent)) visit(parent);
      if (!component.has(parent)) low.set(name, Math.min(low.get(name) as number, low.get(parent) as number));
    }
    if (low.get(name) !== index.get(name)) return;
    const id = component.size;
    for (let member = stack.pop(); member !== undefined; member = stack.pop()) {
      component.set(member, id);
      if (member === name) return;
    }
  };
  for (const name of graph.keys()) if (!index.has(name)) visit(name);
  return component;
}

const canWait = (e: Edge) => (e.key.nullable ?? []).length > 0;

/**
 * The foreign keys to leave out so that no cycle is left: nullable ones within a component, none of which could stay. Not
 * always the smallest choice (that is NP-hard), but no smaller part of it would do.
 */
function brokenEdges(names: readonly string[], edges: readonly Edge[]): readonly Edge[] {
  const component = components(graphOf(names, edges));
  const loose = edges.filter((e) => canWait(e) && component.get(e.child) === component.get(e.parent));
  const kept = edges.filter((e) => !loose.includes(e));
  const broken: Edge[] = [];
  for (const e of loose) {
    if (findCycle(graphOf(names, [...kept, e]))) broken.push(e);
    else kept.push(e);
  }
  return broken;
}

function levelsOf(tables: readonly Relation[], graph: Graph): Relation[][] {
  const placed = new Set<string>();
  const levels: Relation[][] = [];
  let rest = [...tables];
  while (rest.length > 0) {
    const level = rest.filter((t) => graph.get(relationText(t))?.every((p) => placed.has(p)));
    levels.push(level);
    for (const t of level) placed.add(relationText(t));
    rest = rest.filter((t) => !placed.has(relationText(t)));
  }
  return levels;
}

/** Orders tables by their foreign keys: each level refers only to tables of earlier levels, but for `nullFirst`. */
export function foreignKeyLevels(tables: readonly Relation[]): Levels {
  const byName = new Map(tables.map((t) => [relationText(t), t]));
  const all = tables.flatMap((t) =>
    t.foreignKeys.map((key): Edge => ({ child: relationText(t), parent: relationText(key.references), key })),
  );
  const edges = all.filter((e) => e.child !== e.parent && byName.has(e.parent));
  const names = [...byName.keys()];
  const broken = brokenEdges(names, edges);
  const graph = graphOf(
    names,
    edges.filter((e) => !broken.includes(e)),
  );
  const nullFirst = new Map<string, readonly string[]>();
  for (const e of [...broken, ...all.filter((e) => e.child === e.parent && canWait(e))]) {
    nullFirst.set(e.child, [...new Set([...(nullFirst.get(e.child) ?? []), ...(e.key.nullable ?? [])])]);
  }
  const cycle = (findCycle(graph) ?? []).map((n) => byName.get(n) as Relation); // names come from it
  return { levels: cycle.length > 0 ? [] : levelsOf(tables, graph), nullFirst, cycle };
}
