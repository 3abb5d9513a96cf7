import {
  type ApprovalView,
  type EnvironmentTested,
  type EnvironmentView,
  type Health,
  isProblem,
  type JobPage,
  type JobStatus,
  type ProblemBody,
  type ScheduleView,
  type Started,
  type WebhookTested,
  type WebhookView,
} from '../lib/model/answers.ts';
import type { AuditPage, AuditReportPart, AuditVerification } from '../lib/model/audit-view.ts';
import type {
  ConflictDecided,
  ConflictDetail,
  ConflictPage,
  ResolutionPreview,
  ResolutionStarted,
  ResolutionView,
} from '../lib/model/conflict-answers.ts';
import type { FleetPreview, FleetStarted, FleetView, PairPageView, PairView } from '../lib/model/fleet-view.ts';
import type { JobMode } from '../lib/model/job.ts';
import type { PairDrop } from '../lib/model/pair.ts';
import type { PairCheck } from '../lib/model/pair-check.ts';
import type { ProjectPlanView } from '../lib/model/project-plan.ts';
import type { QuarantinePage, RetryStarted } from '../lib/model/quarantine.ts';
import type { TableValidation } from '../lib/model/schema-check.ts';
import type { SlotView } from '../lib/model/slot-view.ts';
import type { MappingSummary, MappingView } from '../lib/model/stored-mapping.ts';
import type { ExpressionSuggestion, Suggestion } from '../lib/model/suggestion.ts';
import type { Uninstall } from '../lib/model/uninstall.ts';
import { CommandError, EXIT } from './exit.ts';

/** The answer of a command about a job. */
export type Moved = Started;

/** A connection string, alone or with the certificates by which its server is verified. */
export type GivenConnection = string | { readonly url: string; readonly ca_certificate: string };

/** Each side a connection or the name of an environment. */
export interface StartRequest extends PairRequest {
  readonly config: Readonly<Record<string, unknown>>;
}

export interface PairRequest {
  readonly source_connection?: GivenConnection;
  readonly target_connection?: GivenConnection;
  readonly source_environment?: string;
  readonly target_environment?: string;
}

/** The service refused a call (exit 2) or failed at it (exit 1). */
export class ApiError extends CommandError {
  readonly problem: ProblemBody;

  constructor(problem: ProblemBody) {
    super(problem.detail, problem.status < 500 ? EXIT.refused : EXIT.failed);
    this.problem = problem;
  }
}

/** The service did not answer, or not now; asking again may help. */
export class UnavailableError extends CommandError {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, EXIT.failed, options);
  }
}

export interface ApiOptions {
  readonly url: URL;
  readonly token?: string;
  readonly fetch: typeof fetch;
  readonly userAgent: string;
  readonly interrupted: AbortSignal;
  readonly pause: (ms: number) => Promise<void>;
  /** In [0, 1). */
  readonly random: () => number;
}

/** A rate is by the second; at random, so that those who were turned away together do not come again together. */
const THROTTLED_MS = 1_000;
const THROTTLED_TRIES = 10;

interface Answered {
  readonly answer: Response;
  readonly text: string;
}

// A start is answered after a preflight of up to 20 s.
const TIMEOUT_MS = 35_000;

/** Calls the HTTP API. Throws `ApiError` and `UnavailableError`; never follows a redirect, which could carry the token away. */
export class Api {
  readonly #options: ApiOptions;

  constructor(options: ApiOptions) {
    this.#options = options;
  }

  start(mode: JobMode, request: StartRequest): Promise<Started> {
    return this.#call('POST', `/api/sync/${mode}`, { body: request });
  }

  /** A look, or with `confirm` the removal. */
  uninstall(request: object): Promise<Uninstall> {
    return this.#call('POST', '/api/sync/uninstall', { body: request });
  }

