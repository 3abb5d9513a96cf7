import type { JobState } from '../lib/model/job.ts';

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

/** Of a job that was asked about or waited for; a job that goes on is fine. */
export function exitCodeOf(state: JobState): number {
  if (state === 'completed_with_issues') return EXIT.issues;
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
