import type { Placed } from './conflict-list.ts';

/** The conflict that was looked at last, with its job: a list that is shown again goes on there. Gone with the document. */
let last: { readonly jobId: string; readonly conflict: Placed } | undefined;

export function leaveAt(jobId: string, conflict: Placed): void {
  last = { jobId, conflict };
}

/** Where somebody left the list of a job; once. */
export function takeLeft(jobId: string): Placed | undefined {
  if (last?.jobId !== jobId) return undefined;
  const { conflict } = last;
  last = undefined;
  return conflict;
}
