import { type Connection, connectionView, type ServerFacts, type Side } from '../model/connection.ts';
import type { NamedSides } from '../model/environment.ts';
import { type Problem, problemsError, SyncError } from '../model/errors.ts';
import type { PairEnd, PairTables, SideTable, TableOfPair } from '../model/pair-tables.ts';
import { type Relation, relationText } from '../model/table.ts';
import type { ConnectionPair } from '../ports.ts';
import { whenThereIsRoom } from './connections.ts';
import { type NamedPorts, namedPair } from './named-pair.ts';
import { LOOK_TIMEOUT_MS, type LookPorts, sideProblems, sideReport } from './test-environment.ts';

export interface ListTablesRequest {
  readonly pair: Partial<ConnectionPair>;
  readonly environments?: NamedSides;
}

const SIDES = ['source', 'target'] as const;
/** An answer may have 6 MB; a table takes some 300 bytes. A job takes 2,000. */
const MOST_TABLES = 10_000;
/** As many as an error names. */
const MOST_PROBLEMS = 500;

const KINDS: Readonly<Record<string, SideTable['kind']>> = {
  r: 'table',
  p: 'partitioned',
  v: 'view',
  m: 'materialized_view',
  f: 'foreign_table',
};

interface Seen {
  readonly connection: Connection;
  readonly facts: ServerFacts;
  readonly tables: readonly Relation[];
}

async function look(side: Side, connection: Connection, ports: LookPorts): Promise<Seen> {
  const as = { name: 'tables', statementTimeoutMs: LOOK_TIMEOUT_MS };
  const database = await whenThereIsRoom(() => ports.catalogs.open(side, connection, as), ports.patience);
  try {
    return { connection, facts: await database.facts(), tables: await database.introspect() };
  } finally {
    await database.close();
  }
}

/** Both ends, or every reason why not, each with the field that named it. */
async function lookAtSides(pair: ConnectionPair, named: NamedSides, ports: LookPorts): Promise<Record<Side, Seen>> {
  const [source, target] = await Promise.allSettled([
    look('source', pair.source, ports),
    look('target', pair.target, ports),
  ]);
  if (source.status === 'fulfilled' && target.status === 'fulfilled')
    return { source: source.value, target: target.value };
  const problems = [source, target].flatMap((result, i): Problem[] => {
    const side = SIDES[i] as Side; // two results, two sides
    if (result.status === 'fulfilled') return [];
    if (!(result.reason instanceof SyncError)) throw result.reason;
    const field = `/${side}_${named[side] === undefined ? 'connection' : 'environment'}`;
    return [{ code: result.reason.code, side, field, message: result.reason.message }];
  });
  throw problemsError(problems);
}

const sideTable = ({ kind, rowsEstimate, bytes, key }: Relation): SideTable => ({
  kind: KINDS[kind] ?? 'table',
  ...(rowsEstimate >= 0 && { rows_estimate: rowsEstimate }),
  bytes,
  ...(key && { key: [...key] }),
});

/** Tables of both sides by name, in name order. Pure. */
export function tablesOf(source: readonly Relation[], target: readonly Relation[]): readonly TableOfPair[] {
  const sides = [source, target].map((tables) => new Map(tables.map((t) => [relationText(t), t])));
  const [s, t] = sides as [Map<string, Relation>, Map<string, Relation>];
  return [...new Set([...s.keys(), ...t.keys()])].sort().map((name) => {
    const [from, into] = [s.get(name), t.get(name)];
    return { name, ...(from && { source: sideTable(from) }), ...(into && { target: sideTable(into) }) };
  });
}

const PLAIN = ['r', 'p'];

/** What a role lacks is told of tables that a job would take by itself: those that both sides have. */
function endOf(side: Side, seen: Record<Side, Seen>): PairEnd {
  const { connection, facts, tables } = seen[side];
  const others = new Set(seen[side === 'source' ? 'target' : 'source'].tables.map(relationText));
  const shared = tables.filter((t) => PLAIN.includes(t.kind) && others.has(relationText(t)));
  const asked = side === 'target' ? { ...facts, readOnly: facts.refusesWrites ?? false } : facts; // this session writes nothing
  const { problems, grants } = sideReport(sideProblems(side, asked, shared, []));
  return {
    ...connectionView(connection),
    version: `${Math.floor(facts.version_num / 10_000)}.${facts.version_num % 10_000}`,
    problems: problems.slice(0, MOST_PROBLEMS).map(({ code, message, object, hint }) => ({
      code,
      message,
      side,
      ...(object !== undefined && { object }),
      ...(hint !== undefined && { hint }),
    })),
    grants: [...grants],
    ...(problems.length > MOST_PROBLEMS && { more: problems.length - MOST_PROBLEMS }),
  };
}

/**
 * Connects to both ends and says which tables they have, how large they are, and what the roles lack to sync those that both
 * have. Writes nothing and keeps nothing. Throws `environment_not_found`, and every reason why a side does not answer.
 */
export async function listTables(
  { pair, environments = {} }: ListTablesRequest,
  ports: LookPorts & NamedPorts,
): Promise<PairTables> {
  const seen = await lookAtSides(await namedPair(pair, environments, ports), environments, ports);
  const tables = tablesOf(seen.source.tables, seen.target.tables);
  return {
    source: endOf('source', seen),
    target: endOf('target', seen),
    tables: tables.slice(0, MOST_TABLES),
    ...(tables.length > MOST_TABLES && { more: tables.length - MOST_TABLES }),
  };
}
