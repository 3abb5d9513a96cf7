import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Emulator } from '../aws/emulator.ts';
import { readBody } from '../aws/json-protocol.ts';
import { closeServer, emulatorOf, listenLoopback } from '../aws/loopback.ts';
import type { Json, JsonObject } from '../json.ts';
import { gatewayAnswer, type HttpAnswer, httpAnswer } from './http-answer.ts';
import { decodedPath, type HttpCall, httpEvent } from './http-event.ts';
import { type Authorizer, createJwtAuthorizer } from './jwt-authorizer.ts';
import { refuseOtherPages } from './no-auth.ts';
import { type GatewayRoute, matchRoute } from './routes.ts';
import { type Throttle, tokenBucket } from './throttle.ts';

export interface GatewayOptions {
  readonly port: number;
  readonly routes: readonly GatewayRoute[];
  /** Claims to hand on without looking at any token; absent where tokens are checked. */
  readonly openAs?: JsonObject;
  /** Absent: it takes every call. */
  readonly throttle?: Throttle;
  /** Milliseconds that only grow. */
  readonly now?: () => number;
  /** Rejects where the function failed. */
  readonly invoke: (functionName: string, event: Json) => Promise<Json>;
}

const MAX_BODY_BYTES = 10 * 1024 * 1024;
const API_ID = 'local';

/** The HTTP API in front of the functions, on the loopback interface; `port` 0 is any free one. */
export async function startGateway(options: GatewayOptions): Promise<Emulator> {
  const authorizers = new Map<string, Authorizer>();
  const authorizerOf = (route: GatewayRoute): Authorizer | undefined => {
    if (!route.jwt) return undefined;
    const key = JSON.stringify(route.jwt);
    const known = authorizers.get(key) ?? createJwtAuthorizer(route.jwt);
    authorizers.set(key, known);
    return known;
  };

  const takes = options.throttle ? tokenBucket(options.throttle) : () => true;
  const now = options.now ?? (() => performance.now());

  async function answer(request: IncomingMessage): Promise<HttpAnswer> {
    const { method = 'GET', url: target = '/', headers } = request;
    const refusal = options.openAs && refuseOtherPages(headers, target);
    if (refusal) return refusal;
    const path = decodedPath(target);
    if (path === undefined) return gatewayAnswer(400, 'Bad Request');
    const match = matchRoute(options.routes, method, path);
    if (!match) return gatewayAnswer(404, 'Not Found');
    if (!takes(now())) return gatewayAnswer(429, 'Too Many Requests');
    const { route, pathParameters } = match;

    let authorizer = route.jwt && options.openAs;
    const check = options.openAs ? undefined : authorizerOf(route);
    if (check) {
      const decision = await check(headers.authorization, route.scopes);
      if (decision.kind === 'refused') {
        return gatewayAnswer(401, 'Unauthorized', { 'www-authenticate': decision.challenge });
      }
      if (decision.kind === 'forbidden') return gatewayAnswer(403, 'Forbidden');
      authorizer = decision.authorizer;
    }

    const body = await readBody(request, MAX_BODY_BYTES).catch(() => undefined);
    if (!body) return gatewayAnswer(413, 'Request Entity Too Large', { connection: 'close' });
    const call: HttpCall = {
      method,
      target,
      headers,
      body,
      sourceIp: request.socket.remoteAddress ?? '127.0.0.1',
      requestId: randomUUID(),
      at: new Date(),
    };
    const { routeKey } = route;
    const event = httpEvent({ call, routeKey, apiId: API_ID, pathParameters, ...(authorizer ? { authorizer } : {}) });
    try {
      const result = await within(route.timeoutMs, options.invoke(route.functionName, event));
      return result === TOO_LATE ? gatewayAnswer(503, 'Service Unavailable') : httpAnswer(result);
    } catch {
      return gatewayAnswer(500, 'Internal Server Error');
    }
  }

  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    answer(request).then(
      ({ status, headers, body }) => {
        for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
        response.setHeader('apigw-requestid', randomUUID().slice(0, 16));
        response.writeHead(status).end(request.method === 'HEAD' ? undefined : body);
      },
      () => request.socket.destroy(), // only where the client is gone, or sent what Node cannot read
    );
  });
  const url = await listenLoopback(server, options.port);
  return emulatorOf(server, url, () => closeServer(server));
}

const TOO_LATE = Symbol('too late');

/** The function is not stopped by the gateway's own time limit, as in AWS. */
async function within<Result>(ms: number, work: Promise<Result>): Promise<Result | typeof TOO_LATE> {
  const { promise, resolve } = Promise.withResolvers<typeof TOO_LATE>();
  const timer = setTimeout(() => resolve(TOO_LATE), ms);
  work.catch(() => {}); // heard by the race, or too late
  return Promise.race([work, promise]).finally(() => clearTimeout(timer));
}
