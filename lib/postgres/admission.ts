import { mayEnter } from '../model/connection-budget.ts';
import { SyncError } from '../model/errors.ts';
import type { Session } from './session.ts';
import { literal } from './sql.ts';

/** `application_name` of a session that was let in begins like this; every role sees it of every session. */
const WORKING = 'terrafusion-sync/';

/** What a session is called until it knows that there is room. */
export const ASKING = 'terrafusion-sync asks';

/** And while it makes sure that nobody else takes the same room. */
const ENTERING = 'terrafusion-sync enters';

/**
 * Sessions of this service on the server that work or are about to, over all of its databases and all jobs; those of the same name,
 * which is that of the job; and how many other names there are.
 */
const count = (name: string) => `select pg_catalog.count(*)::text,
    (pg_catalog.count(*) filter (where a.application_name = ${literal(name)}))::text,
    (pg_catalog.count(distinct a.application_name)
      filter (where a.application_name not in (${literal(name)}, '${ENTERING}')))::text
  from pg_catalog.pg_stat_activity a
  where a.application_name like '${WORKING}%' or a.application_name = '${ENTERING}'`;

/** Who is let in, and how many at most. `shares`: jobs share the places between them (`mayEnter`). */
export interface Entry {
  readonly name: string;
  readonly limit: number;
  readonly shares?: boolean;
}

/**
 * Lets a session in while fewer than `limit` sessions of this service work on its server: gives it `name`, under which it
 * counts, and answers how many there are, this one included. Throws `too_many_connections`; the caller closes it. Costs
 * four round trips.
 *
 * What counts is the server's own list of sessions: no permit has to be given back, so nobody can keep one, and another
 * name of the same host is no other server. Never more than `limit` work at once: each counts again after it is seen to
 * enter, so of those let in the last one saw all of the others. Some that ask at the same moment may refuse each other;
 * they come back after pauses of random length. One that asks holds a connection for some milliseconds beside them.
 */
export async function admit(session: Session, { name, limit, shares }: Entry): Promise<number> {
  const there = async () => {
    const [all, own, others] = ((await session.query(count(name)))[0] ?? []).map(Number);
    return { all: Number(all), own: Number(own), others: Number(others) };
  };
  const call = (what: string) => session.run(`set application_name = ${literal(what)}`);
  const found = await there();
  if (shares ? mayEnter(found, limit) : found.all < limit) {
    await call(ENTERING);
    const held = (await there()).all;
    if (held <= limit) {
      await call(name);
      return held;
    }
  }
  throw new SyncError(
    'too_many_connections',
    `This service has as many connections to the ${session.side} server as its budget allows.`,
    { facts: { side: session.side } },
  );
}
