/** What an audit trail can be asked for, as the API calls it. */
export const AUDIT_FILTERS = ['type', 'table', 'severity', 'actor', 'from', 'to', 'text'] as const;
export type AuditFilterName = (typeof AUDIT_FILTERS)[number];
export type AuditFilters = { readonly [F in AuditFilterName]?: string };

/** The filters that an address holds. In the address they have a name of their own, because a page has other parameters. */
export function filtersIn(query: URLSearchParams): AuditFilters {
  const given = AUDIT_FILTERS.flatMap((name) => {
    const value = query.get(name)?.trim();
    return value ? [[name, value] as const] : [];
  });
  return Object.fromEntries(given);
}

/** A query with these filters in place of those that it has; `more` comes first. */
export function withFilters(filters: AuditFilters, more: Readonly<Record<string, string>> = {}): string {
  const given = AUDIT_FILTERS.flatMap((name) => {
    const value = filters[name]?.trim();
    return value ? [[name, value] as [string, string]] : [];
  });
  return new URLSearchParams([...Object.entries(more), ...given]).toString();
}

/** They say nothing to people but that two are alike. */
const FINGERPRINTS: ReadonlySet<string> = new Set(['inputs', 'prints']);
const isPrint = (value: unknown): boolean => typeof value === 'string' && /^[0-9a-f]{32,}$/.test(value);

/** The data of an event on one line, the table first and fingerprints last: `table public.parcels, inserted 12`. */
export function dataText(data: Readonly<Record<string, unknown>>): string {
  const spelled = (value: unknown) => (typeof value === 'object' ? JSON.stringify(value) : String(value));
  const last = ([name, value]: [string, unknown]) => Number(FINGERPRINTS.has(name) || isPrint(value));
  return Object.entries(data)
    .sort((a, b) => Number(b[0] === 'table') - Number(a[0] === 'table') || last(a) - last(b))
    .map(([name, value]) => `${name} ${spelled(value)}`)
    .join(', ');
}
