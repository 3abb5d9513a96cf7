import type { ProblemBody } from '../lib/model/answers.ts';
import type { Answer } from './api.ts';

/** What a list that comes page by page has shown so far. */
export interface Listed<Item> {
  readonly items: readonly Item[];
  /** There may be more. */
  readonly next?: string;
  readonly problem?: ProblemBody;
  readonly busy: boolean;
}

/** A list of which nothing is known yet. */
export const unread: Listed<never> = { items: [], busy: true };

interface PageBody {
  readonly next_token?: string | undefined;
}

/**
 * A list after the answer to the call for a page; `after`: where that page begins, absent for the first one. One that was not
 * answered is still to come: what is shown is no whole list because a page of it failed.
 */
export function withPage<Item, Body extends PageBody>(
  { items }: Listed<Item>,
  { after, answer }: { readonly after: string | undefined; readonly answer: Exclude<Answer<Body>, { kind: 'same' }> },
  itemsOf: (body: Body) => readonly Item[],
): Listed<Item> {
  const before = after === undefined ? [] : items;
  if (answer.kind !== 'ok')
    return { items: before, problem: answer.problem, busy: false, ...(after !== undefined && { next: after }) };
  const { next_token: next } = answer.body;
  return { items: [...before, ...itemsOf(answer.body)], busy: false, ...(next !== undefined && { next }) };
}
