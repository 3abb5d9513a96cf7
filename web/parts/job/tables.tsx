import { useSignal } from '@preact/signals';
import type { JobStatus, TableStatus } from '../../../lib/model/answers.ts';
import { number } from '../../../lib/model/figures.ts';
import { VALIDATION, VALIDATION_STATES } from '../../../lib/model/validation.ts';
import { tablesLike } from '../../job/table-filter.ts';
import { TABLE_WORDS } from '../../words.ts';
import { Chip } from '../state.tsx';
import { TableList } from '../table-list.tsx';
import { Unfold } from '../unfold.tsx';
import { isIdle } from './overview.tsx';
import { Segments } from './segments.tsx';

/** Rows that are drawn at first, and for each wish for more: all of a job of 500 tables are drawn again for each look. */
const ROWS_AT_ONCE = 100;

/** Every table: what is known of its equality, its counts, and how far its segments have come. */
export function Tables({ job }: { readonly job: JobStatus }) {
  const text = useSignal('');
  const state = useSignal<string | undefined>(undefined);
  const most = useSignal(ROWS_AT_ONCE);
  if (job.tables.length === 0) return <p class="empty">The job has not looked at its tables yet.</p>;
  const found = tablesLike(job.tables, { text: text.value, ...(state.value !== undefined && { state: state.value }) });
  const shown = found.slice(0, most.value);
  return (
    <>
      <Verification
        tables={job.tables}
        chosen={state.value}
        onChoose={(to) => {
          state.value = to;
        }}
      />
      <label class="table-search">
        <span class="only-read">Search tables</span>
        <input
          type="search"
          placeholder="Search tables"
          value={text.value}
          onInput={(event) => {
            text.value = event.currentTarget.value;
          }}
        />
      </label>
      {found.length === 0 && <p class="empty">No table is like this.</p>}
      <TableList tables={shown} idle={isIdle(job)} said={job.failure?.message} />
      {found.length > shown.length && (
        <div class="pager">
          <p class="fine" role="status">
            {number(shown.length)} of {number(found.length)} tables shown
          </p>
          <button
            type="button"
            class="quiet"
            onClick={() => {
              most.value += ROWS_AT_ONCE;
            }}
          >
            Show more
          </button>
        </div>
      )}
      {shown.length > 0 && (
        <Unfold summary="Segments of each table">{() => <Segments job={job} tables={shown} />}</Unfold>
      )}
    </>
  );
}

interface VerificationProps {
  readonly tables: readonly TableStatus[];
  readonly chosen: string | undefined;
  readonly onChoose: (state: string | undefined) => void;
}

/** How many tables are in each state of validation, and what the state means; a click shows these alone. */
function Verification({ tables, chosen, onChoose }: VerificationProps) {
  const there = VALIDATION_STATES.map((state) => [state, tables.filter((t) => t.validation === state).length] as const);
  return (
    <section aria-labelledby="verification-title">
      <h2 id="verification-title">Verification</h2>
      <ul class="verification">
        {there
          .filter(([, count]) => count > 0)
          .map(([state, count]) => (
            <li key={state}>
              <button
                type="button"
                class="quiet"
                aria-pressed={chosen === state}
                onClick={() => onChoose(chosen === state ? undefined : state)}
              >
                {number(count)} <Chip {...TABLE_WORDS[state]} />
              </button>
              <span class="fine">{VALIDATION[state]}</span>
            </li>
          ))}
      </ul>
    </section>
  );
}
