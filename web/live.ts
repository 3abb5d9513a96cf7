import { type ReadonlySignal, signal } from '@preact/signals';
import type { ProblemBody } from '../lib/model/answers.ts';
import { callApi } from './api.ts';
import { startPoll } from './poll.ts';
import type { Session } from './session.ts';

/** The last good answer stays when a later call fails: `problem` then says why it is not the newest. */
export interface LiveState<Body> {
  readonly body?: Body;
  /** Of the body, where the answer had one: for if-match of a change. */
  readonly tag?: string | undefined;
  /** When the body was the newest there is; ms since 1970. */
  readonly atMs?: number;
  /** When the body changed last: figures that only time changes count from here. */
  readonly changedAtMs?: number;
  readonly problem?: ProblemBody;
  readonly live: boolean;
}

export interface Live<Body> {
  readonly state: ReadonlySignal<LiveState<Body>>;
  refresh(): void;
  stop(): void;
}

export interface LiveOptions<Body> {
  /** Of the last answer, where it says how soon there may be news. */
  readonly everyMs: number | ((body: Body) => number);
  /** True of an answer after which nothing more happens. */
  readonly isLast?: (body: Body) => boolean;
  readonly alsoData?: readonly number[];
}

/** After a call that failed: a service that restarts is back within seconds, and one that is overloaded gets air. */
const RETRY_MS = 5000;

function everyMs<Body>({ everyMs: given }: LiveOptions<Body>, body: Body | undefined): number {
  if (typeof given === 'number') return given;
  return body === undefined ? RETRY_MS : given(body);
}

/** Reads a path of the API and keeps reading it, with its ETag where it has one. */
export function startLive<Body>(path: string, session: Session, options: LiveOptions<Body>): Live<Body> {
  const state = signal<LiveState<Body>>({ live: true });
  let tag: string | undefined;

  const poll = startPoll(async (abort) => {
    const { alsoData } = options;
    const token = session.token.peek();
    const answer = await callApi<Body>(path, { token, tag, signal: abort, ...(alsoData && { alsoData }) });
    const now = Date.now();
    if (answer.kind === 'ok' || answer.kind === 'same') {
      const { problem: _, ...before } = state.peek();
      const news = answer.kind === 'ok' ? { body: answer.body, tag: answer.tag, changedAtMs: now } : {};
      if (answer.kind === 'ok') tag = answer.tag;
      const next = { ...before, ...news, atMs: now };
      const last = next.body !== undefined && options.isLast?.(next.body) === true;
      state.value = { ...next, live: !last };
      return last ? undefined : everyMs(options, next.body);
    }
    if (answer.problem.status === 401) session.refuse();
    const retries = answer.kind === 'unavailable';
    state.value = { ...state.peek(), problem: answer.problem, live: retries };
    return retries ? RETRY_MS : undefined;
  }, document);
  return { state, refresh: poll.ask, stop: poll.stop };
}
