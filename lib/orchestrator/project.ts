import { type JobConfig, writesBoth } from '../model/config.ts';
import type { Problem } from '../model/errors.ts';
import type { StrategyFacts } from '../model/strategy.ts';
import { type Relation, relationText } from '../model/table.ts';
import { keyOf } from '../validator/schema.ts';
import { columnInScope, columnNames, filterProblems, isView, matcher, unknownTable } from '../validator/scope.ts';
import { allEdges, projectGraph } from './project-graph.ts';
import { carried, nameOn, type Pairs, type Project, type ProjectPlan, rootKeys } from './project-scope.ts';

const FIELD = '/config/project';

const refused = (field: string, message: string, hint: string): Problem => ({
  code: 'project_unsupported',
  field,
  message,
  hint,
});

/** Options that would be contradicted, or under which rows of a project would be missed: whether they are given, and what to say. */
const UNSUPPORTED: readonly (readonly [
  field: string,
  given: (config: JobConfig, strategy: StrategyFacts) => unknown,
  message: string,
  hint: string,
])[] = [
  [
    'tables',
    ({ tables }) => tables.include || tables.exclude,
    'The tables of a project are those of its closure.',
    'Use include and exclude of project.',
  ],
  [
    'filters',
    ({ filters }) => Object.keys(filters).length > 0,
    'A filter would cut rows out of a project that others refer to.',
    'Leave out filters.',
  ],
  [
    'direction',
    writesBoth,
    'A row that leaves a project cannot be told from one that the target has deleted.',
    'Use direction "source_to_target".',
  ],
  [
    'detection_strategy',
    (_, strategy) => strategy.incremental,
    'A row enters or leaves a project when a row above it moves, and this strategy sees changed rows only.',
    'Use "hash", "content" or "primary_key", in incremental jobs too.',
  ],
  [
    'max_quiet_runs',
    (config) => config.max_quiet_runs > 0,
    'Rows of a quiet table enter or leave a project when a row of another table moves.',
    'Leave out max_quiet_runs.',
  ],
];

const optionProblems = (config: JobConfig, strategy: StrategyFacts): Problem[] =>
  UNSUPPORTED.flatMap(([field, given, message, hint]) =>
    given(config, strategy) ? [refused(`/config/${field}`, message, hint)] : [],
  );

const invalid = (field: string, message: string, hint: string, object?: string): Problem => ({
  code: 'project_invalid',
  field: `${FIELD}${field}`,
  message,
  hint,
  ...(object && { object }),
});

/** What is wrong with how the root rows are told. */
function rootProblems(root: Relation, project: Project, config: JobConfig): Problem[] {
  const key = keyOf(root, config) ?? [];
  if ((project.key === undefined) === (project.where === undefined))
    return [invalid('', 'A project is told by key or by where, one of them.', 'Give exactly one of key and where.')];
  if (project.where) return project.where.flatMap((f) => filterProblems(root, f, `${FIELD}/where`));
  const given = Array.isArray(project.key) ? project.key : [project.key];
  const shapes = new Set(given.map((k) => (typeof k === 'object' ? Object.keys(k).sort().join('\0') : '')));
  if (shapes.size > 1) {
    return [invalid('/key', 'The keys of a project name different columns.', 'Name the same columns in each of them.')];
  }
  if (shapes.has('') && (key.length !== 1 || typeof given[0] === 'object')) {
    const hint = `Give an object with a value for each of (${key.join(', ')}).`;
    return [invalid('/key', `The key of ${relationText(root)} has ${key.length} columns.`, hint, relationText(root))];
  }
  return columnNames(root, rootKeys(project, key).columns, `${FIELD}/key`);
}

