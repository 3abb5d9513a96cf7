import type { Approval, GivenApproval } from './approval.ts';
import type { JobConfig } from './config.ts';
import type { ConnectionView } from './connection.ts';
import type { UsageView } from './cost.ts';
import type { Environment } from './environment.ts';
import type { Problem } from './errors.ts';
import type { FollowingView } from './following.ts';
import type { Counts, Failure, JobState, JobTable, Pass, TableState } from './job.ts';
import type { PlannedRule } from './rule.ts';
import type { Schedule } from './schedule.ts';
import type { SlotWarning } from './slot.ts';
import type { ValidationState } from './validation.ts';
import type { Webhook } from './webhook.ts';

// What the HTTP API answers, as its clients read it: the command line and the web pages. The API's own schemas are in
// lib/orchestrator/status.ts; a test holds them against these types.

/** One thing that is wrong. A client may be older than the service and not know the code. */
export interface ProblemItem extends Omit<Problem, 'code'> {
  readonly code: string;
}

/** Why a job or a table failed. */
export interface FailureView extends Omit<Failure, 'problems' | 'deletes'> {
  readonly problems?: readonly ProblemItem[];
}

/** One database of a job; `version` is PostgreSQL's own, such as 18.4. */
export interface DatabaseView extends ConnectionView {
  readonly version: string;
  /** Environments that it was when the job started; absent: none. */
  readonly environments?: readonly string[];
}

export const JOB_ACTIONS = ['stop', 'resume'] as const;
export type JobAction = (typeof JOB_ACTIONS)[number];

/** Why a paused job waits. `probe_at`: when the service looks by itself whether the job can go on. */
export interface PauseView extends FailureView {
  readonly since?: string;
  /** Of `confirm_required`: how many deletes wait to be accepted. */
  readonly deletes?: number;
  readonly probe_at?: string;
}

/** One job in a list. */
export interface JobSummary {
  readonly job_id: string;
  readonly mode: string;
  readonly state: JobState;
  readonly epoch: number;
  readonly source: DatabaseView;
  readonly target: DatabaseView;
  /** Who started it; a service that is older does not say. */
  readonly actor?: string;
  /** Who let it write to a protected environment. */
  readonly approval?: Omit<GivenApproval, 'digest'>;
  readonly created_at: string;
  readonly started_at?: string;
  readonly ended_at?: string;
  readonly failure?: FailureView;
  /** What may be asked of the job now; absent where the service has no such commands. */
  readonly allowed_actions?: readonly JobAction[];
  readonly pause?: PauseView;
  /** It writes nothing. */
  readonly dry_run?: boolean;
  /** Rows by what happened to them, or would; absent: the job has not completed, or the service is older. */
  readonly counts?: Counts;
  /** Rows that waited for a decision, and rows that were put aside, when it ended. */
  readonly open_conflicts?: number;
  readonly quarantined?: number;
  /** The job whose rows put aside are tried again, and no others. */
  readonly retry_of?: string;
}

/** What the service did by itself to keep a job going. */
export interface HealingEvent {
  readonly at: string;
  readonly type: string;
  readonly message: string;
}

/** A newer service may know other concerns. */
export type SlotWarningView = Omit<SlotWarning, 'concern'> & { readonly concern: string };

/** The answer of GET /api/sync/status/{job_id}. */
export interface JobStatus extends JobSummary {
  readonly guarantee: string;
  readonly config: JobConfig;
  readonly seconds: number;
  readonly rows_estimate: number;
  readonly counts: Counts;
  /** Conflicts that wait for a decision now; absent: the job has not completed, or nobody knows. */
  readonly open_conflicts?: number;
  readonly rows_per_second?: number;
  readonly eta_seconds?: number;
  readonly tables: readonly TableStatus[];
  readonly healing?: readonly HealingEvent[];
  /** What it has used so far, and what that costs; absent: nothing was counted, or the service is older. */
  readonly usage?: UsageView;
  /** Under cdc. */
  readonly changes?: { readonly warnings?: readonly SlotWarningView[] };
  /** Of a job that follows the source's log until it is stopped. */
  readonly following?: FollowingStatus;
}

/** How far a job has come that follows the source's log until it is stopped. */
export interface FollowingStatus extends Omit<FollowingView, 'as_of'> {
  /** How old the oldest change that is not applied may be; absent: no round has ended. */
  readonly lag_seconds?: number;
}

export interface TableStatus {
  readonly table: number;
  readonly name: string;
  readonly state: TableState;
  readonly validation: ValidationState;
  readonly pass: Pass;
  readonly level: number;
  readonly rows_estimate: number;
  /** Segments of the pass. */
  readonly segments: { readonly total: number; readonly done: number };
  readonly counts: Counts;
  readonly window?: JobTable['window'];
  /** Why an incremental job looks at all rows of it. A service that is newer may know other reasons. */
  readonly whole?: string;
  readonly untouched?: JobTable['untouched'];
  /** Rules of the table, and what they came to before a row was written. */
  readonly rules?: readonly PlannedRule[];
  /** Warnings of the comparison of both catalogs. */
  readonly schema_warnings?: number;
  /** Rows that moved while the job ran and still do. */
  readonly in_flight?: number;
  /** Keys of a few rows that a dry run would change, by operation. */
  readonly samples?: Readonly<Record<string, readonly (readonly string[])[]>>;
  readonly failure?: FailureView;
}

