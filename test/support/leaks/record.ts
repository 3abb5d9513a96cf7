import { ChildProcess } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import { appendFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** Something that left a function or the service, at the moment when it did. */
export interface Heard {
  /** `answer`: of the API; `call`: to AWS, as it was sent; `result`: of a function, as its workflow or queue got it. */
  readonly kind: 'answer' | 'call' | 'result';
  /** `GET /path`, or the AWS action. */
  readonly name: string;
  /** Roles of the caller's token. */
  readonly roles?: readonly string[];
  readonly text: string;
}

/** A secret that somebody gave to the service, or that it put into its secret store itself. */
export interface Told {
  /** What to call it where it is found. */
  readonly name: string;
  readonly value: string;
}

/** Passwords in connection strings, as they stand there. */
export const passwordsIn = (text: string): readonly string[] =>
  [...text.matchAll(/postgres(?:ql)?:\/\/[^\s"':/@]*:([^\s"'@]+)@/g)].map(([, password = '']) => password);

/** Leaves of a secret that are secret: everything but the rest of a connection, and when a key that was replaced signs no more. */
export function leavesOf(value: unknown, key = ''): readonly string[] {
  if (typeof value === 'string') {
    const isTime = key === 'until' && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value);
    return isTime || /^(host|database|user|sslmode)$/.test(key) ? [] : [value];
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => leavesOf(inner, name));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function rolesOf(authorization: string | undefined): readonly string[] {
  const payload = authorization?.split('.')[1];
  if (payload === undefined) return [];
  const claims = parsed(Buffer.from(payload, 'base64url').toString()) as { 'cognito:groups'?: readonly string[] };
  return claims?.['cognito:groups'] ?? [];
}

/**
 * Writes down what every HTTP server of this process is asked and answers, and what functions give back, from now on: calls of
 * AWS with all that they carry (items, messages, executions, events), answers of the API. It is appended at once, so that a
 * process that is killed has told everything. What goes to the secret store is told to `secretsFile` alone, with the passwords
 * that callers name.
 */
export function record(heardFile: string, secretsFile: string): void {
  const hear = (heard: Heard) => appendFileSync(heardFile, `${JSON.stringify(heard)}\n`);
  const tell = (told: Told) => appendFileSync(secretsFile, `${JSON.stringify(told)}\n`);

  subscribe('http.server.request.start', (message) => {
    const { request, response } = message as { request: IncomingMessage; response: ServerResponse };
    const { headers, method = '', url = '' } = request;
    const target = String(headers['x-amz-target'] ?? '');
    const toAws = target !== '' || /^AWS4-HMAC/.test(headers.authorization ?? '');
    const asked = intercept(request, 'push');
    const written = toAws ? undefined : intercept(response, 'write', 'end');
    response.once('close', () => {
      const body = asked();
      if (target.startsWith('secretsmanager.')) {
        const { SecretString, Name, SecretId } = parsed(body) as Record<string, string | undefined>;
        if (SecretString === undefined) return;
        const name = `the secret ${Name ?? SecretId}`;
        for (const value of leavesOf(parsed(SecretString))) tell({ name, value });
        return;
      }
      if (toAws) {
        hear({ kind: 'call', name: target || `${method} ${url}`, text: body });
        return;
      }
      for (const value of passwordsIn(body)) tell({ name: `a password that ${method} ${url} was called with`, value });
      hear({
        kind: 'answer',
        name: `${method} ${url}`,
        roles: rolesOf(headers.authorization),
        text: written?.() ?? '',
      });
    });
  });

  const emit = ChildProcess.prototype.emit;
  ChildProcess.prototype.emit = function (this: ChildProcess, event: string | symbol, ...args: unknown[]) {
    const [message] = args as [{ kind?: string; result?: string; error?: unknown } | undefined];
    if (event === 'message' && (message?.kind === 'result' || message?.kind === 'error')) {
      const text = message.result ?? JSON.stringify(message.error);
      const { statusCode } = (parsed(text) ?? {}) as { statusCode?: number };
      if (statusCode === undefined) hear({ kind: 'result', name: 'a function', text }); // else the API answers it
    }
    return Reflect.apply(emit, this, [event, ...args]);
  } as typeof emit;
}

/** Chunks that pass through methods of a stream, without a reader of its own: that would take them from the real one. */
function intercept<Stream extends object>(stream: Stream, ...names: readonly (keyof Stream)[]): () => string {
  const chunks: Buffer[] = [];
  for (const name of names) {
    const own = stream[name] as (...args: unknown[]) => unknown;
    stream[name] = function (this: Stream, ...args: unknown[]) {
      const [chunk, encoding] = args;
      if (typeof chunk === 'string') chunks.push(Buffer.from(chunk, encoding as BufferEncoding | undefined));
      else if (chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk));
      return own.apply(this, args);
    } as Stream[typeof name];
  }
  return () => Buffer.concat(chunks).toString();
}
