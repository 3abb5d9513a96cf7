import type { GraphNode } from './project-graph.ts';

/** A node with its place: `cycle` is shared by nodes that reach each other. */
export interface PlacedNode {
  readonly node: GraphNode;
  readonly cycle?: number;
}

/** The node and everything it comes from. */
export function ancestry(ids: readonly string[], nodes: ReadonlyMap<string, GraphNode>): ReadonlySet<string> {
  const seen = new Set(ids);
  for (const id of seen) for (const { from } of nodes.get(id)?.entries ?? []) seen.add(from); // a Set is walked as it grows
  return seen;
}

/**
 * Nodes so that each stands behind everything it comes from, those of a circle together. Tarjan's components, which come out
 * in just that order. A node that comes from itself is a circle of one.
 */
export function inOrder(nodes: ReadonlyMap<string, GraphNode>): readonly PlacedNode[] {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const done = new Set<string>();
  const stack: string[] = [];
  const placed: PlacedNode[] = [];
  let cycles = 0;
  const visit = (id: string): void => {
    const own = index.size;
    index.set(id, own);
    low.set(id, own);
    stack.push(id);
    const lower = (n: number | undefined) => low.set(id, Math.min(low.get(id) ?? own, n ?? own));
    for (const { from } of nodes.get(id)?.entries ?? []) {
      if (!index.has(from)) visit(from);
      if (!done.has(from)) lower(low.get(from));
    }
    if (low.get(id) === own) close(id);
  };
  const close = (id: string): void => {
    const members = stack.splice(stack.indexOf(id));
    const round = members.length > 1 || nodes.get(id)?.entries.some((e) => e.from === id) === true;
    const cycle = round ? { cycle: cycles++ } : {};
    for (const member of members) {
      done.add(member);
      placed.push({ node: nodes.get(member) as GraphNode, ...cycle }); // ids come from the map
    }
  };
  for (const id of nodes.keys()) if (!index.has(id)) visit(id);
  return placed;
}
