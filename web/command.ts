import { type Signal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { ProblemBody } from '../lib/model/answers.ts';
import { type Answer, type Ask, callApi } from './api.ts';
import { goToWrongField } from './focus.ts';
import { useUi } from './ui.ts';

type Said<Body> = Exclude<Answer<Body>, { kind: 'same' }>;

/** Something that is asked of the service once, by a person. */
export interface Command {
  /** What is asked now; undefined: nothing. */
  readonly busy: Signal<string | undefined>;
  /** Why the last one was refused. */
  readonly problem: Signal<ProblemBody | undefined>;
  /** `name` says which control is busy. Undefined: the page is gone, and nobody waits for it. */
  ask<Body>(name: string, path: string, ask: Omit<Ask, 'token' | 'signal'>): Promise<Said<Body> | undefined>;
}

/** A note as the service takes it; nothing where nobody wrote one. */
export const noteIn = (text: string): { readonly note?: string } => (text.trim() === '' ? {} : { note: text.trim() });

/** Commands of one component; they are given up with it. */
export function useCommand(): Command {
  const { session } = useUi();
  const busy = useSignal<string | undefined>(undefined);
  const problem = useSignal<ProblemBody | undefined>(undefined);
  const gone = useRef(new AbortController());
  useEffect(() => () => gone.current.abort(), []);

  const ask: Command['ask'] = async <Body>(
    name: string,
    path: string,
    what: Omit<Ask, 'token' | 'signal'>,
  ): Promise<Said<Body> | undefined> => {
    busy.value = name;
    problem.value = undefined;
    const answer = await callApi<Body>(path, {
      ...what,
      token: session.token.peek(),
      signal: gone.current.signal,
    }).catch((error: unknown) => {
      if (gone.current.signal.aborted) return undefined;
      throw error;
    });
    if (!answer || answer.kind === 'same') return undefined; // a tag is only sent with a PUT, which has no `same`
    busy.value = undefined;
    if (answer.kind !== 'ok') {
      if (answer.problem.status === 401) session.refuse();
      problem.value = answer.problem;
      requestAnimationFrame(() => goToWrongField(document.activeElement?.closest('form'))); // once the form says which it is
    }
    return answer;
  };
  return { busy, problem, ask };
}
