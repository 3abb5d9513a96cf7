import { SyncError } from '../model/errors.ts';
import type { Session } from './session.ts';
import { literal } from './sql.ts';

/** `application_name` of a session that was let in begins like this; every role sees it of every session. */
const WORKING = 'terrafusion-sync/';

/** What a session is called until it knows that there is room. */
export const ASKING = 'terrafusion-sync asks';

/** And while it makes sure that nobody else takes the same room. */
const ENTERING = 'terrafusion-sync enters';

/** Sessions of this service on the server that work or are about to, over all of its databases and all jobs. */
const COUNT = `select count(*)::text from pg_catalog.pg_stat_activity a
  where a.application_name like '${WORKING}%' or a.application_name = '${ENTERING}'`;

/**
 * Lets a session in while fewer than `limit` sessions of this service work on its server: gives it `name`, under which it
 * counts. Throws `too_many_connections`; the caller closes it. Costs four round trips.
 *
 * What counts is the server's own list of sessions: no permit has to be given back, so nobody can keep one, and another
 * name of the same host is no other server. Never more than `limit` work at once: each counts again after it is seen to
 * enter, so of those let in the last one saw all of the others. Some that ask at the same moment may refuse each other;
 * they come back after pauses of random length. One that asks holds a connection for some milliseconds beside them.
 */
export async function admit(session: Session, { name, limit }: { name: string; limit: number }): Promise<void> {
  const there = async () => Number((await session.query(COUNT))[0]?.[0]);
  const call = (what: string) => session.run(`set application_name = ${literal(what)}`);
  if ((await there()) < limit) {
    await call(ENTERING);
    if ((await there()) <= limit) return call(name);
  }
  throw new SyncError(
    'too_many_connections',
    `This service has as many connections to the ${session.side} server as its budget allows.`,
    { facts: { side: session.side } },
  );
}
