import type { Pass, TableState } from '../model/job.ts';
import type { ValidationState } from '../model/validation.ts';

/** What the validation state of a table follows from. */
export interface ValidationFacts {
  readonly state: TableState;
  /** The pass the table is in, or was in last. */
  readonly pass: Pass;
  readonly jobEnded: boolean;
  readonly quarantined: number;
  readonly conflicts: number;
  readonly inFlight: number;
  readonly failure?: string;
}

/** Rows that were put aside and conflicts need somebody, rows in flight only time: so the former are told first. */
const VERDICT: Readonly<Record<TableState, (facts: ValidationFacts) => ValidationState>> = {
  pending: ({ jobEnded }) => (jobEnded ? 'interrupted' : 'pending'),
  running: ({ jobEnded, pass }) => (jobEnded ? 'interrupted' : pass === 'verify' ? 'validating' : 'comparing'),
  verified: ({ quarantined, conflicts, inFlight }) =>
    quarantined > 0 ? 'quarantined' : conflicts > 0 ? 'conflicting' : inFlight > 0 ? 'in_flight' : 'validated',
  untouched: () => 'untouched',
  compared: () => 'compared',
  unverified: () => 'unverified',
  failed: ({ failure }) => (failure === 'verification_failed' ? 'mismatched' : 'error'),
};

export function validationOf(facts: ValidationFacts): ValidationState {
  return VERDICT[facts.state](facts);
}
