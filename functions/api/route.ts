import type * as z from 'zod';
import type { Approval } from '../../lib/model/approval.ts';
import type { Conflict, ConflictImages, DecisionOutcome } from '../../lib/model/conflict.ts';
import type { ConflictDetail } from '../../lib/model/conflict-answers.ts';
import type { Connection } from '../../lib/model/connection.ts';
import type { SeenVersion } from '../../lib/model/entity-tag.ts';
import type { Problem } from '../../lib/model/errors.ts';
import type { Job } from '../../lib/model/job.ts';
import type { PairDrop } from '../../lib/model/pair.ts';
import type { PairCheck } from '../../lib/model/pair-check.ts';
import type { PairTables } from '../../lib/model/pair-tables.ts';
import type { ProjectPlanView } from '../../lib/model/project-plan.ts';
import type { Resolution, ResolutionFilter } from '../../lib/model/resolution.ts';
import type { RouteRole } from '../../lib/model/roles.ts';
import type { Schedule } from '../../lib/model/schedule.ts';
import type { TableValidation } from '../../lib/model/schema-check.ts';
import type { SlotView } from '../../lib/model/slot-view.ts';
import type { ExpressionSuggestion, MappingCheck, Suggestion } from '../../lib/model/suggestion.ts';
import type { Uninstall } from '../../lib/model/uninstall.ts';
import type { WebhookHosts } from '../../lib/notifications/webhook-hosts.ts';
import type { CancelRequest } from '../../lib/orchestrator/cancel-resolution.ts';
import type { CheckMappingRequest } from '../../lib/orchestrator/check-mapping.ts';
import type { ApprovalDecision } from '../../lib/orchestrator/decide-approval.ts';
import type { DropPairRequest } from '../../lib/orchestrator/drop-pair.ts';
import type { KeptEnvironment, PutEnvironment } from '../../lib/orchestrator/keep-environments.ts';
import type { QuarantineList, QuarantineRequest } from '../../lib/orchestrator/list-quarantine.ts';
import type { PutSchedule } from '../../lib/orchestrator/put-schedule.ts';
import type { PutOutcome, PutWebhook, testWebhook } from '../../lib/orchestrator/put-webhook.ts';
import type { DecisionRequest } from '../../lib/orchestrator/resolve-conflict.ts';
import type { ResumeRequest } from '../../lib/orchestrator/resume-job.ts';
import type { RetryOutcome, RetryRequest } from '../../lib/orchestrator/retry-quarantine.ts';
import type { StartRequest } from '../../lib/orchestrator/start-job.ts';
import type { ResolutionRequest } from '../../lib/orchestrator/start-resolution.ts';
import type { ExpressionRequest } from '../../lib/orchestrator/suggest-expression.ts';
import type { SuggestRequest } from '../../lib/orchestrator/suggest-mapping.ts';
import type { EnvironmentReport } from '../../lib/orchestrator/test-environment.ts';
import type { UninstallRequest } from '../../lib/orchestrator/uninstall.ts';
import type {
  ApprovalStore,
  AuditLog,
  ConflictStore,
  EnvironmentStore,
  MappingStore,
  ResolutionStore,
  ScheduleStore,
  UsageLedger,
  WebhookStore,
} from '../../lib/ports.ts';
import type { Dependency } from '../aws/dependencies.ts';
import type { CoreServices } from '../runtime.ts';
import type { FleetParts } from './fleet-parts.ts';
import type { SaidPair } from './pair-fields.ts';

/** A start as somebody asks for it. */
export type AskedStart = Omit<StartRequest, 'pair'> & SaidPair;

/** A look at both ends as a start with this config would take. */
export type LookRequest = Pick<StartRequest, 'jobId' | 'config'> & SaidPair;

