import type { TellingTarget } from '../ports.ts';
import { toldConflicts, untoldConflicts } from './conflicts.ts';
import { peekOutbox, trimOutbox } from './control.ts';
import type { Session } from './session.ts';

/** What the target has decided and others have not learnt yet. */
export function tellingPart(session: Session): TellingTarget {
  return {
    peekOutbox: (...args) => peekOutbox(session, ...args),
    trimOutbox: (...args) => trimOutbox(session, ...args),
    untoldConflicts: (...args) => untoldConflicts(session, ...args),
    toldConflicts: (list) => toldConflicts(session, list),
  };
}
