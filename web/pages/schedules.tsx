import { useEffect } from 'preact/hooks';
import type { ScheduleView } from '../../lib/model/answers.ts';
import { schedulePath } from '../admin-address.ts';
import { Needs } from '../parts/action.tsx';
import { Freshness } from '../parts/freshness.tsx';
import { PageStates } from '../parts/page-states.tsx';
import { ScheduleForm } from '../parts/schedule/form.tsx';
import { LastRun, NextRun } from '../parts/schedule/runs.tsx';
import { useLive } from '../ui.ts';
import '../styles/admin.css';

const EVERY_MS = 10_000;

/** Schedules: what each did last, and when it runs next. */
export function SchedulesPage() {
  useEffect(() => {
    document.title = 'Schedules · TerraFusion Sync';
  }, []);
  const live = useLive<{ readonly schedules: readonly ScheduleView[] }>('/api/sync/schedules', { everyMs: EVERY_MS });
  const { body } = live.state.value;
  return (
    <>
      <div class="heading">
        <h1>Schedules</h1>
        <Freshness state={live.state.value} />
      </div>
      <PageStates state={live.state.value} what="the schedules" />
      {body && body.schedules.length === 0 && <p class="empty">There is no schedule yet.</p>}
      {body && body.schedules.length > 0 && (
        <div class="scroll">
          <table class="cards">
            <caption class="only-read">Schedules, by name</caption>
            <thead>
              <tr>
                <th scope="col">Schedule</th>
                <th scope="col">Runs</th>
                <th scope="col">From and into</th>
                <th scope="col">Last run</th>
                <th scope="col">Next run</th>
              </tr>
            </thead>
            <tbody>
              {body.schedules.map((schedule) => (
                <tr key={schedule.name}>
                  <th scope="row">
                    <a href={schedulePath(schedule.name)}>{schedule.name}</a> <span class="fine">{schedule.mode}</span>
                  </th>
                  <td>
                    {schedule.expression} <span class="fine">{schedule.timezone}</span>
                  </td>
                  <td>
                    {schedule.environments?.source ?? schedule.source.database} →{' '}
                    {schedule.environments?.target ?? schedule.target.database}
                  </td>
                  <td data-label="Last">
                    <LastRun schedule={schedule} />
                  </td>
                  <td data-label="Next">
                    <NextRun schedule={schedule} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {body && (
        <details class="panel">
          <summary>
            Make a schedule
            <Needs to="putSchedule" />
          </summary>
          <ScheduleForm from={undefined} />
        </details>
      )}
    </>
  );
}
