import { PAIR_STATES } from '../../../lib/model/fleet.ts';
import { type PairFilters, pairQueryIn } from '../../fleet/pair-query.ts';
import { PAIR_STATE_WORDS } from '../../fleet/words.ts';

interface FiltersProps {
  readonly filters: PairFilters;
  readonly onFilter: (filters: PairFilters) => void;
}

/** Which pairs are listed, and which an order is about. A state counts at once, what is typed with Enter. */
export function PairFilterForm({ filters, onFilter }: FiltersProps) {
  const read = (form: HTMLFormElement) => {
    const given = [...new FormData(form)].map(([name, value]) => [name, String(value)]);
    onFilter(pairQueryIn(new URLSearchParams(given)).filters);
  };
  const typed = { spellcheck: false, autocomplete: 'off' };
  return (
    <form
      class="job-filters pair-filters"
      aria-label="Filter of the pairs"
      onSubmit={(event) => {
        event.preventDefault();
        read(event.currentTarget);
      }}
    >
      <label>
        Name begins with
        <input type="text" name="prefix" maxLength={63} defaultValue={filters.prefix} {...typed} />
      </label>
      <label>
        Group
        <input type="text" name="group" maxLength={63} defaultValue={filters.group} {...typed} />
      </label>
      <label>
        Last job
        <select
          name="state"
          value={filters.state ?? ''}
          onChange={(event) => event.currentTarget.form && read(event.currentTarget.form)}
        >
          <option value="">any</option>
          {PAIR_STATES.map((state) => (
            <option key={state} value={state}>
              {PAIR_STATE_WORDS[state]}
            </option>
          ))}
        </select>
      </label>
      <label>
        No success for hours
        <input type="number" name="overdue_hours" min={1} max={8760} step={1} defaultValue={filters.overdue_hours} />
      </label>
      <span class="buttons">
        <button type="submit" class="quiet">
          Filter
        </button>
        {Object.keys(filters).length > 0 && (
          <button type="button" class="quiet" onClick={() => onFilter({})}>
            Show all
          </button>
        )}
      </span>
    </form>
  );
}
