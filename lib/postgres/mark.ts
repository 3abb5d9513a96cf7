import { randomInt } from 'node:crypto';
import type { Session } from './session.ts';

/**
 * Runs `work` while this session's transaction holds an advisory lock under a random number. Such locks live in the memory
 * of one server and belong to one database of it, so no copy of the database can show them.
 */
export async function withMark<T>(session: Session, work: (mark: string) => Promise<T>): Promise<T> {
  const mark = String(randomInt(2 ** 47)); // the most that randomInt takes
  return session.transaction(async () => {
    await session.query('select pg_advisory_xact_lock($1::int8)', [mark]);
    return work(mark);
  });
}

/** Whether another session in this very database holds the mark. */
export async function seesMark(session: Session, mark: string): Promise<boolean> {
  const [row] = await session.query('select pg_try_advisory_xact_lock_shared($1::int8)', [mark]);
  return row?.[0] === 'f';
}
