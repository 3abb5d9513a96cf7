import { type ReadonlySignal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { ProblemBody } from '../lib/model/answers.ts';
import { type Ask, callApi } from './api.ts';
import { useUi } from './ui.ts';

export interface Caller {
  readonly busy: ReadonlySignal<boolean>;
  /** Why the last call was refused or failed. */
  readonly problem: ReadonlySignal<ProblemBody | undefined>;
  /** The body of the answer; undefined where there is a problem, or the component has gone. */
  call<Body>(path: string, ask?: Pick<Ask, 'method' | 'body' | 'idempotencyKey'>): Promise<Body | undefined>;
  clear(): void;
}

/** Calls that somebody asks for by hand, one at a time. */
export function useCall(): Caller {
  const { session } = useUi();
  const busy = useSignal(false);
  const problem = useSignal<ProblemBody | undefined>(undefined);
  const gone = useRef(new AbortController());
  useEffect(() => () => gone.current.abort(), []);

  const call = async <Body>(path: string, ask: Pick<Ask, 'method' | 'body' | 'idempotencyKey'> = {}) => {
    busy.value = true;
    problem.value = undefined;
    const all = { ...ask, token: session.token.peek(), signal: gone.current.signal };
    const answer = await callApi<Body>(path, all).catch(() => undefined);
    if (!answer) return undefined; // the component has gone
    busy.value = false;
    if (answer.kind === 'ok') return answer.body;
    if (answer.kind === 'same') return undefined;
    if (answer.problem.status === 401) session.refuse();
    problem.value = answer.problem;
    return undefined;
  };
  const clear = () => {
    problem.value = undefined;
  };
  return { busy, problem, call, clear };
}