  /** What is behind the service, also where some of it does not answer; and the service's clock, in milliseconds since 1970. */
  async health(): Promise<{ readonly health: Health; readonly serviceMs?: number }> {
    const { answer, text } = await this.#send('GET', '/api/sync/health');
    const body = parse(text);
    if ((body as Partial<Health> | undefined)?.dependencies === undefined)
      throw failureOf(answer, body, this.#options.url.origin);
    const serviceMs = Date.parse(answer.headers.get('date') ?? '');
    return { health: body as Health, ...(Number.isFinite(serviceMs) && { serviceMs }) }; // the API's promise
  }

  /** Whether a start would be accepted; starts nothing. Without sides, only who is asking. */
  doctor(request: Partial<StartRequest>): Promise<PairCheck> {
    return this.#call('POST', '/api/sync/doctor', { body: request });
  }

  /** A look, or with `confirm` the drop. */
  dropPair(request: object): Promise<PairDrop> {
    return this.#call('POST', '/api/sync/pairs/drop', { body: request });
  }

  slots(request: PairRequest): Promise<{ readonly slots: readonly SlotView[] }> {
    return this.#call('POST', '/api/sync/pairs/slots', { body: request });
  }

  /** What a start with a project would sync; starts nothing. */
  planProject(request: StartRequest): Promise<ProjectPlanView> {
    return this.#call('POST', '/api/sync/projects/plan', { body: request });
  }

  schedules(): Promise<{ readonly schedules: readonly ScheduleView[] }> {
    return this.#call('GET', '/api/sync/schedules');
  }

  schedule(name: string): Promise<ScheduleView> {
    return this.#call('GET', scheduleAt(name));
  }

  /** With its entity tag for a change. */
  seenSchedule(name: string): Promise<{ readonly view: ScheduleView; readonly etag: string }> {
    return this.#tagged('GET', scheduleAt(name));
  }

  /** With an entity tag: only where it is still so. */
  putSchedule(name: string, body: object, etag?: string): Promise<ScheduleView> {
    return this.#call('PUT', scheduleAt(name), { body, ...(etag && { ifMatch: etag }) });
  }

  deleteSchedule(name: string): Promise<void> {
    return this.#call('DELETE', scheduleAt(name));
  }

  pairs(query: Query): Promise<PairPageView> {
    return this.#call('GET', `/api/sync/pairs?${search(query)}`);
  }

  /** With its entity tag for a change; undefined: none of this name is kept. */
  async pair(name: string): Promise<{ readonly view: PairView; readonly etag: string } | undefined> {
    try {
      return await this.#tagged<PairView>('GET', pairAt(name));
    } catch (error) {
      if (error instanceof ApiError && error.problem.code === 'pair_not_found') return undefined;
      throw error;
    }
  }

  /** Without an entity tag it must be new. */
  putPair(name: string, body: object, etag?: string): Promise<PairView> {
    return this.#call('PUT', pairAt(name), {
      body,
      ...(etag === undefined ? { ifNoneMatch: '*' } : { ifMatch: etag }),
    });
  }

  deletePair(name: string, etag: string): Promise<void> {
    return this.#call('DELETE', pairAt(name), { ifMatch: etag });
  }

  previewFleet(body: object): Promise<FleetPreview> {
    return this.#call('POST', '/api/sync/fleet', { body });
  }

  orderFleet(body: object): Promise<FleetStarted> {
    return this.#call('POST', '/api/sync/fleet', { body });
  }

  fleetOrders(): Promise<{ readonly orders: readonly FleetView[] }> {
    return this.#call('GET', '/api/sync/fleet');
  }

  fleetOrder(id: string): Promise<FleetView> {
    return this.#call('GET', `/api/sync/fleet/${encodeURIComponent(id)}`);
  }

  cancelFleet(id: string): Promise<FleetView> {
    return this.#call('POST', `/api/sync/fleet/${encodeURIComponent(id)}/cancel`);
  }

  webhooks(): Promise<{ readonly webhooks: readonly WebhookView[] }> {
    return this.#call('GET', '/api/sync/webhooks');
  }

  putWebhook(name: string, body: object): Promise<WebhookView> {
    return this.#call('PUT', webhookAt(name), { body });
  }

  rotateWebhook(name: string): Promise<WebhookView> {
    return this.#call('POST', `${webhookAt(name)}/rotate`);
  }

  testWebhook(name: string): Promise<WebhookTested> {
    return this.#call('POST', `${webhookAt(name)}/test`);
  }

  deleteWebhook(name: string): Promise<void> {
    return this.#call('DELETE', webhookAt(name));
  }

  environments(): Promise<{ readonly environments: readonly EnvironmentView[] }> {
    return this.#call('GET', '/api/sync/environments');
  }

  /** With its entity tag for a change; undefined: there is none of this name. */
  async environment(name: string): Promise<{ readonly view: EnvironmentView; readonly etag: string } | undefined> {
    try {
      return await this.#tagged<EnvironmentView>('GET', environmentAt(name));
    } catch (error) {
      if (error instanceof ApiError && error.problem.code === 'environment_not_found') return undefined;
      throw error;
    }
  }

  /** Without an entity tag it must be new. */
  putEnvironment(name: string, body: object, etag?: string): Promise<EnvironmentView & { readonly jobs: number }> {
    return this.#call('PUT', environmentAt(name), {
      body,
      ...(etag === undefined ? { ifNoneMatch: '*' } : { ifMatch: etag }),
    });
  }

  deleteEnvironment(name: string, etag: string): Promise<void> {
    return this.#call('DELETE', environmentAt(name), { ifMatch: etag });
  }

  testEnvironment(name: string, body: object = {}): Promise<EnvironmentTested> {
    return this.#call('POST', `${environmentAt(name)}/test`, { body });
  }

  approvals(query: Query): Promise<{ readonly approvals: readonly ApprovalView[] }> {
    return this.#call('GET', `/api/sync/approvals?${search(query)}`);
  }

  approval(id: string): Promise<ApprovalView> {
    return this.#call('GET', approvalAt(id));
  }

  decideApproval(id: string, word: 'approve' | 'reject', body: object): Promise<ApprovalView> {
    return this.#call('POST', `${approvalAt(id)}/${word}`, { body });
  }

  status(jobId: string): Promise<JobStatus> {
    return this.#call('GET', `/api/sync/status/${encodeURIComponent(jobId)}`);
  }

  stop(jobId: string): Promise<Moved> {
    return this.#call('POST', `/api/sync/stop/${encodeURIComponent(jobId)}`);
  }

  resume(jobId: string, request: { confirm_deletes?: number } = {}): Promise<Moved> {
    return this.#call('POST', `/api/sync/resume/${encodeURIComponent(jobId)}`, { body: request });
  }

  jobs(query: { limit?: string; status?: string; next_token?: string }): Promise<JobPage> {
    return this.#call('GET', `/api/sync/jobs?${search(query)}`);
  }

  /** `fresh`: both catalogs are read for it; else what the job has found. */
  validation(jobId: string, table: string, fresh: boolean): Promise<TableValidation> {
    const path = `/api/sync/validate/${encodeURIComponent(jobId)}/${encodeURIComponent(table)}`;
    return this.#call(fresh ? 'POST' : 'GET', path);
  }

  conflicts(jobId: string, query: Readonly<Record<string, string>>): Promise<ConflictPage> {
    return this.#call('GET', `${conflictsOf(jobId)}?${new URLSearchParams(query)}`);
  }

  conflict(jobId: string, conflictId: string): Promise<ConflictDetail> {
    return this.#call('GET', `${conflictsOf(jobId)}/${encodeURIComponent(conflictId)}`);
  }

  resolve(jobId: string, conflictId: string, body: object): Promise<ConflictDecided> {
    return this.#call('POST', `${conflictsOf(jobId)}/${encodeURIComponent(conflictId)}/resolve`, { body });
  }

  previewAll(jobId: string, body: object): Promise<ResolutionPreview> {
    return this.#call('POST', `${conflictsOf(jobId)}/resolve-all`, { body: { ...body, preview: true } });
  }

  resolveAll(jobId: string, body: object): Promise<ResolutionStarted> {
    return this.#call('POST', `${conflictsOf(jobId)}/resolve-all`, { body });
  }

  /** `statusUrl`: as the service answered it. */
  resolution(statusUrl: string): Promise<ResolutionView> {
    return this.#call('GET', statusUrl);
  }

  cancelResolution(jobId: string, resolutionId: string): Promise<ResolutionView> {
    const path = `${conflictsOf(jobId)}/resolutions/${encodeURIComponent(resolutionId)}/cancel`;
    return this.#call('POST', path);
  }

  quarantine(jobId: string, query: Query): Promise<QuarantinePage> {
    return this.#call('GET', `${quarantinePath(jobId)}?${search(query)}`);
  }

  retryQuarantine(jobId: string, filter: Query): Promise<RetryStarted> {
    return this.#call('POST', `${quarantinePath(jobId)}/retry`, { body: filter });
  }

  auditEvents(jobId: string, query: Query): Promise<AuditPage> {
    return this.#call('GET', `${auditPath(jobId)}?${search(query)}`);
  }

  auditReport(jobId: string, query: Query): Promise<AuditReportPart> {
    return this.#call('GET', `${auditPath(jobId)}/report?${search({ format: 'json', ...query })}`);
  }

  auditVerify(jobId: string, query: Query): Promise<AuditVerification> {
    return this.#call('GET', `${auditPath(jobId)}/verify?${search(query)}`);
  }

  /** A part of a file, and how to ask for the next one. */
  async auditExport(jobId: string, query: Query): Promise<{ readonly text: string; readonly nextToken?: string }> {
    const { answer, text } = await this.#send('GET', `${auditPath(jobId)}/export?${search(query)}`);
    if (!answer.ok) throw failureOf(answer, parse(text), this.#options.url.origin);
    const nextToken = answer.headers.get('x-next-token');
    return { text, ...(nextToken !== null && { nextToken }) };
  }

  suggestMapping(request: object): Promise<Suggestion> {
    return this.#call('POST', '/api/sync/mappings/suggest', { body: request });
  }

  suggestExpression(request: object): Promise<ExpressionSuggestion> {
    return this.#call('POST', '/api/sync/mappings/suggest-expression', { body: request });
  }

  /** All of them, page by page. */
  async mappings(): Promise<readonly MappingSummary[]> {
    const found: MappingSummary[] = [];
    let token: string | undefined;
    do {
      const page: { mappings: MappingSummary[]; next_token?: string } = await this.#call(
        'GET',
        `/api/sync/mappings?${search({ limit: '500', next_token: token })}`,
      );
      found.push(...page.mappings);
      token = page.next_token;
    } while (token !== undefined);
    return found;
  }

  /** A version, the newest where none is named, and its entity tag for a change. */
  mapping(name: string, version?: string): Promise<{ readonly view: MappingView; readonly etag: string }> {
    return this.#tagged(
      'GET',
      `${mappingPath(name)}${version === undefined ? '' : `/versions/${encodeURIComponent(version)}`}`,
    );
  }

  putMapping(name: string, body: object): Promise<{ readonly view: MappingView; readonly etag: string }> {
    return this.#tagged('PUT', mappingPath(name), { body });
  }

  approveMapping(name: string, body: object, etag: string): Promise<MappingView> {
    return this.#call('POST', `${mappingPath(name)}/approve`, { body, ifMatch: etag });
  }

  retireMapping(name: string, body: object, etag: string): Promise<MappingView> {
    return this.#call('POST', `${mappingPath(name)}/retire`, { body, ifMatch: etag });
  }

  async discardMapping(name: string, version: string): Promise<void> {
    const path = `${mappingPath(name)}/versions/${encodeURIComponent(version)}`;
    const { answer, text } = await this.#send('DELETE', path);
    if (!answer.ok) throw failureOf(answer, parse(text), this.#options.url.origin);
  }

  async #tagged<T = MappingView>(method: Method, path: string, send: Send = {}) {
    const { answer, text } = await this.#send(method, path, send);
    const view = parse(text);
    if (!answer.ok || view === undefined) throw failureOf(answer, view, this.#options.url.origin);
    return { view: view as T, etag: answer.headers.get('etag') ?? '' }; // the shape is the API's promise
  }

  async #call<T>(method: Method, path: string, send: Send = {}): Promise<T> {
    const { answer, text } = await this.#send(method, path, send);
    if (answer.status === 204) return undefined as T; // the API's promise, too
    const body = parse(text);
    if (answer.ok && body !== undefined) return body as T; // the shape is the API's promise
    throw failureOf(answer, body, this.#options.url.origin);
  }

  /** A call that the gateway has turned away (429) has done nothing, whatever its method: it is made again, for some ten seconds. */
  async #send(method: Method, path: string, send: Send = {}): Promise<Answered> {
    for (let tries = 1; ; tries++) {
      const answered = await this.#once(method, path, send);
      if (answered.answer.status !== 429 || tries === THROTTLED_TRIES || this.#options.interrupted.aborted)
        return answered;
      await this.#options.pause(THROTTLED_MS * (0.5 + this.#options.random()));
    }
  }

  async #once(method: Method, path: string, send: Send): Promise<Answered> {
    const { url, token, fetch, userAgent, interrupted } = this.#options;
    const answer = await fetch(new URL(url.pathname.replace(/\/$/, '') + path, url), {
      method,
      redirect: 'manual',
      signal: AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), interrupted]),
      headers: {
        accept: 'application/json, application/problem+json',
        'user-agent': userAgent,
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(send.body && { 'content-type': 'application/json' }),
        ...(send.ifMatch !== undefined && { 'if-match': send.ifMatch }),
        ...(send.ifNoneMatch !== undefined && { 'if-none-match': send.ifNoneMatch }),
      },
      ...(send.body && { body: JSON.stringify(send.body) }),
    }).catch((cause) => {
      if (interrupted.aborted) throw new CommandError('Interrupted.', EXIT.interrupted);
      throw new UnavailableError(
        `Nothing answers at ${url.origin}. Start the service with npm start, or name another with --url.`,
        { cause },
      );
    });
    const text = await answer.text().catch((cause) => {
      throw new UnavailableError(`The answer of ${url.origin} broke off.`, { cause });
    });
    return { answer, text };
  }
}

