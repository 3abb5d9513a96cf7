import { randomUUID } from 'node:crypto';
import type { Context } from 'aws-lambda';
import { type ApiEvent, type ApiResult, apiHandler } from '../../../functions/api/handler.ts';
import { type KeptCall, once } from '../../../functions/api/idempotency.ts';
import type { ProblemBody } from '../../../functions/api/problem.ts';
import type { AskedStart, Parts } from '../../../functions/api/route.ts';
import { commandRoutes } from '../../../functions/api/routes/commands.ts';
import { conflictRoutes } from '../../../functions/api/routes/conflicts.ts';
import { environmentRoutes } from '../../../functions/api/routes/environments.ts';
import { fleetRoutes } from '../../../functions/api/routes/fleet.ts';
import { describing, routes } from '../../../functions/api/routes/index.ts';
import { mappingRoutes } from '../../../functions/api/routes/mappings.ts';
import { pairRoutes } from '../../../functions/api/routes/pairs.ts';
import { projectRoutes } from '../../../functions/api/routes/projects.ts';
import { quarantineRoutes } from '../../../functions/api/routes/quarantine.ts';
import { queryRoutes } from '../../../functions/api/routes/queries.ts';
import { scheduleRoutes } from '../../../functions/api/routes/schedules.ts';
import { suggestRoutes } from '../../../functions/api/routes/suggest.ts';
import { uninstallRoutes } from '../../../functions/api/routes/uninstalls.ts';
import { webhookRoutes } from '../../../functions/api/routes/webhooks.ts';
import type { CoreServices, Settings } from '../../../functions/runtime.ts';
import type { FleetOrder } from '../../../lib/model/fleet-order.ts';
import type { Job } from '../../../lib/model/job.ts';
import type { TableValidation } from '../../../lib/model/schema-check.ts';
import type { UsageRecord } from '../../../lib/model/usage.ts';
import { parseWebhookHosts } from '../../../lib/notifications/webhook-hosts.ts';
import { cancelResolution } from '../../../lib/orchestrator/cancel-resolution.ts';
import { detailOf } from '../../../lib/orchestrator/conflict-detail.ts';
import { decideApproval } from '../../../lib/orchestrator/decide-approval.ts';
import { putWebhook, removeWebhook, rotateKey, testWebhook } from '../../../lib/orchestrator/put-webhook.ts';
import { previewResolution, startResolution } from '../../../lib/orchestrator/start-resolution.ts';
import type {
  ApprovalStore,
  AuditLog,
  ConflictStore,
  EnvironmentStore,
  JobStore,
  MappingStore,
  ResolutionStore,
  ScheduleStore,
} from '../../../lib/ports.ts';
import {
  memoryAuditLog,
  memoryConflictStore,
  memoryItems,
  memoryJobStore,
  memoryMappingStore,
  memoryResolutionStore,
  memoryScheduleStore,
} from '../../contract/memory.ts';
import { type MemoryWebhooks, memoryWebhooks } from '../../contract/memory-webhooks.ts';
import {
  sampleEnvironment,
  sampleJob,
  samplePair,
  sampleSchedule,
  sampleSuggestion,
  validationOf,
} from '../../contract/samples.ts';
import { noEnvironments } from '../../support/environments.ts';
import { type FakeResolver, fakeResolver } from '../../support/fake-resolver.ts';

export const fleetOrder: FleetOrder = {
  order_id: '0e0e0e0e-0000-4000-8000-000000000001',
  work: { action: 'start' },
  filter: {},
  list: 'one',
  count: 3,
  pages: 2,
  page: 1,
  at_once: 40,
  working: [],
  state: 'working',
  counts: { done: 2, skipped: 0, failed: 0 },
  failures: [],
  actor: 'ada',
  created_at: '2026-11-23T10:00:00.000Z',
  updated_at: '2026-11-23T10:00:00.000Z',
  revision: 2,
};

