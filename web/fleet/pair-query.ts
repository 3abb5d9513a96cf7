import type { PairFilter, PairState } from '../../lib/model/fleet.ts';

/** What the list can be asked for: names of the API, and of the address. */
export const PAIR_FILTERS = ['group', 'prefix', 'state', 'overdue_hours'] as const;
export type PairFilterName = (typeof PAIR_FILTERS)[number];
export type PairFilters = { readonly [F in PairFilterName]?: string };

export interface PairQuery {
  readonly filters: PairFilters;
  /** Where in the list the page begins; undefined: with the first name. */
  readonly next: string | undefined;
  /** An order that is followed. */
  readonly order: string | undefined;
}

/** What of an address is about the list. What is empty counts as not given. */
export function pairQueryIn(query: URLSearchParams): PairQuery {
  const given = PAIR_FILTERS.flatMap((name) => {
    const value = query.get(name)?.trim();
    return value ? [[name, value] as const] : [];
  });
  return {
    filters: Object.fromEntries(given),
    next: query.get('next_token') || undefined,
    order: query.get('order') || undefined,
  };
}

/** The filters as an order takes them; what no order takes is left as it is, so that the service says what is wrong. */
export function filterOf({ group, prefix, state, overdue_hours }: PairFilters): PairFilter {
  return {
    ...(group !== undefined && { group }),
    ...(prefix !== undefined && { prefix }),
    ...(state !== undefined && { state: state as PairState }), // or none, and refused
    ...(overdue_hours !== undefined && { overdue_hours: Number(overdue_hours) }),
  };
}

const PAGE_SIZE = '25';

/** The query of the API for a page of pairs. */
export function pairsQuery({ filters, next }: PairQuery): string {
  const page = next === undefined ? {} : { next_token: next };
  return new URLSearchParams({ limit: PAGE_SIZE, ...filters, ...page }).toString();
}
