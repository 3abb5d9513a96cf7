/** What the list of jobs can be asked for: names of the API, and of the address. */
export const JOB_FILTERS = ['status', 'text', 'source', 'target', 'from', 'to'] as const;
export type JobFilterName = (typeof JOB_FILTERS)[number];
export type JobFilters = { readonly [F in JobFilterName]?: string };

/** Filters and place of an address of the dashboard. What is empty counts as not given. */
export function jobQueryIn(query: URLSearchParams): {
  readonly filters: JobFilters;
  readonly next: string | undefined;
} {
  const given = JOB_FILTERS.flatMap((name) => {
    const value = query.get(name)?.trim();
    return value ? [[name, value] as const] : [];
  });
  return { filters: Object.fromEntries(given), next: query.get('next_token') ?? undefined };
}

/** The query of the API for a page of jobs. */
export function jobsQuery(filters: JobFilters, limit: number, next: string | undefined): string {
  const given = JOB_FILTERS.flatMap((name) => {
    const value = filters[name];
    return value === undefined ? [] : [[name, value] as [string, string]];
  });
  const page = next === undefined ? [] : [['next_token', next] as [string, string]];
  return new URLSearchParams([['limit', String(limit)], ...given, ...page]).toString();
}
