import type { JobConfig } from './config.ts';
import type { ConnectionView } from './connection.ts';
import type { JobMode } from './job.ts';

/** `used`: what was asked for has been done, once. */
export const APPROVAL_STATES = ['pending', 'approved', 'rejected', 'used'] as const;
export type ApprovalState = (typeof APPROVAL_STATES)[number];

/** A person. `subject` tells persons apart, `actor` is their name. */
export interface Person {
  readonly actor: string;
  readonly subject: string;
}

/** What of a schedule is approved with it; pausing it is not. */
export interface ScheduledWhen {
  readonly name: string;
  readonly expression: string;
  readonly timezone: string;
  readonly flexible_minutes: number;
  readonly overlap: string;
}

/** Exactly what somebody wants to do: nothing else is approved. */
export interface ApprovedWork {
  readonly mode: JobMode;
  /** As a start makes it: defaults filled in, a stored mapping written out. */
  readonly config: JobConfig;
  readonly source: ConnectionView;
  readonly target: ConnectionView;
  /** Names of the protected environments that would be written to. */
  readonly protected: readonly string[];
  readonly schedule?: ScheduledWhen;
}

/** A request of one person that another one decides. */
export interface Approval {
  readonly id: string;
  readonly state: ApprovalState;
  readonly digest: string;
  readonly work: ApprovedWork;
  readonly asked_by: Person;
  readonly asked_at: string;
  /** Neither decided nor used after this. */
  readonly expires_at: string;
  readonly decided_by?: Person;
  readonly decided_at?: string;
  readonly note?: string;
  /** `job:<id>` or `schedule:<name>`. */
  readonly used_by?: string;
  /** Raised by each write; a writer must know the one before. */
  readonly revision: number;
}

/** What a job or a schedule keeps of its approval. */
export interface GivenApproval {
  readonly id: string;
  readonly digest: string;
  readonly asked_by: string;
  readonly approved_by: string;
  readonly approved_at: string;
}

/** A request is open, and an approval valid, for this long. */
export const APPROVAL_HOURS = 24;

/** Whether a request can still be decided or used. */
export const isOpen = (approval: Approval, now: Date): boolean => now.toISOString() < approval.expires_at;
