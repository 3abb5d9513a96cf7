import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { JobStatus } from '../../lib/model/answers.ts';
import type { ConflictState } from '../../lib/model/conflict.ts';
import type { ConflictPage } from '../../lib/model/conflict-answers.ts';
import { jobPath } from '../address.ts';
import {
  conflictPath,
  conflictsApi,
  conflictsPath,
  FILTERS,
  type ListQuery,
  listQuery,
  setStatus,
} from '../conflict-address.ts';
import { takeLeft } from '../conflict-left.ts';
import { byAge, countsText, placeIn } from '../conflict-list.ts';
import { STATE_WORDS } from '../conflict-words.ts';
import { useKeys } from '../keys.ts';
import type { PageParams } from '../page-params.ts';
import { BulkResolve } from '../parts/conflict/bulk-resolve.tsx';
import { ConflictFilters } from '../parts/conflict/filters.tsx';
import { LaterJob } from '../parts/conflict/later-job.tsx';
import { OrderProgress } from '../parts/conflict/order-progress.tsx';
import { ConflictTable } from '../parts/conflict/table.tsx';
import { Freshness } from '../parts/freshness.tsx';
import { KeyHelp } from '../parts/key-help.tsx';
import { ProblemNote } from '../parts/problem.tsx';
import { useLive, useUi } from '../ui.ts';
import '../styles/conflicts.css';

const EVERY_MS = 5000;
/** Counting reads more than a page. */
const COUNT_EVERY_MS = 30_000;
const PAGE_SIZE = 50;

const KEYS = [
  ['j', 'Next conflict'],
  ['k', 'Conflict before'],
  ['Enter', 'Open it'],
  ['s', 'Open it with the side of the source chosen'],
  ['t', 'Open it with the side of the target chosen'],
  ['?', 'These keys'],
] as const;

/** The conflicts of a job, oldest first; filters and page are in the address. */
export function ConflictsPage({ params }: { readonly params: PageParams }) {
  const jobId = params.job_id ?? '';
  const { address } = useUi();
  useEffect(() => {
    document.title = `Conflicts of job ${jobId.slice(0, 8)} · TerraFusion Sync`;
  }, [jobId]);
  const query = listQuery(address.url.value.searchParams);
  const asked = new URLSearchParams({ limit: String(PAGE_SIZE) });
  for (const name of [...FILTERS, 'next_token'] as const) if (query[name]) asked.set(name, query[name]);
  setStatus(asked, query);
  const live = useLive<ConflictPage>(`${conflictsApi(jobId)}?${asked}`, { everyMs: EVERY_MS });
  const { body, problem } = live.state.value;
  const refresh = () => {
    live.refresh();
    counted.refresh();
  };
  const job = useLive<JobStatus>(`/api/sync/status/${encodeURIComponent(jobId)}`, {
    everyMs: EVERY_MS,
    isLast: () => true,
  }).state.value.body;
  const counted = useLive<ConflictPage>(`${conflictsApi(jobId)}?limit=1&counts=true`, { everyMs: COUNT_EVERY_MS });
  const { counts } = counted.state.value.body ?? {};

  return (
    <>
      <nav aria-label="Way back" class="back">
        <a href={jobPath(jobId)}>
          ← Job <code>{jobId.slice(0, 8)}</code>
        </a>
      </nav>
      <div class="heading">
        <h1>Conflicts</h1>
        {counts && (
          <p class="fine" role="status">
            {countsText(counts, job?.counts.conflicts)}
          </p>
        )}
        <Freshness state={live.state.value} />
      </div>
      <ConflictFilters
        query={query}
        tables={tablesOf(job, query)}
        onChange={(next) => address.go(conflictsPath(jobId, { ...next, ...(query.order && { order: query.order }) }))}
      />
      {query.order !== undefined && <OrderProgress jobId={jobId} orderId={query.order} query={query} onEnd={refresh} />}
      <BulkResolve
        jobId={jobId}
        filter={query}
        onOrdered={(order) => address.go(conflictsPath(jobId, { ...query, order }))}
      />
      {problem && <ProblemNote problem={problem} />}
      {!body && !problem && (
        <p class="empty" aria-busy="true">
          Reading the conflicts…
        </p>
      )}
      {body && <ConflictList job={job} jobId={jobId} page={body} query={query} none={counts?.all === 0} />}
    </>
  );
}

