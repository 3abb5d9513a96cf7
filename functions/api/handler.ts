import { randomUUID } from 'node:crypto';
import middy from '@middy/core';
import httpHeaderNormalizer from '@middy/http-header-normalizer';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { type Caller, type Claims, callerOf } from '../../lib/model/caller.ts';
import { SyncError } from '../../lib/model/errors.ts';
import type { CoreServices } from '../runtime.ts';
import { ANSWER_HEADERS } from './answer-headers.ts';
import { authorise } from './caller.ts';
import type { KeyedCall } from './idempotency.ts';
import { type Match, matchRoute } from './match.ts';
import { parseBody, parseParams, parseQuery } from './parse.ts';
import { type ProblemBody, problemOf } from './problem.ts';
import type { Parts, Route, RouteResponse } from './route.ts';

/** An HTTP API event, payload 2.0; the claims are there when the gateway has verified a token. */
export type ApiEvent = Omit<APIGatewayProxyEventV2, 'requestContext'> & {
  readonly requestContext: APIGatewayProxyEventV2['requestContext'] & {
    readonly authorizer?: { readonly jwt?: { readonly claims?: Claims } };
  };
  /** What the middlewares have found out so far. */
  call?: Call;
};
export type ApiResult = APIGatewayProxyStructuredResultV2;

interface Call extends Partial<Match> {
  readonly startedMs: number;
  readonly path: string;
  readonly requestId: string;
  /** Whoever the token names, let in or not. */
  caller?: Caller;
  admitted?: Caller;
}

export interface ApiOptions {
  /** What this function serves. */
  readonly serves: readonly Route[];
  /** All paths there are, to tell 404 from 405; what this function serves where left out. */
  readonly declared?: readonly Route[];
  readonly services: () => CoreServices;
  readonly parts: (services: CoreServices) => Partial<Parts>;
  /** How a call is worked on once per Idempotency-Key; for functions with such routes. */
  readonly once?: (call: KeyedCall, work: (id: string) => Promise<RouteResponse>) => Promise<RouteResponse>;
}

const notServed = () => Promise.reject(new SyncError('internal', 'this function does not serve such a command'));

const NO_PARTS: Parts = {
  audit: { head: notServed, moveHead: notServed, add: notServed, blocks: notServed, seal: notServed, roots: notServed },
  usage: { of: notServed },
  startJob: notServed,
  stopJob: notServed,
  resumeJob: notServed,
  validateTable: notServed,
  listSlots: notServed,
  dropPair: notServed,
  uninstall: notServed,
  suggestMapping: notServed,
  checkMapping: notServed,
  suggestExpression: notServed,
  planProject: notServed,
  checkPair: notServed,
  describeConflict: notServed,
  decideConflict: notServed,
  previewResolution: notServed,
  startResolution: notServed,
  cancelResolution: notServed,
  putEnvironment: notServed,
  removeEnvironment: notServed,
  testEnvironment: notServed,
  listTables: notServed,
  decideApproval: notServed,
  putSchedule: notServed,
  removeSchedule: notServed,
  putWebhook: notServed,
  rotateWebhook: notServed,
  removeWebhook: notServed,
  testWebhook: notServed,
  webhookHosts: () => {
    throw new SyncError('internal', 'this function knows no webhooks');
  },
  listQuarantine: notServed,
  retryQuarantine: notServed,
  dependencies: [],
  get environments(): never {
    throw new SyncError('internal', 'this function knows no environments');
  },
  get approvals(): never {
    throw new SyncError('internal', 'this function knows no approvals');
  },
  get schedules(): never {
    throw new SyncError('internal', 'this function knows no schedules');
  },
  get conflicts(): never {
    throw new SyncError('internal', 'this function knows no conflicts');
  },
  get resolutions(): never {
    throw new SyncError('internal', 'this function knows no resolutions');
  },
  get mappings(): never {
    throw new SyncError('internal', 'this function knows no mappings');
  },
  get webhooks(): never {
    throw new SyncError('internal', 'this function knows no webhooks');
  },
};

/** What is kept of the function's time to still answer by itself when a call takes too long. */
const ANSWER_IN_TIME_MS = 250;

/**
 * A Lambda handler for some routes: find the route, check the role, parse, run, present. Every error becomes
 * problem+json, every call one log line.
 */
