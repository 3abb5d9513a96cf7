import type { JobConfig } from '../model/config.ts';
import { type Connection, connectionView, type ServerFacts, type Side } from '../model/connection.ts';
import { asProblem, type Problem, SyncError } from '../model/errors.ts';
import type { PairCheck, SideCheck } from '../model/pair-check.ts';
import { statementsIn } from '../model/statement.ts';
import type { ShapePair } from '../model/table-shape.ts';
import type { CatalogDatabase, CheckingDatabase, ConnectionRoom } from '../ports.ts';
import { schemaFindings } from '../validator/findings.ts';
import { whenThereIsRoom } from './connections.ts';
import type { Preflight } from './preflight.ts';
import { type LookPorts, lookAtEnds, type StartRequest } from './start-job.ts';
import { shapesOf } from './validate-table.ts';

type Request = Pick<StartRequest, 'jobId' | 'pair' | 'config'>;
type Ports = LookPorts<CheckingDatabase>;

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

type Looked = Pick<PairCheck, 'warnings'> & { readonly problems: readonly Problem[] };

/** What may meet rows of the tables that a start would take. */
async function warningsOf(
  { tables }: Preflight,
  { source, target }: Record<Side, CatalogDatabase>,
  config: JobConfig,
): Promise<NonNullable<PairCheck['warnings']>> {
  const shapes = await shapesOf(tables, source, target);
  return tables.flatMap((table, i) =>
    schemaFindings({ ...table, shapes: shapes[i] as ShapePair, config }, []) // one for each
      .filter((f) => f.severity === 'warning')
      .map(({ code, object, message, remedy }) => ({ code, object, message, remedy })),
  );
}

/** Everything that a start with this config would be refused for; where nothing is, what it should know. */
async function lookOver(request: Request, ports: Ports): Promise<Looked> {
  try {
    const warnings = await lookAtEnds(request, ports, (found, ends) => warningsOf(found, ends, request.config));
    return { problems: [], ...(warnings.length > 0 && { warnings: warnings.slice(0, MOST_PROBLEMS) }) };
  } catch (error) {
    if (!(error instanceof SyncError)) throw error;
    return { problems: error.problems.length > 0 ? error.problems : [{ code: error.code, message: error.message }] };
  }
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

const itemOf = ({ code, message, side, object, field, hint }: Problem): PairCheck['problems'][number] => ({
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
): Promise<Pick<PairCheck, 'source' | 'target' | 'problems' | 'more' | 'warnings'>> {
  const sides = { source: await reach('source', request, ports), target: await reach('target', request, ports) };
  const unreached = (['source', 'target'] as const).flatMap((side): Problem[] => {
    const at = sides[side];
    return 'failed' in at ? [asProblem(at.failed, { side, field: `/${side}_connection` })] : [];
  });
  const { problems, warnings }: Looked =
    unreached.length > 0 ? { problems: unreached } : await lookOver(request, ports);
  return {
    source: checkOf('source', request.pair.source, sides.source, problems),
    target: checkOf('target', request.pair.target, sides.target, problems),
    problems: problems.slice(0, MOST_PROBLEMS).map(itemOf),
    ...(problems.length > MOST_PROBLEMS && { more: problems.length - MOST_PROBLEMS }),
    ...(warnings && { warnings }),
  };
}
