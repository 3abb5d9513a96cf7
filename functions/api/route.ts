import type * as z from 'zod';
import type { RouteRole } from '../../lib/model/roles.ts';
import type { Services } from '../runtime.ts';

/** One call, parsed: what a route's handler sees. `actor` comes from the token only. */
export interface RouteRequest<Body, Query> {
  readonly body: Body;
  readonly query: Query;
  readonly params: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly actor: string;
  readonly requestId: string;
}

export interface RouteResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON; absent for an empty body. */
  readonly body?: unknown;
}

/**
 * One route, declared once: API Gateway, OpenAPI, the local gateway and the README table derive from it.
 *
 * `path` is in API Gateway form (`/api/sync/status/{job_id}`). `runs` is the function that serves it: `commands` changes
 * state and may start jobs, `queries` only reads. Errors are thrown as SyncError and become problem+json.
 */
export interface Route<Body = unknown, Query = unknown> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly role: RouteRole;
  readonly runs: 'commands' | 'queries';
  readonly summary: string;
  readonly body?: z.ZodType<Body>;
  readonly query?: z.ZodType<Query>;
  /** Schemas of the answers by status, for OpenAPI. */
  readonly responses: Readonly<Record<number, { description: string; schema?: z.ZodType }>>;
  readonly handle: (request: RouteRequest<Body, Query>, services: Services) => Promise<RouteResponse>;
}

/** Types a declaration; does nothing at run time. */
export function defineRoute<Body = undefined, Query = Record<string, never>>(
  route: Route<Body, Query>,
): Route<Body, Query> {
  return route;
}