export interface Call {
  readonly method?: string;
  readonly path: string;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON; `raw` is sent as it is. */
  readonly body?: unknown;
  readonly raw?: string | Buffer;
  /** As API Gateway shows them, for example `[operator]`; null for a call without a token. */
  readonly groups?: string | null;
  readonly claims?: Readonly<Record<string, unknown>>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly json: any;
}

/** Both API functions over memory, with everything they said to anybody. */
export interface TestApi {
  call(call: Call): Promise<Answer>;
  readonly jobs: JobStore;
  readonly conflicts: ConflictStore;
  readonly resolutions: ResolutionStore;
  readonly schedules: ScheduleStore;
  readonly environments: EnvironmentStore;
  readonly approvals: ApprovalStore;
  readonly mappings: MappingStore;
  readonly kept: MemoryWebhooks;
  readonly engine: FakeResolver;
  readonly started: AskedStart[];
  /** Everything that was asked for and changes state, starts among them. */
  readonly commands: object[];
  /** What was asked of pairs that are kept. */
  readonly asked: object[];
  /** Log lines as JSON. */
  readonly logged: string[];
}

export interface TestApiOptions {
  readonly settings?: Partial<Settings>;
  readonly startJob?: (request: AskedStart) => Promise<Job>;
  readonly stopJob?: Parts['stopJob'];
  readonly resumeJob?: Parts['resumeJob'];
  readonly planProject?: Parts['planProject'];
  readonly dependencies?: Parts['dependencies'];
  readonly validateTable?: (jobId: string, table: string) => Promise<TableValidation>;
  readonly listQuarantine?: Parts['listQuarantine'];
  readonly retryQuarantine?: Parts['retryQuarantine'];
  /** What jobs used, by their ids. */
  readonly usage?: Readonly<Record<string, UsageRecord>>;
  readonly jobs?: JobStore;
  readonly conflicts?: ConflictStore;
  readonly schedules?: ScheduleStore;
  /** Tags of columns of every table. */
  readonly masks?: Readonly<Record<string, string>>;
  readonly audit?: AuditLog;
  /** As the parameter AllowedWebhookHosts. */
  readonly webhookHosts?: string;
  readonly now?: string;
  readonly clock?: () => Date;
}

