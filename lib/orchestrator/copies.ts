import type { Connection, ConnectionView, ServerIdentity } from '../model/connection.ts';
import { sameDatabase, samePlace } from '../model/environment.ts';
import { SyncError } from '../model/errors.ts';
import type { Job } from '../model/job.ts';
import type { InstalledDatabase, UninstallDatabases } from '../ports.ts';

/**
 * Where something leads that says the same of itself as a database: to that one, to another (a copy restored from a backup says
 * what its original says), or nobody can tell, because it does not answer or is a standby, which sees no marks of its primary.
 */
export type Whereabouts = 'here' | 'elsewhere' | 'unknown';

/** Something that says the same of itself, and a way to it, which may lead nowhere any more. */
export interface Claim {
  readonly at: ConnectionView;
  readonly way: () => Promise<Connection>;
}

/** A place that says the same of itself and is not known to be the database. */
export interface OtherPlace {
  readonly at: ConnectionView;
  readonly where: 'elsewhere' | 'unknown';
}

export interface Places {
  where(at: ConnectionView): Whereabouts;
  readonly others: readonly OtherPlace[];
}

/** A place that nobody asks may be anything, and then nothing of it is touched. */
const MOST_PLACES = 16;
/** Ways to one place that are tried: the credentials of an old job may be worth nothing by now. */
const MOST_WAYS = 2;
const STATEMENT_TIMEOUT_MS = 4_000;

const keyOf = ({ host, port, database }: ConnectionView) => `${host.toLowerCase()}:${port}/${database}`;

/** Whether what answers there sees a mark that was left here. */
async function ask(
  ways: readonly (() => Promise<Connection>)[],
  mark: string,
  databases: UninstallDatabases,
): Promise<Whereabouts> {
  for (const way of ways.slice(0, MOST_WAYS)) {
    try {
      const there = await databases.peek(await way(), {
        name: 'uninstall',
        statementTimeoutMs: STATEMENT_TIMEOUT_MS,
      });
      try {
        if (await there.seesMark(mark)) return 'here';
        return (await there.facts()).standby ? 'unknown' : 'elsewhere';
      } finally {
        await there.close();
      }
    } catch (error) {
      if (error instanceof SyncError && error.code === 'source_unavailable') break; // nor for anybody else
    }
  }
  return 'unknown';
}

/**
 * Which of the places that say the same of themselves lead to the database that is open here. The place that it was opened at
 * does; of the others a mark tells, because only sessions of one server see it. Identities do not tell, and neither do hosts:
 * one server has several names.
 */
export async function placesOf(
  {
    connection,
    here,
    standby,
  }: { readonly connection: Connection; readonly here: InstalledDatabase; readonly standby: boolean },
  claims: readonly Claim[],
  databases: UninstallDatabases,
): Promise<Places> {
  const ways = new Map<string, { readonly at: ConnectionView; readonly ways: (() => Promise<Connection>)[] }>();
  for (const { at, way } of claims) {
    if (samePlace(at, connection)) continue;
    const known = ways.get(keyOf(at)) ?? { at, ways: [] };
    known.ways.push(way);
    ways.set(keyOf(at), known);
  }
  const found = new Map<string, Whereabouts>();
  if (ways.size > 0 && !standby)
    await here.withMark((mark) =>
      Promise.all(
        [...ways].slice(0, MOST_PLACES).map(async ([key, place]) => {
          found.set(key, await ask(place.ways, mark, databases));
        }),
      ),
    );
  const where = (at: ConnectionView) => (samePlace(at, connection) ? 'here' : (found.get(keyOf(at)) ?? 'unknown'));
  const others = [...ways.values()].flatMap(({ at }): OtherPlace[] => {
    const is = where(at);
    return is === 'here' ? [] : [{ at, where: is }];
  });
  return { where, others };
}

/** Where the sides of a job lead that say the same of themselves as the database. Pure. */
export const sidesAt = (
  { source, target }: Pick<Job, 'source' | 'target'>,
  database: ServerIdentity,
  { where }: Places,
): readonly Whereabouts[] => [source, target].filter((side) => sameDatabase(side, database)).map(where);
