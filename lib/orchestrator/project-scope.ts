import { createHash } from 'node:crypto';
import type { JobConfig } from '../model/config.ts';
import type { Side } from '../model/connection.ts';
import type {
  PlannedScope,
  ProjectRole,
  RootRows,
  ScopeEntry,
  ScopeNode,
  ScopeRoots,
  ScopeSide,
} from '../model/project.ts';
import type { Column, Relation } from '../model/table.ts';
import { keyOf } from '../validator/schema.ts';
import type { Graph, GraphNode } from './project-graph.ts';
import { ancestry, inOrder } from './project-order.ts';
import { plannedFilter } from './row-filter.ts';

export type Project = NonNullable<JobConfig['project']>;

/** Both ends of each table, by its name in the target. */
export type Pairs = ReadonlyMap<string, { readonly source: Relation; readonly target: Relation }>;

/** The name that a column has in the catalog of a side; undefined where a mapping computes it. */
export function nameOn(side: Side, source: Relation, column: string): string | undefined {
  return side === 'source' && source.mapped ? source.mapped.select.plain[column] : column;
}

/** Columns that a project goes by in each table: its key, and what the foreign keys stand on that were followed. */
export function carried(graph: Graph, pairs: Pairs, config: JobConfig): ReadonlyMap<string, readonly string[]> {
  const columns = new Map<string, Set<string>>();
  const add = (table: string, names: readonly string[]) => {
    const own = columns.get(table) ?? new Set();
    for (const name of names) own.add(name);
    columns.set(table, own);
  };
  for (const { table, entries } of graph.nodes.values()) {
    const pair = pairs.get(table);
    add(table, (pair && keyOf(pair.source, config)) ?? []);
    for (const { edge } of entries) {
      add(edge.child, edge.columns);
      add(edge.parent, edge.referenced);
    }
  }
  return new Map([...columns].map(([table, names]) => [table, [...names]]));
}

/** Key values of the root rows as texts, over these columns; a plain value is that of a key of one column. */
export function rootKeys(
  project: Project,
  key: readonly string[],
): { readonly columns: readonly string[]; readonly keys: readonly (readonly string[])[] } {
  const given = project.key === undefined ? [] : Array.isArray(project.key) ? project.key : [project.key];
  const first = given[0];
  const columns = typeof first === 'object' ? Object.keys(first) : key.slice(0, 1);
  const keys = given.map((k) => (typeof k === 'object' ? columns.map((c) => String(k[c])) : [String(k)]));
  return { columns, keys };
}

/** What one side's catalog says of the columns of a table. */
class SideNames {
  readonly side: Side;
  private readonly pairs: Pairs;

  constructor(side: Side, pairs: Pairs) {
    this.side = side;
    this.pairs = pairs;
  }

  /** Where the table is on this side. */
  place(table: string): Pick<ScopeNode, 'relation' | 'only'> {
    const { source, target } = this.pair(table);
    const own = this.side === 'source' ? (source.mapped?.from ?? source) : target;
    const inherited = this.side === 'source' ? source.inherited : target.inherited;
    return { relation: { schema: own.schema, name: own.name }, ...(inherited && { only: true as const }) };
  }

  column(table: string, name: string): Pick<Column, 'name' | 'type'> {
    const { source, target } = this.pair(table);
    const relation = this.side === 'source' ? source : target;
    const column = relation.columns.find((c) => c.name === name);
    const own = nameOn(this.side, source, name);
    if (!column || own === undefined) throw new TypeError(`${table}.${name} was not found fit for a project`);
    return { name: own, type: column.type };
  }

  private pair(table: string) {
    const pair = this.pairs.get(table);
    if (!pair) throw new TypeError(`${table} was not found fit for a project`);
    return pair;
  }
}

function rootsOn(names: SideNames, project: Project, key: readonly string[]): ScopeRoots {
  const of = (name: string) => names.column(project.root, name);
  if (project.where)
    return {
      filters: project.where.map((f) => ({ ...plannedFilter(f), column: of(f.column).name, type: of(f.column).type })),
    };
  const { columns, keys } = rootKeys(project, key);
  return { columns: columns.map(of), keys };
}