/** Tables of the job that have conflicts, and the one that is asked for. */
function tablesOf(job: JobStatus | undefined, { table }: ListQuery): readonly string[] {
  const found = job?.tables.filter((t) => t.counts.conflicts > 0).map((t) => t.name) ?? [];
  return table === undefined || found.includes(table) ? found : [...found, table];
}

interface ListProps {
  readonly job: JobStatus | undefined;
  readonly jobId: string;
  readonly page: ConflictPage;
  readonly query: ListQuery;
  /** Nothing is listed with this job, whatever is asked for. */
  readonly none: boolean;
}

function ConflictList({ job, jobId, page, query, none }: ListProps) {
  const { address } = useUi();
  const { next_token } = page;
  const conflicts = page.conflicts.toSorted(byAge);
  const body = useRef<HTMLTableSectionElement>(null);
  const help = useSignal(false);
  const links = () => [...(body.current?.querySelectorAll<HTMLAnchorElement>('th a') ?? [])];
  const focused = () => links().indexOf(document.activeElement as HTMLAnchorElement);
  const move = (by: number) => {
    const all = links();
    const at = focused();
    all[at < 0 ? 0 : Math.max(0, Math.min(all.length - 1, at + by))]?.focus();
  };
  const open = (take: 'source' | 'target') => {
    const conflict = conflicts[Math.max(0, focused())];
    if (conflict) address.go(conflictPath(jobId, conflict.conflict_id, { ...query, take }));
  };
  useKeys({
    j: () => move(1),
    k: () => move(-1),
    s: () => open('source'),
    t: () => open('target'),
    '?': () => {
      help.value = true;
    },
  });
  const filtered = FILTERS.some((name) => name !== 'status' && query[name] !== undefined);
  useEffect(() => {
    const left = takeLeft(jobId);
    if (left) links()[placeIn(conflicts, left)]?.focus();
  }, []);

  return (
    <section aria-label="List of conflicts">
      {conflicts.length === 0 ? (
        <Empty
          job={job}
          jobId={jobId}
          query={query}
          none={none}
          filtered={filtered || query.next_token !== undefined}
          more={next_token}
        />
      ) : (
        <ConflictTable
          caption="Conflicts, oldest first"
          conflicts={conflicts}
          hrefOf={({ conflict_id }) => conflictPath(jobId, conflict_id, query)}
          body={body}
        />
      )}
      <nav class="pager" aria-label="Pages of the list">
        {query.next_token !== undefined && (
          <a href={conflictsPath(jobId, { ...query, next_token: undefined })}>Oldest conflicts</a>
        )}
        {next_token !== undefined && <a href={conflictsPath(jobId, { ...query, next_token })}>Newer conflicts</a>}
        <button type="button" class="quiet" aria-haspopup="dialog" onClick={() => (help.value = true)}>
          Keys
        </button>
      </nav>
      {help.value && <KeyHelp keys={KEYS} onClose={() => (help.value = false)} />}
    </section>
  );
}

interface EmptyProps {
  readonly job: JobStatus | undefined;
  readonly jobId: string;
  readonly query: ListQuery;
  readonly none: boolean;
  readonly filtered: boolean;
  readonly more: string | undefined;
}

/** What none of the conflicts is, where those of one state are listed. */
const waits = ({ status }: ListQuery): string =>
  status === undefined || status === 'open'
    ? 'is open'
    : `is “${STATE_WORDS[status as ConflictState]?.text ?? status}”`;

/** A page with a rare filter may hold nothing, and still not be the last. */
function Empty({ job, jobId, query, none, filtered, more }: EmptyProps) {
  const all = conflictsPath(jobId, { status: 'all' });
  return (
    <div class="empty">
      {more !== undefined ? (
        <p>None on this page; there may be some on newer ones.</p>
      ) : filtered ? (
        <p>
          No conflict here fits. <a href={all}>Show all conflicts</a>
        </p>
      ) : query.status !== 'all' && !none ? (
        <p>
          No conflict of this job {waits(query)}. <a href={all}>Show all conflicts</a>
        </p>
      ) : job && job.counts.conflicts > 0 ? (
        <p>
          Later jobs of the same databases have met its conflicts again, or found that they are none any more; each is
          listed with the job that met it last.
          <LaterJob job={job} to="conflicts" />
        </p>
      ) : (
        <p>This job has no conflicts.</p>
      )}
    </div>
  );
}
