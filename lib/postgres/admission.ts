import { SyncError } from '../model/errors.ts';
import type { Session } from './session.ts';
import { literal } from './sql.ts';

/** `application_name` of a session that is let in begins like this; every role sees it of every session. */
const WORKING = 'terrafusion-sync/';

/** Until it is let in, a session is called this and is not counted. */
export const ASKING = 'terrafusion-sync asks';

/** Sessions of this service that work on the server, over all of its databases and all jobs. */
const COUNT = `select count(*)::text from pg_catalog.pg_stat_activity a where a.application_name like '${WORKING}%'`;

/**
 * Lets a session in while fewer than `limit` sessions of this service work on its server: gives it `name`, under which it
 * counts. Throws `too_many_connections`; the caller closes it.
 *
 * What counts is the server's own list of sessions: no permit has to be given back, so nobody can keep one, and another
 * name of the same host is no other server. Never more than `limit` at once: each looks again after it has taken its name,
 * so of those let in the last one saw all of the others. Some that ask at the same moment may refuse each other; they
 * come back after pauses of random length.
 */
export async function admit(session: Session, { name, limit }: { name: string; limit: number }): Promise<void> {
  const working = async () => Number((await session.query(COUNT))[0]?.[0]);
  if ((await working()) < limit) {
    await session.run(`set application_name = ${literal(name)}`);
    if ((await working()) <= limit) return;
  }
  throw new SyncError(
    'too_many_connections',
    `This service has as many connections to the ${session.side} server as its budget allows.`,
    { facts: { side: session.side } },
  );
}