/** How far a segment has come. */
export interface SegmentView {
  /** Position in the table, from 0. */
  readonly segment: number;
  /** The pass that it is in, or was in last. */
  readonly pass: Pass;
  readonly finished: boolean;
  /** Of the job when it came so far. */
  readonly epoch: number;
  /** Over all passes. */
  readonly counts: Counts;
  readonly updated_at: string;
}

/** The answer of GET /api/sync/status/{job_id}/{table_name}. */
export interface TableDetail extends TableStatus {
  /** Segments of which a chunk is done, by their position. */
  readonly begun: readonly SegmentView[];
}

export interface JobPage<Job extends JobSummary = JobSummary> {
  readonly jobs: readonly Job[];
  readonly next_token?: string;
}

/** One job of a project in a list. */
export interface ProjectJob extends JobSummary {
  /** Its root table. */
  readonly root: string;
}

/** The answer of GET /api/sync/projects/dashboard. */
export interface ProjectDashboard {
  /** So many of the newest jobs, of whatever kind, were looked at. */
  readonly looked_at: number;
  readonly states: { readonly [State in JobState]?: number };
  readonly roots: readonly { readonly root: string; readonly jobs: number; readonly last: ProjectJob }[];
}

/** The answer to a start, a stop and a resume. */
export interface Started {
  readonly job_id: string;
  readonly state: JobState;
  readonly status_url: string;
}

/** One schedule, as GET /api/sync/schedules answers it. */
export interface ScheduleView
  extends Omit<
    Schedule,
    'anchor' | 'secret_ref' | 'revision' | 'armed' | 'seq' | 'deleting' | 'source' | 'target' | 'approval'
  > {
  readonly source: ConnectionView;
  readonly target: ConnectionView;
  readonly approval?: Omit<GivenApproval, 'digest'>;
  /** The next three, ISO 8601 in UTC; none while it is paused. */
  readonly next_runs: readonly string[];
  readonly deleting?: boolean;
}

/** One webhook, as GET, PUT and rotate of /api/sync/webhooks answer it; `secret` only where it has just been made. */
export interface WebhookView extends Omit<Webhook, 'secret_ref' | 'seq'> {
  readonly secret?: string;
}

/** The answer to a test of a webhook. */
export interface WebhookTested {
  readonly delivered: boolean;
  readonly status?: number;
  readonly code?: string;
  readonly message?: string;
}

/** One environment, as GET /api/sync/environments answers it. */
export interface EnvironmentView
  extends Omit<Environment, 'connection' | 'identity' | 'secret_ref' | 'revision'>,
    DatabaseView {}

/** What is in the way of a job, and what grants what is missing. */
export interface SideReportView {
  readonly problems: readonly ProblemItem[];
  readonly grants: readonly string[];
}

/** The answer of POST /api/sync/environments/{name}/test. */
export interface EnvironmentTested {
  readonly name: string;
  readonly version: string;
  readonly role: string;
  readonly same_database: boolean;
  readonly tables: number;
  readonly as_source: SideReportView;
  readonly as_target: SideReportView;
  readonly optional: SideReportView;
}

/** One request for approval, as GET /api/sync/approvals lists it. */
export interface ApprovalView
  extends Pick<Approval, 'id' | 'digest' | 'asked_at' | 'expires_at' | 'decided_at' | 'note' | 'used_by'>,
    Pick<Approval['work'], 'mode' | 'source' | 'target' | 'protected' | 'schedule'> {
  readonly state: string;
  readonly asked_by: string;
  /** Whoever looks has asked for it, and cannot approve it. */
  readonly own?: true;
  readonly decided_by?: string;
  /** Of one request alone. */
  readonly config?: JobConfig;
}

/** The answer of GET /api/sync/health, with 200 and with 503. */
export interface Health {
  readonly status: 'ok' | 'degraded';
  readonly version: string;
  readonly dependencies: readonly {
    readonly name: string;
    readonly status: 'up' | 'down';
    readonly latency_ms: number;
    readonly error?: string;
  }[];
}

/** The body of a refused call (RFC 9457). */
export interface ProblemBody {
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly request_id?: string;
  readonly errors: readonly ProblemItem[];
  readonly facts?: Readonly<Record<string, unknown>>;
}

/** The gateway answers 401, 403, 429 and some 5xx itself, in a shape of its own. */
export function isProblem(body: unknown): body is ProblemBody {
  const has = body as Partial<ProblemBody> | undefined;
  return typeof has?.code === 'string' && typeof has.detail === 'string' && Array.isArray(has.errors);
}
