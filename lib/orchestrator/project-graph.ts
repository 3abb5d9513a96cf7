import { type Relation, relationText } from '../model/table.ts';

/** A foreign key between two tables of the job, by their names in the target. */
export interface Edge {
  readonly name: string;
  readonly child: string;
  readonly columns: readonly string[];
  readonly parent: string;
  readonly referenced: readonly string[];
}

/** How a closure is bounded. */
export interface Bounds {
  readonly root: string;
  readonly depth: number | undefined;
  /** Whether a table may be descended into, and whether it takes part at all. */
  readonly descends: (table: string) => boolean;
  readonly takesPart: (table: string) => boolean;
}

/** Rows of one table that are reached alike: by descending (to a level, where depth counts), or as parents. */
export interface GraphNode {
  readonly id: string;
  readonly table: string;
  readonly descended: boolean;
  /** Root rows are in it, whatever its entries. */
  readonly root?: true;
  readonly entries: { readonly from: string; readonly edge: Edge }[];
}

/** A foreign key that was not followed, and why. */
export interface Passed {
  readonly table: string;
  readonly edge: Edge;
  readonly why: 'excluded' | 'not_included' | 'depth' | 'excluded_parent';
}

export interface Graph {
  /** By id, the root first. */
  readonly nodes: ReadonlyMap<string, GraphNode>;
  readonly passed: readonly Passed[];
}

/** The foreign keys of one side among these tables. */
function edgesOf(tables: readonly Relation[], names: ReadonlySet<string>): readonly Edge[] {
  return tables.flatMap((t) =>
    t.foreignKeys.flatMap((f): Edge[] => {
      const [child, parent] = [relationText(t), relationText(f.references)];
      if (!names.has(child) || !names.has(parent)) return [];
      return [{ name: f.name, child, columns: f.columns ?? [], parent, referenced: f.referenced ?? [] }];
    }),
  );
}

/**
 * The foreign keys that either side has, each once. Those of the source count under a mapping only as far as the target has
 * them: a mapped table has names of its own. Partitions often repeat the key of their table under other names.
 */
export function allEdges(sources: readonly Relation[], targets: readonly Relation[]): readonly Edge[] {
  const names = new Set(sources.map(relationText));
  const mapped = new Set(sources.filter((s) => s.mapped).map(relationText));
  const own = edgesOf(sources, names).filter((e) => !mapped.has(e.child) && !mapped.has(e.parent));
  const seen = new Map<string, Edge>();
  for (const e of [...edgesOf(targets, names), ...own]) {
    const id = JSON.stringify([e.child, e.columns, e.parent, e.referenced]);
    if (!seen.has(id)) seen.set(id, e);
  }
  return [...seen.values()];
}

const levelId = (table: string, level: number) => `child ${level} ${table}`;
const parentId = (table: string) => `parent ${table}`;

/** Descends from the root, level by level where `depth` counts, else each table once. */
function descend(edges: readonly Edge[], bounds: Bounds, nodes: Map<string, GraphNode>, passed: Passed[]): void {
  const { root, depth, descends, takesPart } = bounds;
  const queue: (readonly [GraphNode, number])[] = [];
  const nodeAt = (table: string, level: number) => {
    const id = levelId(table, depth === undefined ? 0 : level);
    const found = nodes.get(id);
    if (found) return found;
    const first = nodes.size === 0 && { root: true as const };
    const node: GraphNode = { id, table, descended: true, ...first, entries: [] };
    nodes.set(id, node);
    queue.push([node, level]);
    return node;
  };
  nodeAt(root, 0);
  for (let next = queue.shift(); next; next = queue.shift()) {
    const [from, level] = next;
    for (const edge of edges.filter((e) => e.parent === from.table)) {
      const table = edge.child;
      const why = !takesPart(table)
        ? ('excluded' as const)
        : !descends(table)
          ? ('not_included' as const)
          : depth !== undefined && level >= depth
            ? ('depth' as const)
            : undefined;
      if (why) passed.push({ table, edge, why });
      else nodeAt(table, level + 1).entries.push({ from: from.id, edge });
    }
  }
}

/** Every row of the node came by this foreign key, so what it refers to is in the project already. */
const cameBy = (node: GraphNode, edge: Edge) =>
  node.descended && !node.root && node.entries.length > 0 && node.entries.every((e) => e.edge === edge);

/** Brings along what the nodes refer to, and what that refers to; never descends from it. */
function bringParents(edges: readonly Edge[], bounds: Bounds, nodes: Map<string, GraphNode>, passed: Passed[]): void {
  const queue = [...nodes.values()];
  for (let from = queue.shift(); from; from = queue.shift()) {
    for (const edge of edges.filter((e) => e.child === from?.table)) {
      if (cameBy(from, edge)) continue;
      if (!bounds.takesPart(edge.parent)) {
        passed.push({ table: edge.parent, edge, why: 'excluded_parent' });
        continue;
      }
      const id = parentId(edge.parent);
      const node: GraphNode = nodes.get(id) ?? { id, table: edge.parent, descended: false, entries: [] };
      if (!nodes.has(id)) {
        nodes.set(id, node);
        queue.push(node);
      }
      node.entries.push({ from: from.id, edge });
    }
  }
}

/** Which rows belong together with those of the root: descent starts there alone, parents come along. Pure. */
export function projectGraph(edges: readonly Edge[], bounds: Bounds): Graph {
  const nodes = new Map<string, GraphNode>();
  const passed: Passed[] = [];
  descend(edges, bounds, nodes, passed);
  bringParents(edges, bounds, nodes, passed);
  return { nodes, passed };
}