/** One call, parsed: what a route's handler sees. `actor` comes from the token only. */
export interface RouteRequest<Body, Query> {
  readonly body: Body;
  readonly query: Query;
  readonly params: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly actor: string;
  /** `sub` of the token; absent where it has none. */
  readonly subject?: string;
  /** Roles of the token. */
  readonly roles: readonly string[];
  readonly requestId: string;
  /** An id for what the call makes. Under an Idempotency-Key the same, however often the call is made. */
  readonly workId: string;
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
  /** Sides that are named have their environment's connection. */
  startJob(request: AskedStart): Promise<Job>;
  stopJob(request: { readonly jobId: string; readonly actor: string }): Promise<Job>;
  resumeJob(request: ResumeRequest): Promise<Job>;
  /** A conflict with both rows; `images`: where they have just been read. */
  describeConflict(conflict: Conflict, seesMasked: boolean, images?: ConflictImages): Promise<ConflictDetail>;
  decideConflict(request: DecisionRequest): Promise<DecisionOutcome>;
  previewResolution(jobId: string, filter: ResolutionFilter): Promise<number>;
  startResolution(request: ResolutionRequest): Promise<Resolution>;
  cancelResolution(request: CancelRequest): Promise<Resolution>;
  validateTable(jobId: string, table: string): Promise<TableValidation>;
  putEnvironment(put: PutEnvironment): Promise<KeptEnvironment>;
  removeEnvironment(seen: Pick<PutEnvironment, 'name' | 'seen' | 'actor'>): Promise<void>;
  testEnvironment(name: string, tables: readonly string[] | undefined): Promise<EnvironmentReport>;
  listTables(said: SaidPair): Promise<PairTables>;
  decideApproval(decision: ApprovalDecision): Promise<Approval>;
  readonly environments: Pick<EnvironmentStore, 'get' | 'list'>;
  readonly approvals: Pick<ApprovalStore, 'get' | 'list'>;
  putSchedule(put: PutSchedule): Promise<{ readonly schedule: Schedule; readonly created: boolean }>;
  removeSchedule(name: string, seen?: SeenVersion): Promise<void>;
  readonly schedules: Pick<ScheduleStore, 'get' | 'list'>;
  listQuarantine(request: QuarantineRequest): Promise<QuarantineList>;
  retryQuarantine(request: RetryRequest): Promise<RetryOutcome>;
  listSlots(said: SaidPair): Promise<readonly SlotView[]>;
  uninstall(
    request: Omit<UninstallRequest, 'connection'> & { readonly connection?: Connection; readonly environment?: string },
  ): Promise<Uninstall>;
  dropPair(request: Omit<DropPairRequest, 'source' | 'target'> & { readonly said: SaidPair }): Promise<PairDrop>;
  suggestMapping(request: Omit<SuggestRequest, 'pair'> & SaidPair): Promise<Suggestion>;
  checkMapping(request: Omit<CheckMappingRequest, 'pair'> & SaidPair): Promise<MappingCheck>;
  planProject(request: LookRequest): Promise<ProjectPlanView>;
  checkPair(request: LookRequest): Promise<Pick<PairCheck, 'source' | 'target' | 'problems' | 'warnings' | 'more'>>;
  suggestExpression(request: Omit<ExpressionRequest, 'source'> & SaidPair): Promise<ExpressionSuggestion>;
  readonly audit: AuditLog;
  readonly usage: Pick<UsageLedger, 'of'>;
  readonly dependencies: readonly Dependency[];
  readonly conflicts: ConflictStore;
  readonly resolutions: ResolutionStore;
  readonly mappings: MappingStore;
  readonly webhooks: Pick<WebhookStore, 'get' | 'list'>;
  webhookHosts(): WebhookHosts;
  putWebhook(put: PutWebhook): Promise<PutOutcome>;
  rotateWebhook(request: { readonly name: string; readonly actor: string }): Promise<Required<PutOutcome>>;
  removeWebhook(name: string, seen?: SeenVersion): Promise<void>;
  testWebhook(name: string): ReturnType<typeof testWebhook>;
  /** Pairs that are kept, and orders over many of them: see `fleetOf`. */
  readonly fleet?: FleetParts;
}

/**
 * One route, declared once: API Gateway, OpenAPI, the local gateway and docs/api.md derive from it.
 *
 * `path` is in API Gateway form (`/api/sync/status/{job_id}`). `runs` is the function that serves it: `commands` changes
 * state and may start jobs, `conflicts` looks at rows of a conflict and decides it, `quarantine` looks at rows that were put
 * aside and tries them again, `schedules` keeps schedules, `webhooks` keeps webhooks, `environments` keeps named connections and
 * approvals to write to them, and looks at pairs of databases, `mappings` keeps stored mappings, `suggest` proposes them, `pairs` looks after slots and gives pairs
 * up, `fleet` keeps pairs and takes orders over many of them, `projects` looks at both ends to plan a project or check a pair, `uninstall` takes the
 * service out of a database, `queries` only reads, `openapi` describes them all. Errors are thrown as SyncError and become problem+json.
 */
export interface Route<Body = unknown, Query = unknown> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly role: RouteRole;
  readonly runs:
    | 'commands'
    | 'conflicts'
    | 'environments'
    | 'fleet'
    | 'mappings'
    | 'openapi'
    | 'pairs'
    | 'projects'
    | 'quarantine'
    | 'queries'
    | 'schedules'
    | 'suggest'
    | 'uninstall'
    | 'webhooks';
  readonly summary: string;
  /** Schema of each `{name}` in the path; a value that does not fit is `id_format`. */
  readonly params?: Readonly<Record<string, z.ZodType<string>>>;
  readonly body?: z.ZodType<Body>;
  /** Takes an Idempotency-Key; the function that serves it keeps such calls. */
  readonly idempotent?: boolean;
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
