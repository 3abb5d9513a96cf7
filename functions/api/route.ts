import type * as z from 'zod';
import type { Conflict, ConflictImages, DecisionOutcome } from '../../lib/model/conflict.ts';
import type { ConflictDetail } from '../../lib/model/conflict-answers.ts';
import type { Problem } from '../../lib/model/errors.ts';
import type { Job } from '../../lib/model/job.ts';
import type { ProjectPlanView } from '../../lib/model/project-plan.ts';
import type { Resolution, ResolutionFilter } from '../../lib/model/resolution.ts';
import type { RouteRole } from '../../lib/model/roles.ts';
import type { Schedule } from '../../lib/model/schedule.ts';
import type { TableValidation } from '../../lib/model/schema-check.ts';
import type { ExpressionSuggestion, Suggestion } from '../../lib/model/suggestion.ts';
import type { CancelRequest } from '../../lib/orchestrator/cancel-resolution.ts';
import type { QuarantineList, QuarantineRequest } from '../../lib/orchestrator/list-quarantine.ts';
import type { PutSchedule } from '../../lib/orchestrator/put-schedule.ts';
import type { DecisionRequest } from '../../lib/orchestrator/resolve-conflict.ts';
import type { ResumeRequest } from '../../lib/orchestrator/resume-job.ts';
import type { RetryOutcome, RetryRequest } from '../../lib/orchestrator/retry-quarantine.ts';
import type { StartRequest } from '../../lib/orchestrator/start-job.ts';
import type { ResolutionRequest } from '../../lib/orchestrator/start-resolution.ts';
import type { ExpressionRequest } from '../../lib/orchestrator/suggest-expression.ts';
import type { SuggestRequest } from '../../lib/orchestrator/suggest-mapping.ts';
import type { AuditLog, ConflictStore, MappingStore, ResolutionStore, ScheduleStore } from '../../lib/ports.ts';
import type { Dependency } from '../aws/dependencies.ts';
import type { CoreServices } from '../runtime.ts';

/** One call, parsed: what a route's handler sees. `actor` comes from the token only. */
export interface RouteRequest<Body, Query> {
  readonly body: Body;
  readonly query: Query;
  readonly params: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly actor: string;
  /** Roles of the token. */
  readonly roles: readonly string[];
  readonly requestId: string;
}

export interface RouteResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON; absent for an empty body. */
  readonly body?: unknown;
  /** Sent as it is, in place of `body`; `headers` name its type. */
  readonly text?: string;
}

/**
 * What only some routes use. Handed in by the function that serves them, so that no bundle holds what its routes do not
 * use: the database driver, or the clients that only a health check asks.
 */
export interface Parts {
  startJob(request: StartRequest): Promise<Job>;
  stopJob(request: { readonly jobId: string; readonly actor: string }): Promise<Job>;
  resumeJob(request: ResumeRequest): Promise<Job>;
  /** A conflict with both rows; `images`: where they have just been read. */
  describeConflict(conflict: Conflict, seesMasked: boolean, images?: ConflictImages): Promise<ConflictDetail>;
  decideConflict(request: DecisionRequest): Promise<DecisionOutcome>;
  previewResolution(jobId: string, filter: ResolutionFilter): Promise<number>;
  startResolution(request: ResolutionRequest): Promise<Resolution>;
  cancelResolution(request: CancelRequest): Promise<Resolution>;
  validateTable(jobId: string, table: string): Promise<TableValidation>;
  putSchedule(put: PutSchedule): Promise<{ readonly schedule: Schedule; readonly created: boolean }>;
  removeSchedule(name: string): Promise<void>;
  readonly schedules: Pick<ScheduleStore, 'get' | 'list'>;
  listQuarantine(request: QuarantineRequest): Promise<QuarantineList>;
  retryQuarantine(request: RetryRequest): Promise<RetryOutcome>;
  suggestMapping(request: SuggestRequest): Promise<Suggestion>;
  planProject(request: Pick<StartRequest, 'jobId' | 'pair' | 'config'>): Promise<ProjectPlanView>;
  suggestExpression(request: ExpressionRequest): Promise<ExpressionSuggestion>;
  readonly audit: AuditLog;
  readonly dependencies: readonly Dependency[];
  readonly conflicts: ConflictStore;
  readonly resolutions: ResolutionStore;
  readonly mappings: MappingStore;
}

/**
 * One route, declared once: API Gateway, OpenAPI, the local gateway and the README table derive from it.
 *
 * `path` is in API Gateway form (`/api/sync/status/{job_id}`). `runs` is the function that serves it: `commands` changes
 * state and may start jobs, `conflicts` looks at rows of a conflict and decides it, `quarantine` looks at rows that were put
 * aside and tries them again, `schedules` keeps schedules, `mappings` keeps stored mappings, `suggest` proposes them, `projects`
 * looks at both ends to plan a project, `queries` only reads. Errors are thrown as SyncError and become problem+json.
 */
export interface Route<Body = unknown, Query = unknown> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly role: RouteRole;
  readonly runs:
    | 'commands'
    | 'conflicts'
    | 'mappings'
    | 'projects'
    | 'quarantine'
    | 'queries'
    | 'schedules'
    | 'suggest';
  readonly summary: string;
  /** Schema of each `{name}` in the path; a value that does not fit is `id_format`. */
  readonly params?: Readonly<Record<string, z.ZodType<string>>>;
  readonly body?: z.ZodType<Body>;
  /** A call without a body counts as one with `{}`. */
  readonly bodyOptional?: boolean;
  readonly query?: z.ZodType<Query>;
  /** Schemas of the answers by status, for OpenAPI. */
  readonly responses: Readonly<
    Record<
      number,
      {
        description: string;
        schema?: z.ZodType;
        /** Other types of content than JSON. */
        media?: readonly string[];
        headers?: Readonly<Record<string, string>>;
      }
    >
  >;
  /**
   * Problems that no schema can see because they depend on the deployment. Gets the JSON as it came, also when the schema
   * has found problems in it, so that one answer names them all.
   */
  alsoCheck?(json: unknown, services: CoreServices): readonly Problem[];
  /** The same for parameters of the query string. */
  alsoCheckQuery?(given: Readonly<Record<string, unknown>>): readonly Problem[];
  handle(request: RouteRequest<Body, Query>, services: CoreServices, parts: Parts): Promise<RouteResponse>;
}

/** Types a declaration; does nothing at run time. */
export function defineRoute<Body = undefined, Query = Record<string, never>>(
  route: Route<Body, Query>,
): Route<Body, Query> {
  return route;
}
