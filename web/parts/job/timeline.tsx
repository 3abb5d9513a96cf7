import type { JobStatus } from '../../../lib/model/answers.ts';
import type { AuditReportPart } from '../../../lib/model/audit-view.ts';
import { number } from '../../../lib/model/figures.ts';
import { ENDED_STATES } from '../../../lib/model/job.ts';
import { minutesOf, momentsOf } from '../../job/timeline.ts';
import { useLive } from '../../ui.ts';
import { ProblemNote } from '../problem.tsx';
import { Chip } from '../state.tsx';
import { When } from '../when.tsx';

const EVERY_MS = 10_000;
/** Minutes that are drawn; a report of a long job has more, and the last ones matter. */
const MOST_MINUTES = 60;

/** What happened and when: the job's own steps, what was healed, and rows written by the minute. */
export function Timeline({ job }: { readonly job: JobStatus }) {
  const ended = ENDED_STATES.includes(job.state);
  const live = useLive<AuditReportPart>(`/api/sync/audit/${encodeURIComponent(job.job_id)}/report?format=json`, {
    everyMs: EVERY_MS,
    isLast: () => ended,
  });
  const { body: report, problem } = live.state.value;
  if (!report) {
    return problem ? (
      <ProblemNote problem={problem} />
    ) : (
      <p class="empty" aria-busy="true">
        Reading what happened…
      </p>
    );
  }
  const moments = momentsOf(report.milestones, job.healing ?? []);
  return (
    <>
      {problem && <ProblemNote problem={problem} />}
      <h2>Timeline</h2>
      {moments.length === 0 ? (
        <p class="empty">Nothing has been recorded yet.</p>
      ) : (
        <ol class="timeline">
          {moments.map((m) => (
            <li key={`${m.at} ${m.type} ${m.text}`}>
              <When at={m.at} /> <Chip tone={m.healing ? 'warning' : 'waiting'} text={m.type} /> {m.text}
            </li>
          ))}
        </ol>
      )}
      {report.next_token !== undefined && (
        <p class="note warning">
          The trail goes on beyond what one answer holds: the audit tab and the export have all of it.
        </p>
      )}
      <Minutes report={report} />
      <Tallies title="What decided" tallies={report.decisions} />
      <Tallies title="What went wrong" tallies={report.errors} />
    </>
  );
}

function Minutes({ report }: { readonly report: AuditReportPart }) {
  const minutes = minutesOf(report.minutes).slice(-MOST_MINUTES);
  if (minutes.length === 0) return null;
  return (
    <>
      <h2>Rows written by the minute</h2>
      <div class="scroll">
        <table class="cards">
          <caption class="only-read">Rows written by the minute</caption>
          <thead>
            <tr>
              <th scope="col">Minute (UTC)</th>
              <th scope="col">Rows</th>
              <th scope="col" class="figure">
                New
              </th>
              <th scope="col" class="figure">
                Changed
              </th>
              <th scope="col" class="figure">
                Deleted
              </th>
            </tr>
          </thead>
          <tbody>
            {minutes.map((m) => (
              <tr key={m.minute}>
                <th scope="row" class="short">
                  {m.minute.replace('T', ' ')}
                </th>
                <td class="share">
                  <progress value={m.share} max={1} aria-label={`Rows written in ${m.minute}`} />
                  <span>{number(m.rows)}</span>
                </td>
                <td class="figure" data-label="New">
                  {number(m.inserted)}
                </td>
                <td class="figure" data-label="Changed">
                  {number(m.updated)}
                </td>
                <td class="figure" data-label="Deleted">
                  {number(m.deleted)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function Tallies({ title, tallies }: { readonly title: string; readonly tallies: AuditReportPart['errors'] }) {
  if (tallies.length === 0) return null;
  return (
    <>
      <h2>{title}</h2>
      <dl class="counts">
        {tallies.map(({ name, count }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{number(count)}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}
