import type { IncomingMessage, ServerResponse } from 'node:http';
import { isObject, type JsonObject } from '../json.ts';
import { AwsError, readBody } from './json-protocol.ts';

/** One call of the AWS REST-JSON protocol: its input is in the path, the query string and the body. */
export interface RestCall {
  readonly method: string;
  /** Decoded, without the first slash. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
  readonly body: JsonObject;
}

export type RestService = (call: RestCall) => Promise<JsonObject> | JsonObject;

const MAX_BODY_BYTES = 1024 * 1024;

/** Answers one call: what the service returns as JSON, an error by its name in `x-amzn-errortype` and its `Message`. */
export async function answerRest(
  request: IncomingMessage,
  response: ServerResponse,
  service: RestService,
): Promise<void> {
  const send = (status: number, body: JsonObject) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  try {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    const path = url.pathname.slice(1).split('/').map(decodeURIComponent);
    const body = parse(await readBody(request, MAX_BODY_BYTES));
    send(200, await service({ method: request.method ?? 'GET', path, query: url.searchParams, body }));
  } catch (error) {
    const known = error instanceof AwsError ? error : new AwsError('InternalServerException', String(error), 500);
    response.setHeader('x-amzn-errortype', known.name);
    send(known.status, { Message: known.message });
  }
}

function parse(body: Buffer): JsonObject {
  if (body.length === 0) return {};
  try {
    const json: unknown = JSON.parse(body.toString('utf8'));
    if (isObject(json)) return json as JsonObject; // parsed from JSON
  } catch {
    // told below
  }
  throw new AwsError('SerializationException', 'Expected a JSON object');
}