export function testApi(options: TestApiOptions = {}): TestApi {
  const jobs = options.jobs ?? memoryJobStore();
  const conflicts = options.conflicts ?? memoryConflictStore();
  const resolutions = memoryResolutionStore();
  const schedules = options.schedules ?? memoryScheduleStore();
  const { environments, approvals } = noEnvironments();
  const engine = fakeResolver();
  const started: AskedStart[] = [];
  const commands: object[] = [];
  const asked: object[] = [];
  const logged: string[] = [];
  const mappings = memoryMappingStore();
  const kept = memoryWebhooks();
  const told =
    <A extends readonly unknown[], R>(change: (...args: A) => R) =>
    (...args: A) => {
      commands.push(args);
      return change(...args);
    };
  const changedMappings: MappingStore = {
    ...mappings,
    put: told(mappings.put),
    approve: told(mappings.approve),
    discard: told(mappings.discard),
  };
  const log = (level: string) => (message: string, fields?: object, figures?: object) =>
    void logged.push(JSON.stringify({ level, message, ...fields, ...figures }));
  const notHere = () => Promise.reject(new Error('not used by the API'));
  const services: CoreServices = {
    settings: {
      version: '1.2.3',
      tlsPolicy: 'as_asked',
      connectionBudget: 20,
      rolesClaim: 'cognito:groups',
      ...options.settings,
    } as Settings, // what the API reads of them
    jobs,
    secrets: { put: notHere, get: notHere, remove: notHere, maskKey: notHere },
    clock: options.clock ?? (() => new Date(options.now ?? '2026-11-23T10:00:10.000Z')),
    log: { info: log('info'), warn: log('warn'), error: log('error') },
  };
  const parts: Parts = {
    usage: { of: async (jobId) => options.usage?.[jobId] },
    startJob: async (request) => {
      started.push(request);
      commands.push(request);
      return options.startJob?.(request) ?? sampleJob({ job_id: request.jobId });
    },
    stopJob: async (request) => {
      commands.push(request);
      return options.stopJob?.(request) ?? sampleJob({ job_id: request.jobId, state: 'stopped' });
    },
    resumeJob: async (request) => {
      commands.push(request);
      return options.resumeJob?.(request) ?? sampleJob({ job_id: request.jobId });
    },
    validateTable: async (jobId, table) => {
      commands.push({ jobId, table });
      return options.validateTable?.(jobId, table) ?? { ...validationOf(jobId), fresh: true };
    },
    listQuarantine: async (request) => options.listQuarantine?.(request) ?? { rows: [] },
    retryQuarantine: async (request) => {
      commands.push(request);
      const started = { job: sampleJob({ job_id: request.retryId }), rows: 2, wholeTables: [] };
      return options.retryQuarantine?.(request) ?? started;
    },
    uninstall: async (request) => {
      commands.push(request);
      const had = {
        schema: true,
        bytes: 2 ** 20,
        jobs: 2,
        quarantined: 0,
        baselines: 1,
        conflicts: 3,
        open_conflicts: 1,
      };
      const slots = [{ slot: 'tfsync_a', retained_bytes: 0, active: false }];
      return {
        database: { host: 'db', port: 5432, database: 'county' },
        confirmed: request.confirm,
        complete: request.confirm,
        had: { ...had, slots, publications: [{ publication: 'tfsync_a', owned: true }], streams: ['tfsync_b'] },
        jobs_under_way: [],
        job_secrets: 1,
        environments: ['training'],
        mask_keys: 1,
        copies: [],
        left: [],
      };
    },
    dropPair: async (request) => {
      commands.push(request);
      const pair = request.pair ?? `tfsync_${'0'.repeat(32)}`;
      const state = request.confirm ? 'dropped' : 'found';
      const none = { tables: 0, buckets: 0, base_rows: 0, baseline_bytes: 0, changed_keys: 0, watermarks: 0 };
      const had = { ...none, quiet_tables: 0, conflicts: 0, open_conflicts: 0, jobs: 0, quarantined: 0 };
      return { pair, confirmed: request.confirm, complete: true, source: { state, had: {} }, target: { state, had } };
    },
    listSlots: async (source) => {
      commands.push(source);
      return [];
    },
    suggestMapping: async (request) => {
      commands.push(request);
      return sampleSuggestion(request.name);
    },
    checkMapping: async (request) => {
      commands.push(request);
      return { findings: [], preview: [] };
    },
    planProject: async (request) => {
      commands.push(request);
      if (options.planProject) return options.planProject(request);
      return {
        root: request.config.project?.root ?? '',
        parents: 'insert',
        tables: [],
        excluded: [],
        missing_indexes: [],
      };
    },
    checkPair: async (request) => {
      commands.push(request);
      return { problems: [], warnings: [] };
    },
    suggestExpression: async (request) => {
      commands.push(request);
      return { expression: 'upper(row.city)', type: 'text', columns: ['city'], proposer: 'rules', reason: 'x' };
    },
    describeConflict: async (conflict, seesMasked, images) =>
      detailOf(conflict, images ?? (await engine.images(conflict)), {
        masks: options.masks ?? {},
        seesMasked,
        clocks: ['updated_at'],
      }),
    decideConflict: async (request) => {
      commands.push(request);
      return engine.decide(request);
    },
    previewResolution: (jobId, filter) => previewResolution(jobId, filter, { ...services, conflicts }),
    startResolution: async (request) => {
      commands.push(request);
      return startResolution(request, { ...services, conflicts, resolutions, queue: { send: async () => undefined } });
    },
    cancelResolution: async (request) => {
      commands.push(request);
      return cancelResolution(request, { ...services, resolutions });
    },
    putSchedule: async (put) => {
      commands.push(put);
      const before = await schedules.get(put.name);
      const { pair: _, ...said } = put;
      return { schedule: sampleSchedule({ ...said }), created: !before };
    },
    removeSchedule: async (name, seen) => {
      commands.push({ name, seen });
    },
    putWebhook: told((put) => putWebhook(put, { ...services, ...kept })),
    rotateWebhook: told((request) => rotateKey(request, { ...services, ...kept })),
    removeWebhook: told((name, seen) => removeWebhook(name, { ...services, ...kept }, seen)),
    testWebhook: told((name) => testWebhook({ name, id: 'webhook_test-1' }, { ...services, ...kept })),
    webhookHosts: () => parseWebhookHosts(options.webhookHosts ?? '*'),
    webhooks: kept.webhooks,
    putEnvironment: async (put) => {
      commands.push(put);
      const { connection: _, seen: _s, ...said } = put;
      return { environment: sampleEnvironment(said), created: true, jobs: 0 };
    },
    removeEnvironment: async (seen) => {
      commands.push(seen);
    },
    testEnvironment: async (name) => {
      commands.push({ name });
      const side = { problems: [], grants: [] };
      const sides = { as_source: side, as_target: side, optional: side };
      return { name, version_num: 180_004, role: 'sync', same_database: true, tables: 3, ...sides };
    },
    listTables: async (said) => {
      commands.push(said);
      const end = { host: 'h', port: 5432, database: 'd', user: 'u', version: '18.4', problems: [], grants: [] };
      return { source: end, target: end, tables: [] };
    },
    decideApproval: async (decision) => {
      commands.push(decision);
      return decideApproval(decision, { ...services, approvals, audit: memoryAuditLog() });
    },
    fleet: {
      pairs: { get: async () => samplePair('county') },
      orders: {
        get: async () => fleetOrder,
        list: async () => [fleetOrder],
        page: async () => ({
          items: [{ pair: 'county', outcome: 'failed', code: 'target_busy' }],
          at: '',
          revision: 1,
        }),
      },
      find: async (filter, page) => {
        asked.push({ filter, page });
        return { pairs: [{ pair: samplePair('county') }], ...(page.limit === 1 ? {} : { after: 'county' }) };
      },
      jobs: async () => [],
      put: async (put) => {
        commands.push(put);
        const { seen: _, ...pair } = put;
        return { pair: samplePair(put.name, pair), created: true };
      },
      remove: async (name, seen) => {
        commands.push({ name, seen });
      },
      preview: async (filter) => {
        commands.push(filter);
        return { count: 1, pairs: ['county'] };
      },
      order: async (request) => {
        commands.push(request);
        return { ...fleetOrder, order_id: request.orderId };
      },
      cancel: async (request) => {
        commands.push(request);
        return fleetOrder;
      },
    },
    environments,
    approvals,
    schedules,
    conflicts,
    resolutions,
    mappings: changedMappings,
    dependencies: options.dependencies ?? [],
    audit: options.audit ?? memoryAuditLog(),
  };
  const calls = memoryItems<KeptCall>();
  const changing = apiHandler({
    serves: commandRoutes,
    services: () => services,
    parts: () => parts,
    once: (call, work) => once(call, { calls, now: services.clock, newId: randomUUID }, work),
  });
  const aside = apiHandler({ serves: quarantineRoutes, services: () => services, parts: () => parts });
  const deciding = apiHandler({ serves: conflictRoutes, services: () => services, parts: () => parts });
  const clocking = apiHandler({ serves: scheduleRoutes, services: () => services, parts: () => parts });
  const naming = apiHandler({ serves: environmentRoutes, services: () => services, parts: () => parts });
  const keeping = apiHandler({
    serves: mappingRoutes,
    services: () => services,
    parts: () => ({ mappings: parts.mappings, audit: parts.audit }),
  });
  const hooking = apiHandler({ serves: webhookRoutes, services: () => services, parts: () => parts });
  const pairing = apiHandler({ serves: pairRoutes, services: () => services, parts: () => parts });
  const proposing = apiHandler({ serves: suggestRoutes, services: () => services, parts: () => parts });
  const uninstalling = apiHandler({ serves: uninstallRoutes, services: () => services, parts: () => parts });
  const planning = apiHandler({ serves: projectRoutes, services: () => services, parts: () => parts });
  const fleet = apiHandler({
    serves: fleetRoutes,
    services: () => services,
    parts: () => parts,
    once: (call, work) => once(call, { calls, now: services.clock, newId: randomUUID }, work),
  });
  const openapi = apiHandler({
    serves: describing,
    declared: routes,
    services: () => services,
    parts: () => ({}),
  });
  const queries = apiHandler({
    serves: queryRoutes,
    services: () => services,
    parts: () => ({ conflicts, resolutions, dependencies: parts.dependencies, audit: parts.audit }),
  });
  return {
    jobs,
    conflicts,
    resolutions,
    schedules,
    environments,
    approvals,
    mappings,
    kept,
    engine,
    started,
    commands,
    asked,
    logged,
    async call(call) {
      const event = apiEvent(call);
      const serves = (all: typeof routes) =>
        all.some((r) => pattern(r.path).test(call.path) && r.method === event.requestContext.http.method);
      const handlers = [
        [commandRoutes, changing],
        [conflictRoutes, deciding],
        [quarantineRoutes, aside],
        [scheduleRoutes, clocking],
        [webhookRoutes, hooking],
        [environmentRoutes, naming],
        [mappingRoutes, keeping],
        [suggestRoutes, proposing],
        [pairRoutes, pairing],
        [projectRoutes, planning],
        [uninstallRoutes, uninstalling],
        [fleetRoutes, fleet],
        [queryRoutes, queries],
      ] as const;
      const handler = handlers.find(([all]) => serves(all))?.[1] ?? openapi;
      return answer(await handler(event, {} as Context)); // no handler reads the context
    },
  };
}

