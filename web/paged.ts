import { type ReadonlySignal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { ProblemBody } from '../lib/model/answers.ts';
import { callApi } from './api.ts';
import { useUi } from './ui.ts';

/** What a list that comes page by page has shown so far. */
export interface Listed<Item> {
  readonly items: readonly Item[];
  /** There may be more. */
  readonly next?: string;
  readonly problem?: ProblemBody;
  readonly busy: boolean;
}

export interface Paged<Item> {
  readonly listed: ReadonlySignal<Listed<Item>>;
  /** From the beginning. */
  read(): void;
  more(): void;
}

interface PageBody {
  readonly next_token?: string | undefined;
}

/**
 * Reads a list of the API, the first page at once and further ones when asked. Another `path`, which has a query, or another
 * `version` begins anew.
 */
export function usePaged<Item, Body extends PageBody>(
  path: string,
  itemsOf: (body: Body) => readonly Item[],
  version: unknown = undefined,
): Paged<Item> {
  const { session } = useUi();
  const listed = useSignal<Listed<Item>>({ items: [], busy: true });
  const reading = useRef(new AbortController());

  const read = async (after?: string) => {
    reading.current.abort();
    const own = new AbortController();
    reading.current = own;
    const before = after === undefined ? [] : listed.peek().items;
    listed.value = { ...listed.peek(), busy: true };
    const token = after === undefined ? '' : `&next_token=${encodeURIComponent(after)}`;
    const ask = { token: session.token.peek(), signal: own.signal };
    const answer = await callApi<Body>(path + token, ask).catch(() => undefined);
    if (!answer || answer.kind === 'same') return; // another look has begun, or the page is gone
    if (answer.kind !== 'ok') {
      if (answer.problem.status === 401) session.refuse();
      listed.value = { items: before, problem: answer.problem, busy: false };
      return;
    }
    const next = answer.body.next_token;
    listed.value = { items: [...before, ...itemsOf(answer.body)], busy: false, ...(next !== undefined && { next }) };
  };
  useEffect(() => {
    listed.value = { items: [], busy: true }; // what another question was answered is no answer to this one
    void read();
    return () => reading.current.abort();
  }, [path, version]);

  return { listed, read: () => void read(), more: () => void read(listed.peek().next) };
}
