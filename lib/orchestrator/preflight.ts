import { detectionStrategy } from '../change-detector/registry.ts';
import { conflictStrategy } from '../conflict-resolver/registry.ts';
import { type JobConfig, writesBoth } from '../model/config.ts';
import type { ServerFacts } from '../model/connection.ts';
import { type Problem, problemsError, SyncError } from '../model/errors.ts';
import { mappingField } from '../model/mapping.ts';
import { type Relation, relationText } from '../model/table.ts';
import type { CatalogDatabase } from '../ports.ts';
import { bothWaysProblems } from '../validator/both-ways.ts';
import { streamProblems } from '../validator/change-stream.ts';
import { conflictProblems } from '../validator/conflicts.ts';
import { equalityProblems } from '../validator/equality.ts';
import { needProblems } from '../validator/needs.ts';
import { piiProblems } from '../validator/pii.ts';
import { versionProblems, writtenProblems } from '../validator/rights.ts';
import { isKeyless, schemaProblems } from '../validator/schema.ts';
import { namedElsewhere, scopeProblems, tablesInScope } from '../validator/scope.ts';
import { streamName } from './conflict-plan.ts';
import { foreignKeyLevels } from './levels.ts';
import { expressionFacts, mappedTables } from './mapped-tables.ts';
import { projectTables } from './project.ts';
import type { ProjectPlan } from './project-scope.ts';
import { ruledTables } from './ruled-tables.ts';

/** What both ends look like, found fit for the job. */
export interface Preflight {
  readonly source: ServerFacts;
  readonly target: ServerFacts;
  /** Every table of the target. */
  readonly targets: readonly Relation[];
  /** Source tables in the order they are applied, with their level; positions number the tables of the job. */
  readonly tables: readonly {
    readonly level: number;
    readonly source: Relation;
    readonly target: Relation;
    /** Nullable foreign-key columns that the order of the tables does not respect. */
    readonly nullFirst: readonly string[];
  }[];
  /** Of a job over a project. */
  readonly project?: ProjectPlan;
}

/** A job of more tables needs paging over executions, which comes with issue 3. */
const MAX_TABLES = 2_000;

function cycleProblems(cycle: readonly Relation[], config: JobConfig): Problem[] {
  if (cycle.length === 0 || config.triggers === 'suppress') return [];
  const names = cycle.map(relationText);
  const path = [...names, names[0]].join(' -> ');
  return [
    {
      code: 'fk_cycle',
      side: 'target',
      object: names.join(', '),
      message: `Foreign keys over NOT NULL columns form a cycle: ${path}.`,
      hint: 'Make a column of one of these foreign keys nullable, or use triggers: "suppress".',
    },
  ];
}

/**
 * Whether both connections lead to one database. A physical copy on another server has the same identity and is another
 * database: a mark left on one side tells, because only sessions of the same server see it. A standby sees no mark of its
 * primary and is no other database all the same.
 */
async function refuseSameDatabase(
  [source, s]: readonly [CatalogDatabase, ServerFacts],
  [target, t]: readonly [CatalogDatabase, ServerFacts],
): Promise<void> {
  if (s.system_identifier !== t.system_identifier || s.database_oid !== t.database_oid) return;
  if (s.standby || t.standby) {
    throw new SyncError('same_database', 'One of source and target is a standby of the other, or of a copy of it.');
  }
  if (await target.withMark((mark) => source.seesMark(mark)))
    throw new SyncError('same_database', 'Source and target are the same database.');
}

/** Keys that the config gives and the catalog does not vouch for are looked up in the rows of both sides. */
async function keyClashProblems(
  source: CatalogDatabase,
  target: CatalogDatabase,
  pairs: readonly { readonly source: Relation; readonly target: Relation }[],
  config: JobConfig,
): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const pair of pairs) {
    const table = pair.source;
    const unsure = table.kind === 'm' || table.mapped?.select.indexed === false;
    const given = config.key_columns[relationText(table)];
    const key = given ?? (unsure ? table.key : undefined);
    if (!key) continue;
    for (const [side, database] of [
      ['source', source],
      ['target', target],
    ] as const) {
      const clashes = await database.keyClashes(pair[side], key);
      if (clashes === 0) continue;
      const object = relationText(table);
      problems.push({
        code: 'key_not_unique',
        side,
        object,
        field: given || !table.mapped ? '/config/key_columns' : mappingField(object),
        message: `In the ${side}, ${clashes === 1000 ? 'at least ' : ''}${clashes} keys of ${object} over (${key.join(', ')}) repeat or are NULL.`,
      });
    }
  }
  return problems;
}

/** The tables with the references that either side checks: in a job that writes to both, both decide the order. */
function referring(tables: readonly Relation[], sources: readonly Relation[]): readonly Relation[] {
  const bySource = new Map(sources.map((s) => [relationText(s), s.foreignKeys]));
  return tables.map((t) => ({ ...t, foreignKeys: [...t.foreignKeys, ...(bySource.get(relationText(t)) ?? [])] }));
}

