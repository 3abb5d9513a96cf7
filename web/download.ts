import type { ProblemBody } from '../lib/model/answers.ts';
import { isProblem } from '../lib/model/answers.ts';

export type Fetched =
  | { readonly kind: 'file'; readonly parts: readonly string[]; readonly type: string; readonly cut: boolean }
  | { readonly kind: 'problem'; readonly problem: ProblemBody };

interface FetchFile {
  readonly token: string | undefined;
  readonly signal: AbortSignal;
  /** False: one part is all that makes sense, and `cut` tells whether there was more. */
  readonly whole: boolean;
}

/** As many parts as a page keeps in memory: some 400 MB. */
const MOST_PARTS = 200;

/** Reads a file of the API, part by part where it comes in parts. Never throws, but for a signal that was aborted. */
export async function fetchFile(path: string, { token, signal, whole }: FetchFile): Promise<Fetched> {
  const parts: string[] = [];
  let next: string | null = null;
  let type = '';
  try {
    do {
      const at: string =
        next === null ? path : `${path}${path.includes('?') ? '&' : '?'}next_token=${encodeURIComponent(next)}`;
      const answer: Response = await fetch(at, {
        cache: 'no-store',
        credentials: 'omit',
        redirect: 'error',
        signal,
        headers: { ...(token !== undefined && { authorization: `Bearer ${token}` }) },
      });
      const text = await answer.text();
      if (!answer.ok) return { kind: 'problem', problem: problemIn(text, answer.status) };
      parts.push(text);
      type = answer.headers.get('content-type') ?? '';
      next = answer.headers.get('x-next-token');
    } while (whole && next !== null && parts.length < MOST_PARTS);
  } catch (error) {
    if (signal.aborted) throw error;
    return { kind: 'problem', problem: local(0, 'unreachable', 'The service does not answer.') };
  }
  return { kind: 'file', parts, type, cut: next !== null };
}

function problemIn(text: string, status: number): ProblemBody {
  try {
    const body: unknown = JSON.parse(text);
    if (isProblem(body)) return body;
  } catch {
    // told below
  }
  return local(status, 'unexpected_answer', `The service did not give the file (HTTP ${status}).`);
}

const local = (status: number, code: string, detail: string): ProblemBody => ({
  title: detail,
  status,
  detail,
  code,
  errors: [],
});