export function apiHandler({ serves, declared = serves, services, parts, once }: ApiOptions) {
  return middy<ApiEvent, ApiResult>({ timeoutEarlyInMillis: ANSWER_IN_TIME_MS, timeoutEarlyResponse: tooSlow })
    .use(edges(services))
    .use(httpHeaderNormalizer())
    .before(({ event }) => {
      const call = callOf(event);
      const { method } = event.requestContext.http;
      Object.assign(call, matchRoute(declared, method, call.path));
      if (!call.route || !serves.includes(call.route)) throw new SyncError('route_not_found', 'there is no such path');
      const claims = event.requestContext.authorizer?.jwt?.claims;
      const caller = claims && callerOf(claims, services().settings.rolesClaim);
      if (caller) call.caller = caller;
      call.admitted = authorise(call.route.role, caller);
    })
    .handler(async (event: ApiEvent) => {
      const { route, params, admitted, requestId, path } = callOf(event);
      if (!route || !params || !admitted) throw new TypeError('the route is found before the handler runs');
      const own = services();
      const request = {
        params: parseParams(route, params),
        query: parseQuery(route, event.rawQueryString),
        body: parseBody(route, event, own),
        headers: event.headers,
        ...admitted,
        requestId,
      };
      const work = (workId: string) =>
        route.handle({ ...request, workId }, own, Object.setPrototypeOf(parts(own), NO_PARTS) as Parts);
      const keyed = {
        key: event.headers['idempotency-key'],
        caller: admitted.subject ?? admitted.actor,
        route: `${route.method} ${path}`,
        body: event.body ?? '',
      };
      return present(await (route.idempotent && once ? once(keyed, work) : work(randomUUID())));
    });
}

function tooSlow(): never {
  throw new SyncError('unavailable', 'the call took too long');
}

function callOf(event: ApiEvent): Call {
  event.call ??= {
    startedMs: performance.now(),
    path: (event.rawPath ?? '').slice(0, 512),
    requestId: event.requestContext?.requestId ?? 'unknown',
  };
  return event.call;
}

/** The outermost middleware: errors become problems, every answer gets its headers, every call its log line. */
function edges(services: () => CoreServices): middy.MiddlewareObj<ApiEvent, ApiResult> {
  return {
    before: ({ event }) => {
      callOf(event);
    },
    after: (request) => {
      const call = callOf(request.event);
      if (request.response)
        Object.assign(request.response, { headers: { ...ANSWER_HEADERS, ...request.response.headers } });
      note(services, 'info', { ...facts(call), status: request.response?.statusCode });
    },
    onError: (request) => {
      const call = callOf(request.event);
      const problem = problemOf(request.error, call);
      const failed = problem.status >= 500;
      const denied = problem.code === 'forbidden';
      note(services, failed ? 'error' : denied ? 'warn' : 'info', {
        ...facts(call),
        status: problem.status,
        code: problem.code,
        ...(failed && { error: request.error }),
        ...(denied && denial(call)),
      });
      request.response = problemResult(problem);
    },
  };
}

function facts({ requestId, route, startedMs }: Call) {
  return {
    request_id: requestId,
    ...(route && { route: `${route.method} ${route.path}` }),
    duration_ms: Math.round(performance.now() - startedMs),
  };
}

/**
 * Who was not let in, and to what. A line of the log and no event of a trail: who may not write to a job should not lengthen
 * its trail either, as often as they like.
 */
function denial({ caller, route, params = {} }: Call) {
  const ids = Object.entries(params).filter(([name, id]) => route?.params?.[name]?.safeParse(id).success);
  return { actor: caller?.actor, roles: caller?.roles, needed_role: route?.role, ...Object.fromEntries(ids) };
}

/** Logging must not turn an answer into an error, not even where the services cannot be wired. */
function note(services: () => CoreServices, level: 'info' | 'warn' | 'error', fields: Record<string, unknown>): void {
  try {
    services().log[level]('api call', fields);
  } catch {
    console.error(JSON.stringify({ level: 'ERROR', message: 'api call, and no log', request_id: fields.request_id }));
  }
}

function present({ status, headers, body, text }: RouteResponse): ApiResult {
  return {
    statusCode: status,
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(text !== undefined && { body: text }),
  };
}

function problemResult(problem: ProblemBody): ApiResult {
  const allow = problem.facts?.allow;
  return {
    statusCode: problem.status,
    headers: {
      ...ANSWER_HEADERS,
      'content-type': 'application/problem+json',
      ...(problem.status === 401 && { 'www-authenticate': 'Bearer' }),
      ...(problem.status === 405 && Array.isArray(allow) && { allow: allow.join(', ') }),
      ...(problem.status === 503 && { 'retry-after': '5' }),
    },
    body: JSON.stringify(problem),
  };
}
