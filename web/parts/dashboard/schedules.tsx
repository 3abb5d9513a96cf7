import type { ScheduleView } from '../../../lib/model/answers.ts';
import { jobPath } from '../../address.ts';
import { schedulePath, schedulesPath } from '../../admin-address.ts';
import { useLacking } from '../../may.ts';
import { useLive } from '../../ui.ts';
import { absolute, toMinute } from '../../words.ts';
import { ProblemNote } from '../problem.tsx';
import { Chip } from '../state.tsx';

const EVERY_MS = 60_000;

/** Schedules with their next three runs and what became of the last one. Nothing for those who may not see them. */
export function Schedules() {
  const lacking = useLacking()('seeSchedules');
  return (
    <section aria-labelledby="schedules-title">
      <h2 id="schedules-title">Schedules</h2>
      {lacking ? <p class="fine">Schedules are shown to those who may start jobs ({lacking}).</p> : <ScheduleList />}
    </section>
  );
}

function ScheduleList() {
  const live = useLive<{ readonly schedules: readonly ScheduleView[] }>('/api/sync/schedules', { everyMs: EVERY_MS });
  const { body, problem } = live.state.value;
  if (problem?.status === 401) return null;
  return (
    <>
      {problem?.status === 403 && <p class="fine">{problem.detail}: schedules are not shown to this role.</p>}
      {problem && problem.status !== 403 && <ProblemNote problem={problem} />}
      {!body && !problem && (
        <p class="fine" aria-busy="true">
          Reading the schedules…
        </p>
      )}
      {body?.schedules.length === 0 && (
        <p class="fine">
          Nothing is scheduled. <a href={schedulesPath}>Make a schedule</a> to start jobs by the clock.
        </p>
      )}
      {body && body.schedules.length > 0 && <ScheduleTable schedules={body.schedules} />}
    </>
  );
}

function ScheduleTable({ schedules }: { readonly schedules: readonly ScheduleView[] }) {
  return (
    <div class="scroll">
      <table class="cards schedules">
        <caption class="only-read">Schedules</caption>
        <thead>
          <tr>
            <th scope="col">Schedule</th>
            <th scope="col">Source and target</th>
            <th scope="col">When</th>
            <th scope="col">Next runs</th>
            <th scope="col">Last run</th>
          </tr>
        </thead>
        <tbody>
          {schedules.map((s) => (
            <tr key={s.name}>
              <th scope="row">
                <a href={schedulePath(s.name)}>{s.name}</a> <span class="fine mode">{s.mode}</span>
              </th>
              <td>
                {placeOf(s, 'source')} → {placeOf(s, 'target')}
              </td>
              <td>
                <code>{s.expression}</code> <span class="fine">{s.timezone}</span>
              </td>
              <td>{s.paused ? <Chip tone="warning" text="paused" /> : <NextRuns at={s.next_runs} />}</td>
              <td>
                <LastRun schedule={s} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const placeOf = (s: ScheduleView, side: 'source' | 'target') => s.environments?.[side] ?? s[side].database;

function NextRuns({ at }: { readonly at: readonly string[] }) {
  return (
    <>
      {at.map((iso, i) => (
        <time key={iso} dateTime={iso} title={absolute(iso)} class={i === 0 ? 'next-run' : 'next-run fine'}>
          {toMinute(iso)}
        </time>
      ))}
    </>
  );
}

const RUN_TONES = {
  starting: 'busy',
  started: 'good',
  skipped: 'waiting',
  waiting: 'waiting',
  refused: 'bad',
} as const;

function LastRun({ schedule: { runs } }: { readonly schedule: ScheduleView }) {
  const [last] = runs;
  if (!last) return <span class="fine">none yet</span>;
  const chip = <Chip tone={RUN_TONES[last.outcome]} text={last.outcome} title={absolute(last.at)} />;
  return (
    <>
      {last.job_id === undefined ? chip : <a href={jobPath(last.job_id)}>{chip}</a>}
      {last.message !== undefined && <span class="fine reason">{last.message}</span>}
    </>
  );
}
