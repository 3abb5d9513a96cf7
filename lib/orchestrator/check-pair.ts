import { type JobConfig, writesBoth } from '../model/config.ts';
import { type Connection, connectionView, type ServerFacts, type Side } from '../model/connection.ts';
import type { Environment } from '../model/environment.ts';
import { asProblem, type Problem, SyncError } from '../model/errors.ts';
import type { PairCheck, SideCheck } from '../model/pair-check.ts';
import { statementsIn } from '../model/statement.ts';
import type { ShapePair } from '../model/table-shape.ts';
import type { CatalogDatabase, CheckingDatabase, ConnectionRoom, EnvironmentStore } from '../ports.ts';
import { schemaFindings } from '../validator/findings.ts';
import { judge } from './admit.ts';
import { whenThereIsRoom } from './connections.ts';
import type { Preflight } from './preflight.ts';
import { type LookPorts, lookAtEnds, type StartRequest } from './start-job.ts';
import { shapesOf } from './validate-table.ts';

type Request = Pick<StartRequest, 'jobId' | 'pair' | 'config' | 'environments'>;
type Ports = LookPorts<CheckingDatabase> & { readonly environments: Pick<EnvironmentStore, 'list'> };

const STATEMENT_TIMEOUT_MS = 8_000;
/** As many as an error names. */
const MOST_PROBLEMS = 500;

/** A side that was reached, or why it was not. */
type Reached = { readonly ms: number } & (
  | { readonly facts: ServerFacts; readonly room: ConnectionRoom }
  | { readonly failed: SyncError }
);

/** Connects, signs in and asks the server what it is. */
async function reach(side: Side, { jobId, pair }: Request, ports: Ports): Promise<Reached> {
  const beganAt = performance.now();
  const ms = () => Math.round(performance.now() - beganAt);
  const as = { name: jobId, statementTimeoutMs: STATEMENT_TIMEOUT_MS };
  try {
    const database = await whenThereIsRoom(() => ports.databases[side](pair[side], as), ports.patience);
    try {
      const [facts, room] = [await database.facts(), await database.room()];
      return { ms: ms(), facts, room };
    } finally {
      await database.close();
    }
  } catch (error) {
    if (!(error instanceof SyncError)) throw error;
    return { ms: ms(), failed: error };
  }
}

/** A problem, or something that refuses nothing. */
type Item = PairCheck['problems'][number];

interface Refusals {
  readonly problems: readonly Problem[];
  readonly warnings: readonly Item[];
}

const problemsOf = (error: unknown): readonly Problem[] => {
  if (!(error instanceof SyncError)) throw error;
  return error.problems.length > 0 ? error.problems : [{ code: error.code, message: error.message }];
};

/** What of the tables that a start would take may refuse or change rows. */
async function tableWarnings(
  { tables }: Preflight,
  { source, target }: Record<Side, CatalogDatabase>,
  config: JobConfig,
): Promise<readonly Item[]> {
  const shapes = await shapesOf(tables, source, target);
  return tables.flatMap((table, i) =>
    schemaFindings({ ...table, shapes: shapes[i] as ShapePair, config }, []) // one for each
      .filter((f) => f.severity === 'warning')
      .map(({ code, object, message, remedy }) => ({ code, object, message, hint: remedy })),
  );
}

/** What the databases say against a start, and who holds its tables. */
async function catalogRefusals(request: Request, ports: Ports): Promise<Refusals> {
  try {
    const found = await lookAtEnds(request, ports, async (preflight, ends) => ({
      tables: await tableWarnings(preflight, ends, request.config),
      target: await ends.target.leaseHolders(preflight.tables.map((t) => t.target)),
      source: writesBoth(request.config) ? await ends.source.leaseHolders(preflight.tables.map((t) => t.source)) : [],
    }));
    const busy = (side: Side) =>
      found[side].map((job): Item => {
        const message = `Job ${job} holds tables of the ${side}; a start is refused until it is over.`;
        return { code: 'target_busy', side, object: job, message };
      });
    return { problems: [], warnings: [...busy('source'), ...busy('target'), ...found.tables] };
  } catch (error) {
    return { problems: problemsOf(error), warnings: [] };
  }
}

/** What the environments that both databases are say against it. Nobody is asked for an approval. */
async function environmentRefusals(
  request: Request,
  identities: { readonly [S in Side]: ServerFacts },
  { environments }: Ports,
): Promise<Refusals> {
  try {
    const { problems, guarded } = judge(request, identities, await environments.list());
    const approve = ({ name }: Environment): Item => ({
      code: 'approval_required',
      object: name,
      message: `Writing to ${name} needs the approval of a second person.`,
    });
    return { problems, warnings: problems.length > 0 ? [] : guarded.map(approve) };
  } catch (error) {
    return { problems: problemsOf(error), warnings: [] };
  }
}

/** Everything that a start with this config would be refused for, and what it would have to wait for. */
async function refusals(
  request: Request,
  { source, target }: { readonly [S in Side]: Reached },
  ports: Ports,
): Promise<Refusals> {
  const failed = (['source', 'target'] as const).flatMap((side): Problem[] => {
    const at = side === 'source' ? source : target;
    return 'failed' in at ? [asProblem(at.failed, { side, field: `/${side}_connection` })] : [];
  });
  if ('failed' in source || 'failed' in target) return { problems: failed, warnings: [] };
  const identities = { source: source.facts, target: target.facts };
  const found = [await catalogRefusals(request, ports), await environmentRefusals(request, identities, ports)];
  return { problems: found.flatMap((f) => f.problems), warnings: found.flatMap((f) => f.warnings) };
}

function checkOf(side: Side, connection: Connection, reached: Reached, problems: readonly Problem[]): SideCheck {
  const own = problems.filter((p) => p.side === side);
  const { host, port, database, user } = connectionView(connection);
  const base = { host, port, database, user, connect_ms: reached.ms };
  if ('failed' in reached) return { ...base, answers: false, statements: [] };
  const { version_num } = reached.facts;
  return {
    ...base,
    answers: true,
    version: `${Math.floor(version_num / 10_000)}.${version_num % 10_000}`,
    connections: { ...reached.room },
    statements: [...statementsIn(own)],
  };
}

const itemOf = ({ code, message, side, object, field, hint }: Problem): Item => ({
  code,
  message,
  ...(side && { side }),
  ...(object !== undefined && { object }),
  ...(field !== undefined && { field }),
  ...(hint !== undefined && { hint }),
});

/**
 * Whether a start with this config would be accepted, and all that speaks against it: how both sides are reached from here, and what
 * their roles lack, with the statements that give it. Starts nothing, writes nothing and keeps nothing.
 */
export async function checkPair(
  request: Request,
  ports: Ports,
): Promise<Pick<PairCheck, 'source' | 'target' | 'problems' | 'warnings' | 'more'>> {
  const sides = { source: await reach('source', request, ports), target: await reach('target', request, ports) };
  const { problems, warnings } = await refusals(request, sides, ports);
  return {
    source: checkOf('source', request.pair.source, sides.source, problems),
    target: checkOf('target', request.pair.target, sides.target, problems),
    problems: problems.slice(0, MOST_PROBLEMS).map(itemOf),
    warnings: warnings.slice(0, MOST_PROBLEMS),
    ...(problems.length > MOST_PROBLEMS && { more: problems.length - MOST_PROBLEMS }),
  };
}
