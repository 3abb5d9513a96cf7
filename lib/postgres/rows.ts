import type { RowsDatabase } from '../ports.ts';
import { keylessReader } from './keyless.ts';
import type { Session } from './session.ts';
import { tableReader } from './window.ts';

/** Rows of either end. */
export function rowsPart(session: Session): RowsDatabase {
  return {
    reader: (plan, segment) => (plan.keyless ? keylessReader : tableReader)(session, plan, segment),
    close: () => session.end(),
  };
}