const pairAt = (name: string) => `/api/sync/pairs/${encodeURIComponent(name)}`;

const webhookAt = (name: string) => `/api/sync/webhooks/${encodeURIComponent(name)}`;

const scheduleAt = (name: string) => `/api/sync/schedules/${encodeURIComponent(name)}`;

const environmentAt = (name: string) => `/api/sync/environments/${encodeURIComponent(name)}`;

const approvalAt = (id: string) => `/api/sync/approvals/${encodeURIComponent(id)}`;

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

interface Send {
  readonly body?: object;
  readonly ifMatch?: string;
  readonly ifNoneMatch?: string;
}

const mappingPath = (name: string) => `/api/sync/mappings/${encodeURIComponent(name)}`;

const conflictsOf = (jobId: string) => `/api/sync/conflicts/${encodeURIComponent(jobId)}`;

const quarantinePath = (jobId: string) => `/api/sync/quarantine/${encodeURIComponent(jobId)}`;

/** What is asked for; what is undefined is left out. */
type Query = Readonly<Record<string, string | undefined>>;

const search = (query: Query) =>
  new URLSearchParams(Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined));

const auditPath = (jobId: string) => `/api/sync/audit/${encodeURIComponent(jobId)}`;

function failureOf(answer: Response, body: unknown, origin: string): CommandError {
  if (isProblem(body)) return new ApiError(body);
  // the gateway answers these itself, and not as problem+json
  if (answer.status === 401) {
    const hint = 'Sign in with tfsync login, set TFSYNC_TOKEN, or name a file with --token-file.';
    return new ApiError(plainProblem(401, 'unauthenticated', 'There is no valid token.', hint));
  }
  if (answer.status === 403) {
    return new ApiError(plainProblem(403, 'forbidden', 'The role of this token does not allow this.'));
  }
  if (answer.status === 429) return new UnavailableError(`${origin} gets too many calls now. Try again later.`);
  if (answer.status >= 500) {
    return new UnavailableError(`${origin} answers ${answer.status} now. Try again later.`);
  }
  return new CommandError(
    `What answers at ${origin} is not TerraFusion Sync (HTTP ${answer.status}). Name the right address with --url.`,
    EXIT.failed,
  );
}

function plainProblem(
  status: number,
  code: 'unauthenticated' | 'forbidden',
  message: string,
  hint?: string,
): ProblemBody {
  const error = { code, message, ...(hint !== undefined && { hint }) };
  return { title: message, status, detail: message, code, errors: [error] };
}

function parse(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