/** Tables that a project cannot take part with, and columns that it goes by and cannot see on both sides. */
function tableProblems(columns: ReadonlyMap<string, readonly string[]>, pairs: Pairs, config: JobConfig): Problem[] {
  return [...columns].flatMap(([table, names]): Problem[] => {
    const pair = pairs.get(table);
    if (!pair) return []; // that the target lacks it is said elsewhere
    const { source, target } = pair;
    if (!keyOf(source, config)) {
      const hint = `Add a primary key, name key_columns for ${table}, or name it in exclude of project.`;
      return [
        {
          code: 'no_key',
          side: 'source',
          object: table,
          message: `${table} has no key, so nobody can say which of its rows belong to the project.`,
          hint,
        },
      ];
    }
    return names.flatMap((name): Problem[] => {
      const object = `${table}.${name}`;
      const [s, t] = [source, target].map((r) => r.columns.find((c) => c.name === name));
      if (!s || !t || nameOn('source', source, name) === undefined)
        return [
          invalid(
            '',
            `The project goes by ${object}, which is not a plain column of both sides.`,
            `Take the column over as it is, or name ${table} in exclude of project.`,
            object,
          ),
        ];
      if (columnInScope(source, s, config)) return [];
      return [
        {
          code: 'tables_contradiction',
          field: '/config/columns',
          object,
          message: `The project goes by ${object}, which cannot be left out.`,
        },
      ];
    });
  });
}

/** Tables that a config names and that are not in the closure, or nowhere. */
function nameProblems(project: Project, all: readonly Relation[]): Problem[] {
  const known = all.map(relationText);
  return (['include', 'exclude'] as const).flatMap((list) =>
    (project[list] ?? [])
      .filter((pattern) => !known.some(matcher(pattern)))
      .map((name) => unknownTable(name, `${FIELD}/${list}`, known)),
  );
}

/**
 * The tables of a project in the source, and what is wrong with it. `sources`: as a mapping makes them look. Pure.
 */
export function projectTables(
  project: Project,
  sources: readonly Relation[],
  targets: readonly Relation[],
  { config, strategy }: { readonly config: JobConfig; readonly strategy: StrategyFacts },
): { readonly tables: readonly Relation[]; readonly problems: readonly Problem[]; readonly found?: ProjectPlan } {
  const all = sources.filter((s) => !isView(s) || s.mapped);
  const options = optionProblems(config, strategy);
  const root = all.find((t) => relationText(t) === project.root);
  if (!root)
    return { tables: [], problems: [...options, unknownTable(project.root, `${FIELD}/root`, all.map(relationText))] };
  const included = (project.include ?? ['*']).map(matcher);
  const excluded = (project.exclude ?? []).map(matcher);
  const takesPart = (table: string) => !excluded.some((m) => m(table));
  const edges = allEdges(all, targets);
  const graph = projectGraph(edges, {
    root: project.root,
    depth: project.depth,
    takesPart,
    descends: (table) => included.some((m) => m(table)) || table === project.root,
  });
  const names = new Set([...graph.nodes.values()].map((n) => n.table));
  const tables = all.filter((t) => names.has(relationText(t)));
  const inTarget = new Map(targets.map((t) => [relationText(t), t]));
  const pairs: Pairs = new Map(
    tables.flatMap((source) => {
      const target = inTarget.get(relationText(source));
      return target ? [[relationText(source), { source, target }] as const] : [];
    }),
  );
  const columns = carried(graph, pairs, config);
  const problems = [
    ...options,
    ...nameProblems(project, all),
    ...(takesPart(project.root)
      ? []
      : [
          {
            code: 'tables_contradiction' as const,
            field: `${FIELD}/exclude`,
            object: project.root,
            message: `${project.root} is the root of the project and cannot be left out.`,
          },
        ]),
    ...rootProblems(root, project, config),
    ...tableProblems(columns, pairs, config),
  ];
  const keys = (table: string) => keyOf(pairs.get(table)?.source ?? root, config) ?? [];
  return { tables, problems, found: { project, graph, pairs, columns, keyOf: keys } };
}