const pattern = (path: string) => new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`);

/** An HTTP API event, payload 2.0, as the real gateway shapes it. */
export function apiEvent(call: Call): ApiEvent {
  const body = call.raw ?? (call.body === undefined ? undefined : JSON.stringify(call.body));
  const method = call.method ?? (body === undefined ? 'GET' : 'POST');
  const claims = { sub: 'id-1', username: 'ada', 'cognito:groups': call.groups ?? '[admin]', ...call.claims };
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: call.path,
    rawQueryString: call.query ?? '',
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...call.headers },
    requestContext: {
      accountId: '123456789012',
      apiId: 'api',
      domainName: 'api.example',
      domainPrefix: 'api',
      http: { method, path: call.path, protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: 'test' },
      requestId: 'request-1',
      routeKey: '$default',
      stage: '$default',
      time: '',
      timeEpoch: 0,
      ...(call.groups !== null && { authorizer: { jwt: { claims } } }),
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : body.toString('base64') }),
    isBase64Encoded: body !== undefined && typeof body !== 'string',
  };
}

function answer(result: ApiResult): Answer {
  const text = result.body ?? '';
  const type = String(result.headers?.['content-type'] ?? '');
  return {
    status: result.statusCode ?? 0,
    headers: result.headers ?? {},
    text,
    json: text === '' || !/json$/.test(type) ? undefined : JSON.parse(text),
  };
}

/** `code field` of every error of a problem, in order. */
export function errorsOf(answer: Answer): string[] {
  return (answer.json as ProblemBody).errors.map((e) => [e.code, e.field].filter(Boolean).join(' '));
}

export const SOURCE = 'postgresql://sync:c4n4ry-s@source.example/d';
export const TARGET = 'postgresql://sync:c4n4ry-t@target.example/d';

export function start(config?: unknown, over: object = {}): Call {
  return {
    path: '/api/sync/full',
    body: { source_connection: SOURCE, target_connection: TARGET, ...(config !== undefined && { config }), ...over },
  };
}
