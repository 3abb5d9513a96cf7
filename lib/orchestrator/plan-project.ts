import type { JobConfig } from '../model/config.ts';
import { problemsError, SyncError } from '../model/errors.ts';
import type { ScopeSide } from '../model/project.ts';
import type { PassedReason, ProjectPlanView } from '../model/project-plan.ts';
import { relationText } from '../model/table.ts';
import type { ProjectDatabase } from '../ports.ts';
import { keyOf } from '../validator/schema.ts';
import type { Preflight } from './preflight.ts';
import type { Graph, GraphNode, Passed } from './project-graph.ts';
import { missingIndexes } from './project-indexes.ts';
import { type ProjectPlan, scopesOf } from './project-scope.ts';
import { type LookPorts, lookAtEnds, type StartRequest } from './start-job.ts';

/** A shortest way from the root to every node, by the names of the foreign keys. */
function pathsOf({ nodes }: Graph): ReadonlyMap<string, readonly string[]> {
  const next = Map.groupBy(
    [...nodes.values()].flatMap((node) => node.entries.map((e) => ({ ...e, node }))),
    (e) => e.from,
  );
  const [root] = nodes.keys();
  const paths = new Map<string, readonly string[]>(root === undefined ? [] : [[root, []]]);
  for (const [id, path] of paths) // a Map is walked as it grows
    for (const { node, edge } of next.get(id) ?? []) if (!paths.has(node.id)) paths.set(node.id, [...path, edge.name]);
  return paths;
}

/** Every foreign key that brings rows of these nodes, each once. */
function viaOf(own: readonly GraphNode[]): ProjectPlanView['tables'][number]['via'] {
  const all = own.flatMap((node) =>
    node.entries.map(({ edge }) =>
      node.descended
        ? { constraint: edge.name, table: edge.parent, as: 'child' as const }
        : { constraint: edge.name, table: edge.child, as: 'parent' as const },
    ),
  );
  return [...new Map(all.map((v) => [JSON.stringify(v), v])).values()];
}

const NOTES: Readonly<Record<PassedReason, string>> = {
  excluded: 'Its rows take no part: exclude names it.',
  not_included: 'It is not descended into: include does not name it.',
  depth: 'It is not descended into: it is deeper below the root than depth allows.',
  excluded_parent:
    'Rows of the project refer to rows of it, which are not brought along: exclude names it. A row whose reference the target lacks goes into quarantine as fk_missing.',
};

function passedOver(passed: readonly Passed[]): ProjectPlanView['excluded'] {
  const all = passed.map(({ table, edge, why }) => ({
    table,
    constraint: edge.name,
    other: why === 'excluded_parent' ? edge.child : edge.parent,
    why,
    note: NOTES[why],
  }));
  return [...new Map(all.map((p) => [JSON.stringify(p), p])).values()];
}

/** Rows of one side, or null where the server took too long to count them. */
async function countOf(database: ProjectDatabase, side: ScopeSide): Promise<number | null> {
  try {
    return await database.scopeRows(side);
  } catch (error) {
    if (error instanceof SyncError && error.code === 'statement_timeout') return null;
    throw error;
  }
}

/** What both catalogs make of a project, with the rows that each side has of it now. Reads only. */
async function describe(
  found: Preflight,
  project: ProjectPlan,
  config: JobConfig,
  ends: { readonly source: ProjectDatabase; readonly target: ProjectDatabase },
): Promise<ProjectPlanView> {
  const paths = pathsOf(project.graph);
  const scopes = scopesOf(project);
  const tables: ProjectPlanView['tables'] = [];
  for (const { source } of found.tables) {
    const name = relationText(source);
    const scope = scopes.get(name);
    if (!scope) continue;
    const own = [...project.graph.nodes.values()].filter((n) => n.table === name);
    const ways = own.map((n) => paths.get(n.id) ?? []).sort((a, b) => a.length - b.length);
    const [s, t] = await Promise.all([countOf(ends.source, scope.source), countOf(ends.target, scope.target)]);
    tables.push({
      name,
      role: scope.role,
      ...(source.mapped && { from: relationText(source.mapped.from) }),
      key: [...(keyOf(source, config) ?? [])],
      path: [...(ways[0] ?? [])],
      via: viaOf(own),
      rows: { source: s, target: t },
    });
  }
  const { root, parents } = project.project;
  const missing = await missingIndexes(project.graph, project.pairs, ends);
  return { root, parents, tables, excluded: passedOver(project.graph.passed), missing_indexes: missing };
}

/** Says what a start with this config would sync, and starts nothing. Throws what a start would throw. */
export async function planProject(
  request: Pick<StartRequest, 'jobId' | 'pair' | 'config'>,
  ports: LookPorts<ProjectDatabase>,
): Promise<ProjectPlanView> {
  const { config } = request;
  if (!config.project)
    throw problemsError([{ code: 'required', field: '/config/project', message: 'A plan needs a project.' }]);
  return lookAtEnds(request, ports, (found, ends) => {
    if (!found.project) throw new TypeError('a project was asked for');
    return describe(found, found.project, config, ends);
  });
}
