import { BASE, withQuery } from './address.ts';

/** What a list shows, as it stands in the address. */
export const FILTERS = ['status', 'table', 'type', 'opened_from', 'opened_to'] as const;
export type FilterName = (typeof FILTERS)[number];
export type ListQuery = { readonly [Name in FilterName | 'next_token' | 'order']?: string | undefined };

const NAMES = [...FILTERS, 'next_token', 'order'] as const;

/** What is asked of the API: what waits for a decision, unless the address names a state, or `all`. */
export function setStatus(asked: URLSearchParams, { status = 'open' }: ListQuery): void {
  if (status === 'all') asked.delete('status');
  else asked.set('status', status);
}

/** What of an address is about the list; an empty text is none. */
export const listQuery = (query: URLSearchParams): ListQuery =>
  Object.fromEntries(NAMES.flatMap((name) => (query.get(name) ? [[name, query.get(name)]] : []))) as ListQuery;

export const conflictsPath = (jobId: string, query: ListQuery = {}): string =>
  withQuery(`${BASE}/conflicts/${encodeURIComponent(jobId)}`, query);

/** `take`: a side that is chosen at first, and not sent. */
export const conflictPath = (
  jobId: string,
  conflictId: string,
  query: ListQuery & { readonly take?: 'source' | 'target' } = {},
): string => withQuery(`${BASE}/conflicts/${encodeURIComponent(jobId)}/${encodeURIComponent(conflictId)}`, query);

/** Of the API. */
export const conflictsApi = (jobId: string): string => `/api/sync/conflicts/${encodeURIComponent(jobId)}`;
