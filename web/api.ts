import { signal } from '@preact/signals';
import { isProblem, type ProblemBody } from '../lib/model/answers.ts';

/** What became of a call. `same`: nothing has changed since the answer with the tag that was sent. */
export type Answer<Body> =
  | { readonly kind: 'ok'; readonly body: Body; readonly tag: string | undefined }
  | { readonly kind: 'same' }
  | { readonly kind: 'refused'; readonly problem: ProblemBody }
  /** No answer, or one of a service that is not well; asking again may help. */
  | { readonly kind: 'unavailable'; readonly problem: ProblemBody };

export interface Ask {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly token: string | undefined;
  /** Sent as JSON. */
  readonly body?: object | undefined;
  /** Under one key the service starts one job, however often it is asked. */
  readonly idempotencyKey?: string;
  /** ETag of the answer that is at hand; `*` with a PUT: there must be nothing yet. */
  readonly tag?: string | undefined;
  /** ETag of what a change was decided on: it is refused where that is not there any more. */
  readonly ifMatch?: string | undefined;
  readonly signal: AbortSignal;
  /** Statuses of 500 and above whose body is data all the same. */
  readonly alsoData?: readonly number[];
}

/** As long as the gateway takes at most. */
const TIMEOUT_MS = 30_000;

/** How many calls the service has not answered, or failed to: whoever shows how it is asks anew. */
export const failures = signal(0);

/** Calls the API of the origin that served the page. Never throws, but for a signal that was aborted. */
export async function callApi<Body>(path: string, ask: Ask): Promise<Answer<Body>> {
  let answer: Response;
  let text: string;
  try {
    answer = await fetch(path, {
      method: ask.method ?? 'GET',
      ...(ask.body && { body: JSON.stringify(ask.body) }),
      cache: 'no-store',
      credentials: 'omit',
      redirect: 'error',
      signal: AbortSignal.any([ask.signal, AbortSignal.timeout(TIMEOUT_MS)]),
      headers: {
        accept: 'application/json, application/problem+json',
        ...(ask.token !== undefined && { authorization: `Bearer ${ask.token}` }),
        ...(ask.body && { 'content-type': 'application/json' }),
        ...(ask.idempotencyKey !== undefined && { 'idempotency-key': ask.idempotencyKey }),
        ...(ask.tag !== undefined && { 'if-none-match': ask.tag }),
        ...(ask.ifMatch !== undefined && { 'if-match': ask.ifMatch }),
      },
    });
    text = await answer.text();
  } catch (error) {
    if (ask.signal.aborted) throw error;
    failures.value++;
    return {
      kind: 'unavailable',
      problem: problem(0, 'unreachable', 'The service does not answer. It may be starting, or the network is down.'),
    };
  }
  if (answer.status === 304) return { kind: 'same' };
  if (answer.status === 204) return { kind: 'ok', body: undefined as Body, tag: undefined }; // of a route without a body
  const body = parsed(text);
  if ((answer.ok || ask.alsoData?.includes(answer.status)) && body !== undefined)
    return { kind: 'ok', body: body as Body, tag: answer.headers.get('etag') ?? undefined }; // the API's promise
  const found = isProblem(body) ? body : ofGateway(answer.status);
  if (found.status >= 500) failures.value++;
  return { kind: found.status === 429 || found.status >= 500 ? 'unavailable' : 'refused', problem: found };
}

/** The gateway's own answers are no problem+json. */
function ofGateway(status: number): ProblemBody {
  if (status === 401) return problem(status, 'unauthenticated', 'There is no valid token.');
  if (status === 403) return problem(status, 'forbidden', 'The role of this token does not allow this.');
  if (status === 429) return problem(status, 'too_many_requests', 'The service gets too many calls now.');
  return problem(status, 'unexpected_answer', `The service gave an answer that is none of its own (HTTP ${status}).`);
}

function problem(status: number, code: string, detail: string): ProblemBody {
  return { title: detail, status, detail, code, errors: [] };
}

function parsed(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