function entriesOn(
  names: SideNames,
  node: GraphNode,
  at: ReadonlyMap<string, number>,
  roots: ScopeRoots,
): readonly ScopeEntry[] {
  const linked = node.entries.map(({ from, edge }): ScopeEntry => {
    const down = node.descended;
    const [own, other] = down ? [edge.columns, edge.referenced] : [edge.referenced, edge.columns];
    const [ownTable, otherTable] = down ? [edge.child, edge.parent] : [edge.parent, edge.child];
    return {
      from: at.get(from) as number, // what a node comes from is among its ancestry
      match: own.map((c, i) => {
        const mine = names.column(ownTable, c);
        return { own: mine.name, other: names.column(otherTable, other[i] ?? '').name, type: mine.type };
      }),
    };
  });
  return [...(node.root ? [{ roots }] : []), ...linked];
}

/** A project as the catalogs of both sides draw it: everything that the scopes of its tables are made of. */
export interface ProjectPlan {
  readonly project: Project;
  readonly graph: Graph;
  readonly pairs: Pairs;
  readonly columns: ReadonlyMap<string, readonly string[]>;
  readonly keyOf: (table: string) => readonly string[];
}

/** The nodes of a table: those reached by descending, and the one that is there for what refers to it. */
const nodesOf = (graph: Graph, table: string) => [...graph.nodes.values()].filter((n) => n.table === table);

function sideOf(plan: ProjectPlan, table: string, side: Side): ScopeSide {
  const { project, graph, pairs, columns } = plan;
  const names = new SideNames(side, pairs);
  const own = nodesOf(graph, table);
  const wanted = ancestry(
    own.map((n) => n.id),
    graph.nodes,
  );
  const placed = inOrder(new Map([...graph.nodes].filter(([id]) => wanted.has(id))));
  const at = new Map(placed.map(({ node }, i) => [node.id, i]));
  const roots = rootsOn(names, project, plan.keyOf(project.root));
  const nodes = placed.map(
    ({ node, cycle }): ScopeNode => ({
      ...names.place(node.table),
      columns: (columns.get(node.table) ?? []).map((c) => names.column(node.table, c).name),
      entries: entriesOn(names, node, at, roots),
      ...(cycle !== undefined && { cycle }),
    }),
  );
  const positions = (some: readonly GraphNode[]) => some.map((n) => at.get(n.id) as number); // own are wanted
  return {
    nodes,
    members: positions(own),
    descended: positions(own.filter((n) => n.descended)),
    key: plan.keyOf(table).map((c) => names.column(table, c)),
  };
}

/** What a table is in the project. */
export function roleOf(graph: Graph, table: string): ProjectRole {
  const own = nodesOf(graph, table);
  if (own.every((n) => !n.descended)) return 'parent';
  if (own.some((n) => !n.descended)) return 'both';
  return own.some((n) => n.root) ? 'root' : 'child';
}

/** Changes with what the config says of the rows, not with what becomes of parents. */
export function identityOf({ parents: _, ...project }: Project): string {
  return createHash('sha256').update(JSON.stringify(project)).digest('hex');
}

/** The scope of one table of a project, on both sides. Pure. */
function scopeOf(plan: ProjectPlan, table: string): PlannedScope {
  return {
    role: roleOf(plan.graph, table),
    parents: plan.project.parents,
    identity: identityOf(plan.project),
    source: sideOf(plan, table, 'source'),
    target: sideOf(plan, table, 'target'),
  };
}

/** The scopes of all tables, by name. */
export const scopesOf = (plan: ProjectPlan): ReadonlyMap<string, PlannedScope> =>
  new Map([...plan.pairs.keys()].map((table) => [table, scopeOf(plan, table)]));

/** The root table of a side and what tells its rows. */
export function rootOn(plan: ProjectPlan, side: Side): RootRows {
  const names = new SideNames(side, plan.pairs);
  const { root } = plan.project;
  return { ...names.place(root), roots: rootsOn(names, plan.project, plan.keyOf(root)) };
}
