import type { ProblemBody } from '../../lib/model/answers.ts';

interface Listed {
  readonly body?: unknown;
  readonly problem?: Pick<ProblemBody, 'detail'>;
  /** It is asked for again. */
  readonly live: boolean;
}

/** Why nobody can choose an environment yet, in a word and as a sentence; undefined: the service has told which there are. */
export function unread({ body, problem, live }: Listed): { readonly word: string; readonly why: string } | undefined {
  if (body !== undefined) return undefined;
  if (!problem) return { word: 'Reading them…', why: '' };
  const again = live ? ' They are asked for again every few seconds.' : '';
  return { word: 'They could not be read', why: `${problem.detail}${again} A connection URL works too.` };
}