/** The tables that take part: those of the project, or those that the config names. */
function inScope(
  sources: readonly Relation[],
  targets: readonly Relation[],
  config: JobConfig,
): { readonly tables: readonly Relation[]; readonly problems: readonly Problem[]; readonly found?: ProjectPlan } {
  const { project } = config;
  if (!project) return tablesInScope(sources, config);
  const strategy = detectionStrategy(config.detection_strategy);
  const { tables, problems, found } = projectTables(project, sources, targets, { config, strategy });
  const named = namedElsewhere(tables, sources.map(relationText), { ...config, filters: {} });
  return { tables, problems: [...problems, ...(found ? named : [])], ...(found && { found }) };
}

/** Whether a conflict strategy goes by time. */
const needsClock = (name: string) => Object.values(conflictStrategy(name).outcomes).includes('newer');

/**
 * Looks at both ends and finds everything that speaks against the job. Writes nothing. `now`: what rules about time go by.
 *
 * Throws one SyncError with all problems.
 */
export async function preflight(
  source: CatalogDatabase,
  target: CatalogDatabase,
  config: JobConfig,
  now: Date,
): Promise<Preflight> {
  const [s, t] = await Promise.all([source.facts(), target.facts()]);
  const servers = [...versionProblems(s, 'source'), ...versionProblems(t, 'target')];
  if (servers.length > 0) throw problemsError(servers);
  await refuseSameDatabase([source, s], [target, t]);

  const [found, targetTables] = await Promise.all([source.introspect(), target.introspect()]);
  const mapped = await mappedTables(
    { database: source, facts: s, tables: found },
    { database: target, facts: t, tables: targetTables },
    config,
  );
  // without a table nothing else that the config says of it can be judged
  if (mapped.problems.some((p) => p.code === 'table_not_found')) throw problemsError(mapped.problems);
  const scope = inScope(mapped.tables, targetTables, config);
  const ruled = ruledTables(scope.tables, targetTables, config, { ...expressionFacts(found, s, t), now });
  const sourceTables = ruled.tables;
  // foreign keys of the target decide the order: it is the target that checks them
  const byName = new Map(targetTables.map((x) => [`${x.schema}.${x.name}`, x]));
  const taking = sourceTables.flatMap((x) => byName.get(`${x.schema}.${x.name}`) ?? []);
  const { levels, nullFirst, cycle } = foreignKeyLevels(writesBoth(config) ? referring(taking, sourceTables) : taking);
  const detection = detectionStrategy(config.detection_strategy);
  const project = scope.found;
  const matched = sourceTables.flatMap((x) => {
    const other = byName.get(relationText(x));
    return other ? [{ source: x, target: other }] : [];
  });
  const name = streamName(s, t);
  const stream = detection.needs.changeStream
    ? await source.streamFacts(
        name,
        sourceTables.map((x) => x.mapped?.from ?? x),
      )
    : undefined;
  const problems = [
    ...writtenProblems(t, 'target', config.triggers === 'suppress'),
    ...(writesBoth(config) ? writtenProblems(s, 'source', config.triggers === 'suppress') : []),
    ...mapped.problems,
    ...scope.problems,
    ...ruled.problems,
    ...sourceTables.flatMap((x) => scopeProblems(x, config)),
    ...equalityProblems(taking, config),
    ...schemaProblems(sourceTables, targetTables, { source: s.role, target: t.role }, config),
    ...piiProblems(sourceTables, { source: found, target: targetTables }, config),
    ...cycleProblems(cycle, config),
    ...conflictProblems(matched, (x) => isKeyless(x, config), { needsClock, detection }, config),
    ...bothWaysProblems(matched, detection, config),
    ...needProblems(detection, { facts: s, tables: sourceTables }, config),
    ...(stream ? streamProblems(sourceTables, stream, { source: s, name }, config) : []),
  ];
  if (problems.length > 0) throw problemsError(problems);
  const pairs = sourceTables.map((x) => ({ source: x, target: byName.get(relationText(x)) as Relation })); // no problem: there
  const clashes = await keyClashProblems(source, target, pairs, config);
  if (clashes.length > 0) throw problemsError(clashes);
  if (sourceTables.length > MAX_TABLES) {
    throw new SyncError(
      'job_too_large',
      `The source has ${sourceTables.length} tables; this version carries ${MAX_TABLES} in one job.`,
    );
  }
  const bySource = new Map(sourceTables.map((x) => [`${x.schema}.${x.name}`, x]));
  // without triggers nobody checks the references of a cycle
  const ordered = cycle.length > 0 ? [taking] : levels;
  return {
    source: s,
    target: t,
    targets: targetTables,
    ...(project && { project }),
    tables: ordered.flatMap((level, n) =>
      level.map((x) => ({
        level: n,
        source: bySource.get(relationText(x)) as Relation, // taking came from it
        target: byName.get(relationText(x)) as Relation,
        nullFirst: nullFirst.get(relationText(x)) ?? [],
      })),
    ),
  };
}
