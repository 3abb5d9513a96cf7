import { JOB_STATES } from '../../../lib/model/job.ts';
import { JOB_FILTERS, type JobFilters, jobQueryIn } from '../../dashboard/job-query.ts';
import { useFilled } from '../../filled.ts';
import { JOB_WORDS } from '../../words.ts';

interface FiltersProps {
  readonly filters: JobFilters;
  readonly onFilter: (filters: JobFilters) => void;
}

/** Which jobs are listed. A state counts at once, what is typed with Enter. */
export function JobFilterForm({ filters, onFilter }: FiltersProps) {
  const ref = useFilled(filters);
  const read = (form: HTMLFormElement) => {
    const given = [...new FormData(form)].map(([name, value]) => [name, String(value)]);
    onFilter(jobQueryIn(new URLSearchParams(given)).filters);
  };
  const more = JOB_FILTERS.filter((name) => !['status', 'text'].includes(name) && filters[name] !== undefined).length;
  return (
    <form
      ref={ref}
      class="job-filters"
      aria-label="Filter of the jobs"
      onSubmit={(event) => {
        event.preventDefault();
        read(event.currentTarget);
      }}
    >
      <label class="filter">
        <span>State</span>
        <select name="status" onChange={(event) => event.currentTarget.form && read(event.currentTarget.form)}>
          <option value="">all</option>
          {JOB_STATES.map((state) => (
            <option key={state} value={state}>
              {JOB_WORDS[state].text}
            </option>
          ))}
        </select>
      </label>
      <label class="search">
        <span class="only-read">Search jobs</span>
        <input type="search" name="text" placeholder="Database, host, person, id, error" />
      </label>
      <details open={more > 0}>
        <summary>Pair and time{more > 0 ? ` (${more})` : ''}</summary>
        <div class="more">
          {(
            [
              ['source', 'Source', 'database or environment'],
              ['target', 'Target', 'database or environment'],
              ['from', 'From', '2026-11-23T10:00Z'],
              ['to', 'Before', '2026-11-24'],
            ] as const
          ).map(([name, text, example]) => (
            <label key={name}>
              {text}
              <input name={name} placeholder={example} spellcheck={false} autocomplete="off" />
            </label>
          ))}
        </div>
      </details>
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
