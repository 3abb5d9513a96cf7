import type { Conflict, ConflictDecision, ConflictImages, DecisionOutcome } from '../model/conflict.ts';
import { SyncError } from '../model/errors.ts';
import type { RunPorts } from './run-ports.ts';

/** What deciding a conflict needs of the outside. */
export type ResolvePorts = Pick<RunPorts, 'jobs' | 'secrets' | 'databases' | 'log' | 'clock' | 'patience'>;

/** A decision of one conflict. `expected`: what both sides were when it was made (`Conflict.prints`, or later images). */
export interface DecisionRequest {
  readonly conflict: Pick<Conflict, 'conflict_id' | 'seen_by'>;
  readonly decision: ConflictDecision;
  readonly expected: { readonly source: string | null; readonly target: string | null };
  readonly actor: string;
  readonly note?: string;
}

/**
 * Applies a decision by compare-and-set, in one transaction of the target: locks the conflict there, requires both sides to be
 * as `expected`, writes the row that was decided (it passes the target's own constraints), moves the baseline to it and closes
 * the conflict with its record. So a conflict is decided once, whoever asks and how often; the same decision again answers
 * the same.
 *
 * Connects with the connections of the job `seen_by`. Throws `target_busy` while a job holds the table, `row_rejected` when the
 * target refuses the row (the conflict stays open), `decision_invalid`, `conflict_not_found`, `resume_expired`, and what
 * connecting throws.
 */
export async function applyDecision(_request: DecisionRequest, _ports: ResolvePorts): Promise<DecisionOutcome> {
  throw new SyncError('unavailable', 'Decisions cannot be applied yet.');
}

/**
 * Reads a conflict's row on both sides, now, and the image of the last decision where it is kept. Writes nothing. Throws
 * `conflict_not_found`, `resume_expired`, and what connecting throws.
 */
export async function conflictImages(
  _conflict: Pick<Conflict, 'conflict_id' | 'seen_by'>,
  _ports: ResolvePorts,
): Promise<ConflictImages> {
  throw new SyncError('unavailable', 'Images cannot be read yet.');
}
