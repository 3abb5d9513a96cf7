import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { ERRORS } from '../../lib/model/errors.ts';
import type { HttpAnswer } from './http-answer.ts';

const LOOPBACK_HOST = /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/i;

/**
 * Without sign-in, anything that can reach the port is an administrator, and a web page in the operator's browser can.
 * So a request is refused when it comes from another page than the service's own (its Origin says so), or names another
 * host than this machine (DNS rebinding).
 */
export function refuseOtherPages(headers: IncomingHttpHeaders, target: string): HttpAnswer | undefined {
  const { origin, host = '' } = headers;
  if (LOOPBACK_HOST.test(host) && (origin === undefined || origin === `http://${host}`)) return undefined;
  const { status, meaning, remedy } = ERRORS.origin_not_allowed;
  const code = 'origin_not_allowed';
  // The same shape as the functions' own problems, so that a client reads one kind only.
  const problem = {
    type: `https://terrafusion.example/errors/${code}`,
    title: meaning,
    status,
    detail: meaning,
    instance: target.split('?')[0],
    code,
    request_id: randomUUID(),
    errors: [{ code, message: meaning, hint: remedy }],
  };
  return {
    status,
    headers: { 'content-type': 'application/problem+json' },
    body: Buffer.from(JSON.stringify(problem)),
  };
}
