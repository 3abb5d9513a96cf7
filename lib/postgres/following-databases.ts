import type { Database, FollowingDatabases, TargetDatabase } from '../ports.ts';
import { changeLog } from './change-log.ts';
import { changeSource } from './change-source.ts';
import { loadPlans, loadProgress } from './control.ts';
import { storageOf } from './horizon.ts';
import { type OpeningOptions, opener } from './opening.ts';
import { roundLog } from './rounds.ts';
import type { Session } from './session.ts';
import { snapshotText } from './snapshot.ts';
import { streamFacts } from './stream-facts.ts';

/** The log of a source. */
export const logPart = (session: Session): Pick<Database, 'streamFacts' | 'changes'> => ({
  streamFacts: (name, tables) => streamFacts(session, name, tables),
  changes: changeSource(session),
});

/** What a target knows of it. */
export const logBook = (session: Session): Pick<TargetDatabase, 'changeLog' | 'rounds'> => ({
  changeLog: changeLog(session),
  rounds: roundLog(session),
});

/** The databases behind real connections, for the step that follows the source's log. */
export function followingDatabases(options: OpeningOptions): FollowingDatabases {
  const open = opener(options);
  const both = (session: Session): Pick<Database, 'storage' | 'close'> => ({
    storage: (tables) => storageOf(session, tables),
    close: () => session.end(),
  });
  return {
    source: async (connection, as) => {
      const session = await open('source', connection, as);
      return { ...logPart(session), ...both(session), snapshot: () => snapshotText(session) };
    },
    target: async (connection, as) => {
      const session = await open('target', connection, as);
      return {
        ...logBook(session),
        ...both(session),
        loadPlans: (...args) => loadPlans(session, ...args),
        loadProgress: (...args) => loadProgress(session, ...args),
      };
    },
  };
}
