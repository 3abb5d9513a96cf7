import type { JobStatus } from '../../../lib/model/answers.ts';
import { number } from '../../../lib/model/figures.ts';
import type { QuarantineFilter, QuarantinePage, QuarantineView, RetryStarted } from '../../../lib/model/quarantine.ts';
import { ROW_CODES } from '../../../lib/model/row-code.ts';
import { jobPath } from '../../address.ts';
import { useCommand } from '../../command.ts';
import { usePaged } from '../../paged.ts';
import { useUi } from '../../ui.ts';
import { AskFirst } from '../ask-first.tsx';
import { More } from '../more.tsx';
import { ProblemNote } from '../problem.tsx';
import { When } from '../when.tsx';

const PAGE_SIZE = 100;

/** The rows that the job has put aside, and a way to try them again. */
export function Quarantine({ job }: { readonly job: JobStatus }) {
  const { address } = useUi();
  const filter = filterIn(address.url.value.searchParams);
  const asked = new URLSearchParams({
    limit: String(PAGE_SIZE),
    ...(filter.table !== undefined && { table: filter.table }),
  });
  const path = `/api/sync/quarantine/${encodeURIComponent(job.job_id)}?${asked}`;
  const { listed, more } = usePaged(path, (body: QuarantinePage) => body.rows, job.counts.quarantined);
  const { items: rows, next, problem, busy } = listed.value;
  return (
    <section aria-labelledby="quarantine-title">
      <div class="heading">
        <h2 id="quarantine-title">Rows put aside</h2>
        <TableFilter job={job} filter={filter} />
        {rows.length > 0 && <Retry job={job} filter={filter} />}
      </div>
      {rows.length > 0 && <Rows rows={rows} />}
      {rows.length === 0 && !busy && !problem && <p class="empty">No row is put aside.</p>}
      <More
        listed={listed.value}
        onMore={more}
        text={`${number(rows.length)} rows shown${next === undefined ? '' : ', and there may be more'}`}
      />
    </section>
  );
}

/** Of what the address says; a code that is none is refused by the service. */
function filterIn(query: URLSearchParams): QuarantineFilter {
  const table = query.get('table');
  return table ? { table } : {};
}

function TableFilter({ job, filter }: { readonly job: JobStatus; readonly filter: QuarantineFilter }) {
  const { address } = useUi();
  const tables = job.tables.filter(({ name, counts }) => counts.quarantined > 0 || name === filter.table);
  if (tables.length < 2 && filter.table === undefined) return null;
  const choose = (table: string) => {
    const query = new URLSearchParams({ tab: 'quarantine', ...(table !== '' && { table }) });
    address.go(`${address.url.value.pathname}?${query}`);
  };
  return (
    <label class="filter">
      <span>Table</span>
      <select value={filter.table ?? ''} onChange={(event) => choose(event.currentTarget.value)}>
        <option value="">all</option>
        {tables.map(({ name, counts }) => (
          <option key={name} value={name}>
            {name} ({number(counts.quarantined)})
          </option>
        ))}
      </select>
    </label>
  );
}

function Retry({ job, filter }: { readonly job: JobStatus; readonly filter: QuarantineFilter }) {
  const { address } = useUi();
  const { busy, problem, ask } = useCommand();
  const retry = async () => {
    const path = `/api/sync/quarantine/${encodeURIComponent(job.job_id)}/retry`;
    const answer = await ask<RetryStarted>('retry', path, { method: 'POST', body: filter });
    if (answer?.kind === 'ok') address.go(jobPath(answer.body.job_id));
  };
  return (
    <>
      <div class="actions">
        <AskFirst
          to="retryRows"
          text="Try them again"
          aria-busy={busy.value !== undefined}
          disabled={busy.value !== undefined}
          asked={{ title: 'Try these rows again?', yes: 'Start a job over them', no: 'Leave them' }}
          onYes={() => void retry()}
        >
          <p>
            A new job looks at{' '}
            {filter.table === undefined ? 'all rows that this one put aside' : `the rows of ${filter.table}`} as they
            are now, and at no others.
          </p>
        </AskFirst>
      </div>
      {problem.value && <ProblemNote problem={problem.value} />}
    </>
  );
}

function Rows({ rows }: { readonly rows: readonly QuarantineView[] }) {
  return (
    <div class="scroll">
      <table class="cards aside">
        <caption class="only-read">Rows put aside</caption>
        <thead>
          <tr>
            <th scope="col">Table and key</th>
            <th scope="col">Why</th>
            <th scope="col">When</th>
            <th scope="col">Values in the source</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={`${row.table} ${JSON.stringify(row.key)}`}>
              <th scope="row">
                {row.table} <code>{row.key.join(', ')}</code>
              </th>
              <td>
                <code title={ROW_CODES[row.code]}>{row.code}</code>{' '}
                <span class="fine">
                  {[row.rule && `rule ${row.rule}`, row.object, row.sqlstate].filter(Boolean).join(', ')}
                </span>
              </td>
              <td class="short">
                <When at={row.at} />
              </td>
              <td>
                <Values row={row} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Values of the columns that the reason is about, or of the row; one without a key cannot be found again. */
function Values({ row: { values, in_source } }: { readonly row: QuarantineView }) {
  if (in_source === false) return <span class="fine">The source has no such row any more.</span>;
  if (!values) return <span class="fine">There is nothing to show.</span>;
  return (
    <dl class="values">
      {Object.entries(values).map(([column, value]) => (
        <div key={column}>
          <dt>{column}</dt>
          <dd>{value === null ? <em>NULL</em> : value === '' ? <em>empty</em> : value}</dd>
        </div>
      ))}
    </dl>
  );
}
