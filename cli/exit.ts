import type { JobStatus } from '../lib/model/answers.ts';

/** What the command says with its exit code; part of its interface. */
export const EXIT = {
  ok: 0,
  /** The job failed, was stopped or is paused; or the service did not answer. */
  failed: 1,
  /** The command line is wrong, or the service refused the request. */
  refused: 2,
  /** The job completed, but conflicts or quarantined rows wait. */
  issues: 3,
  interrupted: 130,
} as const;

/** What of a job that has completed still waits for somebody. An older service does not know which conflicts do. */
export const waitingOf = ({ counts, open_conflicts }: Pick<JobStatus, 'counts' | 'open_conflicts'>) => ({
  conflicts: open_conflicts ?? counts.conflicts,
  quarantined: counts.quarantined,
});

/** Of a job that was asked about or waited for; a job that goes on is fine, and one whose conflicts are all decided. */
export function exitCodeOf(status: Pick<JobStatus, 'state' | 'counts' | 'open_conflicts' | 'config'>): number {
  const { state, counts, config } = status;
  if (state === 'completed_with_issues') {
    const { conflicts, quarantined } = waitingOf(status);
    const decided = counts.conflicts > 0 && conflicts === 0 && quarantined === 0 && config.verify !== 'none';
    return decided ? EXIT.ok : EXIT.issues;
  }
  return state === 'failed' || state === 'stopped' || state === 'paused' ? EXIT.failed : EXIT.ok;
}

/** An end that is told in one sentence, without a stack. */
export class CommandError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number, options?: { cause?: unknown }) {
    super(message, options);
    this.exitCode = exitCode;
  }
}
