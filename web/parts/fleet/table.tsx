import { number } from '../../../lib/model/figures.ts';
import type { PairLastView, PairSummary } from '../../../lib/model/fleet-view.ts';
import { jobPath } from '../../address.ts';
import { conflictsPath } from '../../conflict-address.ts';
import { pairPath, pairsPath } from '../../fleet/address.ts';
import { Until } from '../schedule/runs.tsx';
import { Chip, JobStateChip } from '../state.tsx';
import { When } from '../when.tsx';

/** Pairs in name order. */
export function PairTable({ pairs }: { readonly pairs: readonly PairSummary[] }) {
  return (
    <div class="scroll">
      <table class="cards pairs">
        <caption class="only-read">Pairs, by name</caption>
        <thead>
          <tr>
            <th scope="col">Pair</th>
            <th scope="col">From and into</th>
            <th scope="col">Last job</th>
            <th scope="col">Last success</th>
            <th scope="col">Next run</th>
          </tr>
        </thead>
        <tbody>
          {pairs.map((pair) => (
            <tr key={pair.name}>
              <th scope="row">
                <a href={pairPath(pair.name)}>{pair.name}</a> <span class="fine">{pair.mode}</span>
                {pair.description !== '' && <span class="fine line">{pair.description}</span>}
                <GroupLinks groups={pair.groups} class="fine line" />
              </th>
              <td>
                {pair.source_environment} → {pair.target_environment}
              </td>
              <td class="last">
                {pair.last ? (
                  <>
                    <JobOutcome job={pair.last} /> <When at={pair.last.created_at} />
                  </>
                ) : (
                  <span class="fine">no job yet</span>
                )}
              </td>
              <td class="short" data-label="Success">
                {pair.last_success_at === undefined ? (
                  <span class="fine">none</span>
                ) : (
                  <When at={pair.last_success_at} />
                )}
              </td>
              <td class="short" data-label="Next">
                <NextRun schedule={pair.schedule} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface GroupsProps {
  readonly groups: readonly string[];
  readonly class?: string;
}

/** Groups, each leading to its pairs. */
export function GroupLinks({ groups, class: look }: GroupsProps) {
  if (groups.length === 0) return null;
  return (
    <span class={look}>
      {groups.map((group, at) => (
        <span key={group}>
          {at > 0 && ', '}
          <a href={pairsPath({ group })}>{group}</a>
        </span>
      ))}
    </span>
  );
}

/** When a pair runs next. */
export function NextRun({ schedule }: Pick<PairSummary, 'schedule'>) {
  if (!schedule) return <span class="fine">not scheduled</span>;
  if (schedule.paused) return <Chip tone="warning" text="paused" />;
  return schedule.next_run === undefined ? <span class="fine">none</span> : <Until at={schedule.next_run} />;
}

/** What a job of a pair has come to, and what of it waits for somebody. */
export function JobOutcome({ job }: { readonly job: PairLastView }) {
  const { job_id, state, code, open_conflicts, quarantined } = job;
  return (
    <>
      <a href={jobPath(job_id)}>
        <JobStateChip state={state} />
      </a>
      {code !== undefined && (
        <>
          {' '}
          <code>{code}</code>
        </>
      )}
      {open_conflicts > 0 && (
        <>
          {' '}
          <a href={conflictsPath(job_id, { status: 'open' })} class="fine">
            {number(open_conflicts)} {open_conflicts === 1 ? 'conflict' : 'conflicts'}
          </a>
        </>
      )}
      {quarantined > 0 && (
        <>
          {' '}
          <a href={`${jobPath(job_id)}?tab=quarantine`} class="fine">
            {number(quarantined)} {quarantined === 1 ? 'row' : 'rows'} put aside
          </a>
        </>
      )}
    </>
  );
}
