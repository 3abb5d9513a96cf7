import type { IncomingMessage, ServerResponse } from 'node:http';
import { isObject, type JsonObject } from '../json.ts';

/** An error that goes over the wire in AWS's own shape, so that an SDK throws it under this name. */
export class AwsError extends Error {
  readonly status: number;

  constructor(name: string, message: string, status = 400) {
    super(message);
    this.name = name;
    this.status = status;
  }
}

export type Action = (input: JsonObject) => Promise<JsonObject> | JsonObject;
/** Actions of one service by name, e.g. `StartExecution`. */
export type Actions = Readonly<Record<string, Action>>;

/** The largest request that the real services take is 1 MiB; twice that is plenty. */
const MAX_BODY_BYTES = 2 * 1024 * 1024;

/** Answers one call of the AWS JSON protocol (1.0 or 1.1): action from X-Amz-Target, errors as `__type` and `message`. */
export async function answerJson(request: IncomingMessage, response: ServerResponse, actions: Actions): Promise<void> {
  try {
    const name = String(request.headers['x-amz-target'] ?? '').split('.')[1] ?? '';
    const action = actions[name];
    if (!action) throw new AwsError('UnknownOperationException', `${name} is not emulated`);
    const output = await action(parse(await readBody(request, MAX_BODY_BYTES)));
    send(request, response, 200, output);
  } catch (error) {
    const known = error instanceof AwsError ? error : new AwsError('InternalFailure', String(error), 500);
    response.setHeader('x-amzn-errortype', known.name);
    send(request, response, known.status, { __type: known.name, message: known.message });
  }
}

function parse(body: Buffer): JsonObject {
  const json: unknown = body.length === 0 ? {} : JSON.parse(body.toString('utf8'));
  if (!isObject(json)) throw new AwsError('SerializationException', 'Expected a JSON object');
  return json as JsonObject; // parsed from JSON
}

function send(request: IncomingMessage, response: ServerResponse, status: number, body: JsonObject): void {
  const type = request.headers['content-type'] ?? 'application/x-amz-json-1.0';
  response.writeHead(status, { 'content-type': type }).end(JSON.stringify(body));
}

/** Reads a whole body; throws `RequestEntityTooLarge` beyond `maxBytes`. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > maxBytes) throw new AwsError('RequestEntityTooLarge', `The body is larger than ${maxBytes} bytes`, 413);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** A text field of an input; throws `ValidationException` where it is missing. */
export function textOf(input: JsonObject, field: string): string {
  const value = input[field];
  if (typeof value === 'string') return value;
  throw new AwsError('ValidationException', `Expected text in ${field}`);
}
