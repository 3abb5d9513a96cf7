import type { Connection, ServerFacts, Side } from '../model/connection.ts';
import { sameDatabase } from '../model/environment.ts';
import { type Problem, SyncError } from '../model/errors.ts';
import { statementsIn } from '../model/statement.ts';
import { type Relation, relationText } from '../model/table.ts';
import type { EnvironmentSecrets, EnvironmentStore, LookingDatabase, LookingDatabases } from '../ports.ts';
import { viewProblems } from '../validator/needs.ts';
import { rightsProblems, versionProblems, writtenProblems } from '../validator/rights.ts';
import { isView } from '../validator/scope.ts';
import { type Patience, whenThereIsRoom } from './connections.ts';
import { noEnvironment } from './named-pair.ts';

/** Looks at an environment; the gateway answers within 30 s. */
export const LOOK_TIMEOUT_MS = 8_000;

type Catalog = Pick<LookingDatabase, 'facts' | 'introspect' | 'close'>;

export interface LookPorts {
  readonly catalogs: LookingDatabases;
  readonly patience?: Patience;
}

/** It was opened as a source, which it is not yet: its server is called by the name of the environment. */
function renamed(error: unknown, environment: string): unknown {
  if (!(error instanceof SyncError)) return error;
  const { code, message, facts, problems } = error;
  const told = (text: string) => text.replace(/^The source server /, `The server of ${environment} `);
  const own = problems.map((p) => ({ ...p, message: told(p.message) }));
  return new SyncError(code, told(message), { cause: error, facts, problems: own });
}

/** Runs `work` with the database of an environment open. */
export async function withCatalog<T>(
  connection: Connection,
  environment: string,
  ports: LookPorts,
  work: (catalog: Catalog) => Promise<T>,
): Promise<T> {
  const as = { name: `environment ${environment}`, statementTimeoutMs: LOOK_TIMEOUT_MS };
  try {
    const catalog = await whenThereIsRoom(() => ports.catalogs.open('source', connection, as), ports.patience);
    try {
      return await work(catalog);
    } finally {
      await catalog.close();
    }
  } catch (error) {
    throw renamed(error, environment);
  }
}

/** What is in the way of a job that has the environment on one side, and everything that grants what is missing. */
export interface SideReport {
  readonly problems: readonly Problem[];
  /** Each once, ready to be run by an owner. */
  readonly grants: readonly string[];
}

export interface EnvironmentReport {
  readonly name: string;
  readonly version_num: number;
  readonly role: string;
  /** The database that answered when the environment was put; otherwise no start goes on. */
  readonly same_database: boolean;
  readonly tables: number;
  readonly as_source: SideReport;
  readonly as_target: SideReport;
  /** Of use for some options alone: `timestamp`, and `triggers: suppress`. */
  readonly optional: SideReport;
}

export const sideReport = (problems: readonly Problem[]): SideReport => ({ problems, grants: statementsIn(problems) });

const unknown = (name: string, side: Side): Problem => ({
  code: 'table_not_found',
  side,
  object: name,
  field: '/tables',
  message: `The ${side} has no table ${name}.`,
});

/** What is missing on one side, over these tables. Pure. */
export function sideProblems(
  side: Side,
  facts: ServerFacts,
  tables: readonly Relation[],
  absent: readonly string[],
): readonly Problem[] {
  const written = side === 'target';
  return [
    ...versionProblems(facts, side),
    ...(written ? writtenProblems(facts, side, false) : []),
    ...absent.map((name) => unknown(name, side)),
    ...tables
      .filter((t) => !(written && isView(t)))
      .flatMap((t) => rightsProblems(t, side, facts.role, { written, deletes: true })),
  ];
}

/** Rights that only some options need. Pure. */
function optionalProblems(facts: ServerFacts): readonly Problem[] {
  const needed = writtenProblems(facts, 'target', false).length;
  return [...viewProblems(facts), ...writtenProblems(facts, 'target', true).slice(needed)];
}

/**
 * Connects to an environment and says what its role lacks to be source or target: of the named tables (`schema.table`), or of all
 * ordinary and partitioned ones. Writes nothing. Throws `environment_not_found`, and what connecting throws.
 */
export async function testEnvironment(
  name: string,
  names: readonly string[] | undefined,
  ports: LookPorts & {
    readonly environments: Pick<EnvironmentStore, 'get'>;
    readonly environmentSecrets: Pick<EnvironmentSecrets, 'get'>;
  },
): Promise<EnvironmentReport> {
  const environment = await ports.environments.get(name);
  if (!environment) throw noEnvironment(name);
  const connection = await ports.environmentSecrets.get(environment.secret_ref);
  return withCatalog(connection, name, ports, async (catalog) => {
    const facts = await catalog.facts();
    const all = await catalog.introspect();
    const tables = all.filter((t) => names?.includes(relationText(t)) ?? !isView(t));
    const absent = (names ?? []).filter((n) => !tables.some((t) => relationText(t) === n));
    const asTarget = { ...facts, readOnly: facts.refusesWrites ?? false }; // the session is read-only, the server may not be
    return {
      name,
      version_num: facts.version_num,
      role: facts.role,
      same_database: sameDatabase(environment.identity, facts),
      tables: tables.length,
      as_source: sideReport(sideProblems('source', facts, tables, absent)),
      as_target: sideReport(sideProblems('target', asTarget, tables, absent)),
      optional: sideReport(optionalProblems(asTarget)),
    };
  });
}
