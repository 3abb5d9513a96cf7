import type { JobStatus } from '../../../lib/model/answers.ts';
import { type AuditEventView, type AuditPage, SEVERITIES } from '../../../lib/model/audit-view.ts';
import { useFilled } from '../../filled.ts';
import { type AuditFilters, dataText, filtersIn, withFilters } from '../../job/audit-filters.ts';
import { usePaged } from '../../paged.ts';
import { useUi } from '../../ui.ts';
import { absolute } from '../../words.ts';
import { Button } from '../action.tsx';
import { LaterJob } from '../conflict/later-job.tsx';
import { More } from '../more.tsx';
import { Chip } from '../state.tsx';
import { Exports } from './exports.tsx';

const PAGE_SIZE = 100;

/** The trail of a job, filtered by what is in the address. */
export function Audit({ job }: { readonly job: JobStatus }) {
  const { address } = useUi();
  const filters = filtersIn(address.url.value.searchParams);
  const asked = withFilters(filters, { limit: String(PAGE_SIZE) });
  const path = `/api/sync/audit/${encodeURIComponent(job.job_id)}?${asked}`;
  const { listed, read, more } = usePaged(path, (body: AuditPage) => body.events);
  const { items: events, next, problem, busy } = listed.value;
  const filtered = Object.keys(filters).length > 0;
  return (
    <section aria-labelledby="audit-title">
      <div class="heading">
        <h2 id="audit-title">Audit trail</h2>
        <p class="fine">Kept at level {job.config.audit_level}. Times are UTC.</p>
      </div>
      {job.counts.conflicts > 0 && (
        <p class="fine">
          A decision of a conflict is in the trail of the job that met it last, which may be a later one than this.
          <LaterJob job={job} to="trail" />
        </p>
      )}
      <Filters
        filters={filters}
        tables={job.tables.map(({ name }) => name)}
        onFilter={(to) => address.go(`${address.url.value.pathname}?${withFilters(to, { tab: 'audit' })}`)}
      />
      <Exports jobId={job.job_id} filters={filters} />
      {events.length > 0 && <Events events={events} />}
      {events.length === 0 && !busy && !problem && (
        <p class="empty">{filtered ? 'No event is like this.' : 'Nothing has been recorded yet.'}</p>
      )}
      <More
        listed={listed.value}
        onMore={more}
        text={`${events.length} events${next === undefined ? '' : ', and there may be more'}`}
      >
        <Button class="quiet" disabled={busy} onClick={read}>
          Read again
        </Button>
      </More>
    </section>
  );
}

interface FiltersProps {
  readonly filters: AuditFilters;
  readonly tables: readonly string[];
  readonly onFilter: (filters: AuditFilters) => void;
}

function Filters({ filters, tables, onFilter }: FiltersProps) {
  const form = useFilled(filters);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget as HTMLFormElement); // it is the form's own handler
    onFilter(filtersIn(new URLSearchParams([...given].map(([name, value]) => [name, String(value)]))));
  };
  return (
    <form ref={form} class="audit-filters" onSubmit={submit} aria-label="Filter of the audit trail">
      <label>
        Text
        <input type="search" name="text" placeholder="anywhere in the event" />
      </label>
      <label>
        Type
        <input name="type" placeholder="chunk or chunk.applied" spellcheck={false} />
      </label>
      <label>
        Table
        <input name="table" list="audit-tables" spellcheck={false} />
      </label>
      <datalist id="audit-tables">
        {tables.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <label>
        At least
        <select name="severity">
          <option value="">any</option>
          {SEVERITIES.map((severity) => (
            <option key={severity} value={severity}>
              {severity}
            </option>
          ))}
        </select>
      </label>
      <label>
        Actor
        <input name="actor" spellcheck={false} />
      </label>
      <label>
        From
        <input name="from" placeholder="2026-11-23T10:00:00Z" spellcheck={false} />
      </label>
      <label>
        Before
        <input name="to" placeholder="2026-11-24" spellcheck={false} />
      </label>
      <span class="buttons">
        <button type="submit">Filter</button>
        {Object.keys(filters).length > 0 && (
          <Button class="secondary" onClick={() => onFilter({})}>
            Show all
          </Button>
        )}
      </span>
    </form>
  );
}

/** Longer data is folded: a list stays readable, and nothing is left out. */
const SHORT = 160;

function Data({ text }: { readonly text: string }) {
  if (text.length <= SHORT) return <>{text}</>;
  return (
    <details>
      <summary>{text.slice(0, SHORT)}…</summary>
      {text}
    </details>
  );
}

const TONES = { error: 'bad', warning: 'warning', info: 'waiting' } as const;

function Events({ events }: { readonly events: readonly AuditEventView[] }) {
  return (
    <div class="scroll">
      <table class="cards events">
        <caption class="only-read">Events of the job, in their order</caption>
        <thead>
          <tr>
            <th scope="col">No.</th>
            <th scope="col">When</th>
            <th scope="col">Event</th>
            <th scope="col">Actor</th>
            <th scope="col">Data</th>
          </tr>
        </thead>
        <tbody>
          {events.map((event) => (
            <tr key={event.seq}>
              <th scope="row" class="figure">
                {event.seq}
              </th>
              <td class="short">
                <time dateTime={event.at} title={absolute(event.at)}>
                  {event.at.slice(0, 19).replace('T', ' ')}
                </time>
              </td>
              <td>
                <Chip tone={TONES[event.severity]} text={event.type} title={event.severity} />
              </td>
              <td>{event.actor}</td>
              <td class="fine data">
                <Data text={dataText(event.data)} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
