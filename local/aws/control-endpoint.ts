import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { JsonObject } from '../json.ts';
import type { Emulator } from './emulator.ts';
import { type Actions, answerJson } from './json-protocol.ts';
import { closeServer, emulatorOf, listenLoopback } from './loopback.ts';
import { answerRest, type RestService } from './rest-protocol.ts';

export type Page = () => JsonObject;

export interface ControlEndpoint extends Emulator {
  /** Drops the connection of every call to one service (`AWSStepFunctions`, `secretsmanager`). */
  setServiceOutage(service: string, down: boolean): void;
  /** Serves `GET path` with what `page` returns at that moment. */
  addPage(path: string, page: Page): void;
  /** Serves calls of the REST-JSON protocol whose path begins with `/<first>/`. */
  addRest(first: string, service: RestService): void;
  /** Hands on every call whose path begins with `/<first>/`. */
  addSite(first: string, answer: (request: IncomingMessage, response: ServerResponse) => void): void;
  /** Does what is asked for with `POST path`; what is behind the `?` is handed on. What it throws is answered as 409. */
  addAction(path: string, action: (query: URLSearchParams) => JsonObject | Promise<JsonObject>): void;
  /** Serves calls whose X-Amz-Target begins with `service`. */
  addService(service: string, actions: Actions): void;
}

/**
 * One HTTP endpoint for what has no emulator of its own: Step Functions, Secrets Manager, the Scheduler, EventBridge, the token issuer and what
 * tests look at (`/_local/...`). It is not the product's API and listens on the loopback interface only.
 */
export async function startControlEndpoint(): Promise<ControlEndpoint> {
  const services = new Map<string, Actions>();
  const rests = new Map<string, RestService>();
  const sites = new Map<string, (request: IncomingMessage, response: ServerResponse) => void>();
  const posts = new Map<string, (query: URLSearchParams) => JsonObject | Promise<JsonObject>>();
  const pages = new Map<string, Page>();
  const outages = new Set<string>();

  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const service = String(request.headers['x-amz-target'] ?? '').split('.')[0] ?? '';
    const actions = services.get(service);
    if (outages.has(service)) {
      request.socket.destroy();
      return;
    }
    if (actions && request.method === 'POST') {
      void answerJson(request, response, actions); // answers its own errors
      return;
    }
    const [path = '', query] = (request.url ?? '').split('?');
    const first = path.split('/')[1] ?? '';
    const site = sites.get(first);
    if (site) {
      site(request, response);
      return;
    }
    const rest = rests.get(first);
    if (rest) {
      void answerRest(request, response, rest); // answers its own errors
      return;
    }
    const action = request.method === 'POST' ? posts.get(path) : undefined;
    if (action) {
      const tell = (status: number, body: JsonObject) =>
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      Promise.try(action, new URLSearchParams(query)).then(
        (answer) => tell(200, answer),
        (error: unknown) => tell(409, { message: error instanceof Error ? error.message : String(error) }),
      );
      return;
    }
    const page = request.method === 'GET' ? pages.get(request.url ?? '') : undefined;
    if (!page) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(page()));
  });
  const url = await listenLoopback(server);
  return {
    ...emulatorOf(server, url, () => closeServer(server)),
    setServiceOutage: (service, down) => void (down ? outages.add(service) : outages.delete(service)),
    addPage: (path, page) => void pages.set(path, page),
    addRest: (first, service) => void rests.set(first, service),
    addSite: (first, answer) => void sites.set(first, answer),
    addAction: (path, action) => void posts.set(path, action),
    addService: (service, actions) => void services.set(service, actions),
  };
}
