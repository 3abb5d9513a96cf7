import { BASE, type Query, withQuery } from '../address.ts';
import { type PairQuery, pairsQuery } from './pair-query.ts';

// Where kept pairs and orders over them are shown, and what the API calls them.

export const pairsPath = (query: Query = {}): string => withQuery(`${BASE}/pairs`, query);
export const pairPath = (name: string, query: Query = {}): string =>
  withQuery(`${BASE}/pair/${encodeURIComponent(name)}`, query);

export const pairsApi = (query: PairQuery): string => `/api/sync/pairs?${pairsQuery(query)}`;
export const pairApi = (name: string): string => `/api/sync/pairs/${encodeURIComponent(name)}`;
export const ordersApi = '/api/sync/fleet';
export const orderApi = (id: string): string => `${ordersApi}/${encodeURIComponent(id)}`;
