import { useEffect } from 'preact/hooks';
import type { ScheduleView } from '../../lib/model/answers.ts';
import { scheduleApi, schedulesPath } from '../admin-address.ts';
import { useCommand } from '../command.ts';
import type { PageParams } from '../page-params.ts';
import { Action } from '../parts/action.tsx';
import { AskFirst } from '../parts/ask-first.tsx';
import { Back, PageStates } from '../parts/page-states.tsx';
import { ProblemNote } from '../parts/problem.tsx';
import { ScheduleForm } from '../parts/schedule/form.tsx';
import { RunOutcomeView, Until } from '../parts/schedule/runs.tsx';
import { When } from '../parts/when.tsx';
import { again } from '../schedule-put.ts';
import { useLive, useUi } from '../ui.ts';
import { absolute, toMinute } from '../words.ts';
import '../styles/admin.css';

/** One schedule: its next runs, what became of the last ones, and the form that changes it. */
export function SchedulePage({ params }: { readonly params: PageParams }) {
  const name = params.name ?? '';
  useEffect(() => {
    document.title = `Schedule ${name} · TerraFusion Sync`;
  }, [name]);
  const live = useLive<ScheduleView>(scheduleApi(name), { everyMs: 0, isLast: () => true });
  const { body: schedule, changedAtMs } = live.state.value;
  return (
    <>
      <Back href={schedulesPath}>Schedules</Back>
      <div class="heading">
        <h1>{name}</h1>
        {schedule?.paused && <span class="chip warning">paused</span>}
        {schedule?.deleting && <span class="chip warning">is being deleted</span>}
        {schedule && <Actions schedule={schedule} refresh={live.refresh} />}
      </div>
      <PageStates state={live.state.value} what="the schedule" />
      {schedule && (
        <>
          <Facts schedule={schedule} />
          <h2>Next runs</h2>
          {schedule.next_runs.length === 0 ? (
            <p class="fine">None{schedule.paused && ' while it is paused'}.</p>
          ) : (
            <ul class="plain">
              {schedule.next_runs.map((at) => (
                <li key={at}>
                  <Until at={at} />
                  <span class="fine" title={absolute(at)}>
                    {', '}
                    {toMinute(at)}
                  </span>
                </li>
              ))}
            </ul>
          )}
          <h2>Last runs</h2>
          {schedule.runs.length === 0 && <p class="fine">It has not run yet.</p>}
          <ul class="plain">
            {schedule.runs.map((run) => (
              <li key={run.due}>
                <When at={run.due} /> <RunOutcomeView run={run} />{' '}
                {run.message !== undefined && <span>{run.message} </span>}
                {run.code !== undefined && <code>{run.code}</code>}
              </li>
            ))}
          </ul>
          <details class="panel">
            <summary>Change it</summary>
            <ScheduleForm key={changedAtMs} from={schedule} onPut={live.refresh} />
          </details>
        </>
      )}
    </>
  );
}

function Facts({ schedule: s }: { readonly schedule: ScheduleView }) {
  const place = ({ database, host, port }: ScheduleView['source'], environment: string | undefined) => (
    <>
      {environment ?? database}{' '}
      <span class="fine">
        {host}:{port}/{database}
      </span>
    </>
  );
  return (
    <dl class="facts">
      <div>
        <dt>Runs</dt>
        <dd>
          {s.expression} <span class="fine">{s.timezone}</span>
        </dd>
      </div>
      <div>
        <dt>Starts</dt>
        <dd>
          {s.mode}; a run that is due too soon {s.overlap === 'queue' ? 'waits' : 'is left out'}
        </dd>
      </div>
      <div class="wide">
        <dt>Source</dt>
        <dd>{place(s.source, s.environments?.source)}</dd>
      </div>
      <div class="wide">
        <dt>Target</dt>
        <dd>{place(s.target, s.environments?.target)}</dd>
      </div>
      <div>
        <dt>Changed</dt>
        <dd>
          <When at={s.updated_at} /> by {s.actor}
        </dd>
      </div>
    </dl>
  );
}

interface ActionsProps {
  readonly schedule: ScheduleView;
  readonly refresh: () => void;
}

function Actions({ schedule, refresh }: ActionsProps) {
  const { address } = useUi();
  const { busy, problem, ask } = useCommand();
  const api = scheduleApi(schedule.name);
  const pause = async () => {
    const body = { ...again(schedule), paused: !schedule.paused };
    const answer = await ask('pause', api, { method: 'PUT', body });
    if (answer?.kind === 'ok') refresh();
  };
  const remove = async () => {
    const answer = await ask('remove', api, { method: 'DELETE' });
    if (answer?.kind === 'ok') address.go(schedulesPath);
  };
  return (
    <>
      <div class="actions">
        <Action to="putSchedule" class="secondary" disabled={busy.value !== undefined} onClick={() => void pause()}>
          {schedule.paused ? 'Let it go on' : 'Pause'}
        </Action>
        <AskFirst
          to="deleteSchedule"
          class="danger"
          text="Delete"
          disabled={busy.value !== undefined}
          asked={{ title: `Delete ${schedule.name}?`, yes: 'Delete it', no: 'Keep it', danger: true }}
          onYes={() => void remove()}
        >
          <p>It starts nothing any more. Jobs that it has started go on.</p>
        </AskFirst>
      </div>
      {problem.value && <ProblemNote problem={problem.value} />}
    </>
  );
}
