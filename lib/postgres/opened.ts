import type { Opened } from '../ports.ts';
import type { Session } from './session.ts';

const sessions = new WeakMap<Opened, Session>();

/** Keeps the session behind an open database, for operations that need both ends. */
export function opened<D extends Opened>(session: Session, database: D): D {
  sessions.set(database, session);
  return database;
}

/** The session behind a database that was opened here. */
export function sessionOf(database: Opened): Session {
  const session = sessions.get(database);
  if (!session) throw new TypeError('this database was not opened here');
  return session;
}
