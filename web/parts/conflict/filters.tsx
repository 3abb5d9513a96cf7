import type { FilterName, ListQuery } from '../../conflict-address.ts';
import { CONFLICT_STATE_NAMES, CONFLICT_TYPE_NAMES, STATE_WORDS, TYPE_WORDS } from '../../conflict-words.ts';

interface FiltersProps {
  readonly query: ListQuery;
  readonly tables: readonly string[];
  /** A filter has changed; the list begins anew. */
  readonly onChange: (query: ListQuery) => void;
}

export function ConflictFilters({ query, tables, onChange }: FiltersProps) {
  const { next_token: _, order: __, ...filters } = query;
  const set = (name: FilterName) => (event: Event) => {
    const { value } = event.currentTarget as HTMLSelectElement | HTMLInputElement; // it is the control's own handler
    const { [name]: ___, ...rest } = filters;
    onChange(value === '' ? rest : { ...rest, [name]: value });
  };
  return (
    <search class="filters">
      <label>
        <span>State</span>
        <select value={query.status === 'open' ? '' : (query.status ?? '')} onChange={set('status')}>
          <option value="">{STATE_WORDS.open.text}</option>
          {CONFLICT_STATE_NAMES.filter((state) => state !== 'open').map((state) => (
            <option key={state} value={state}>
              {STATE_WORDS[state].text}
            </option>
          ))}
          <option value="all">all</option>
        </select>
      </label>
      <label>
        <span>Table</span>
        <select value={query.table ?? ''} onChange={set('table')}>
          <option value="">all</option>
          {tables.map((table) => (
            <option key={table} value={table}>
              {table}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span>Kind</span>
        <select value={query.type ?? ''} onChange={set('type')}>
          <option value="">all</option>
          {CONFLICT_TYPE_NAMES.map((type) => (
            <option key={type} value={type}>
              {TYPE_WORDS[type].text}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span>Opened from (UTC)</span>
        <input type="date" value={query.opened_from?.slice(0, 10) ?? ''} onChange={set('opened_from')} />
      </label>
      <label>
        <span>Opened before (UTC)</span>
        <input type="date" value={query.opened_to?.slice(0, 10) ?? ''} onChange={set('opened_to')} />
      </label>
    </search>
  );
}
