import { type ReadonlySignal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { callApi } from './api.ts';
import { type Listed, unread, withPage } from './listed.ts';
import { useUi } from './ui.ts';

export interface Paged<Item> {
  readonly listed: ReadonlySignal<Listed<Item>>;
  /** From the beginning. */
  read(): void;
  /** The next page, or the one that failed. */
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
  const listed = useSignal<Listed<Item>>(unread);
  const reading = useRef(new AbortController());

  const read = async (after?: string) => {
    reading.current.abort();
    const own = new AbortController();
    reading.current = own;
    listed.value = { ...listed.peek(), busy: true };
    const token = after === undefined ? '' : `&next_token=${encodeURIComponent(after)}`;
    const ask = { token: session.token.peek(), signal: own.signal };
    const answer = await callApi<Body>(path + token, ask).catch(() => undefined);
    if (!answer || answer.kind === 'same') return; // another look has begun, or the page is gone
    if (answer.kind !== 'ok' && answer.problem.status === 401) session.refuse();
    listed.value = withPage(listed.peek(), { after, answer }, itemsOf);
  };
  useEffect(() => {
    listed.value = unread; // what another question was answered is no answer to this one
    void read();
    return () => reading.current.abort();
  }, [path, version]);

  return { listed, read: () => void read(), more: () => void read(listed.peek().next) };
}
