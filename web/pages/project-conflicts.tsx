import { useEffect } from 'preact/hooks';
import type { ConflictPage } from '../../lib/model/conflict-answers.ts';
import { conflictPath } from '../conflict-address.ts';
import { ConflictTable } from '../parts/conflict/table.tsx';
import { Freshness } from '../parts/freshness.tsx';
import { PageStates } from '../parts/page-states.tsx';
import { ProjectNav } from '../parts/project/nav.tsx';
import { projectConflictsPath, projectJobPath } from '../project-address.ts';
import { useLive, useUi } from '../ui.ts';
import '../styles/conflicts.css';

const EVERY_MS = 5000;
const PAGE_SIZE = 50;

/** Open conflicts of all projects, or with `?job_id=` those of one job; the page is in the address. */
export function ProjectConflictsPage() {
  const { address } = useUi();
  useEffect(() => {
    document.title = 'Conflicts of projects · TerraFusion Sync';
  }, []);
  const { searchParams } = address.url.value;
  const [jobId, here] = [searchParams.get('job_id') ?? '', searchParams.get('next_token') ?? ''];
  const asked = new URLSearchParams({ limit: String(PAGE_SIZE) });
  if (jobId !== '') asked.set('job_id', jobId);
  if (here !== '') asked.set('next_token', here);
  const live = useLive<ConflictPage>(`/api/sync/projects/conflicts?${asked}`, { everyMs: EVERY_MS });
  const { body } = live.state.value;
  const next = body?.next_token;
  return (
    <>
      <div class="heading">
        <h1>Conflicts of projects</h1>
        <Freshness state={live.state.value} />
      </div>
      <ProjectNav />
      {jobId !== '' && (
        <p class="fine">
          Of job{' '}
          <a href={projectJobPath(jobId)}>
            <code>{jobId.slice(0, 8)}</code>
          </a>
          , of whatever state. <a href={projectConflictsPath()}>Open ones of all projects</a>
        </p>
      )}
      <PageStates state={live.state.value} what="the conflicts" />
      {body && body.conflicts.length > 0 && (
        <ConflictTable
          caption="Conflicts of projects"
          conflicts={body.conflicts}
          hrefOf={({ seen_by, conflict_id }) => conflictPath(seen_by, conflict_id)}
        />
      )}
      {body && body.conflicts.length === 0 && (
        <p class="empty">
          {next !== undefined
            ? 'None by the jobs of this page; there may be some by older ones.'
            : here !== ''
              ? 'No further ones.'
              : 'No conflict waits for a decision.'}
        </p>
      )}
      {(here !== '' || next !== undefined) && (
        <nav class="pager" aria-label="Pages of the list">
          {here !== '' && <a href={projectConflictsPath({ job_id: jobId })}>From the beginning</a>}
          {next !== undefined && <a href={projectConflictsPath({ job_id: jobId, next_token: next })}>Further ones</a>}
        </nav>
      )}
    </>
  );
}
