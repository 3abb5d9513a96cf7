import type { ScheduleView } from '../../../lib/model/answers.ts';
import type { RunOutcome } from '../../../lib/model/schedule.ts';
import { jobPath } from '../../address.ts';
import { useUi } from '../../ui.ts';
import { absolute, type Tone } from '../../words.ts';
import { Chip } from '../state.tsx';
import { When } from '../when.tsx';

const OUTCOME: Readonly<Record<RunOutcome, Tone>> = {
  starting: 'busy',
  started: 'good',
  skipped: 'warning',
  waiting: 'waiting',
  refused: 'bad',
};

type Run = ScheduleView['runs'][number];

export function RunOutcomeView({ run }: { readonly run: Run }) {
  return (
    <>
      <Chip tone={OUTCOME[run.outcome] ?? 'waiting'} text={run.outcome} />{' '}
      {run.job_id !== undefined && <a href={jobPath(run.job_id)}>{run.job_id.slice(0, 8)}</a>}
    </>
  );
}

export function LastRun({ schedule }: { readonly schedule: ScheduleView }) {
  const [run] = schedule.runs;
  if (!run) return <span class="fine">none yet</span>;
  return (
    <>
      <RunOutcomeView run={run} /> <When at={run.due} />
    </>
  );
}

export function NextRun({ schedule }: { readonly schedule: ScheduleView }) {
  const [next] = schedule.next_runs;
  if (schedule.paused) return <Chip tone="warning" text="paused" />;
  return next === undefined ? <span class="fine">none</span> : <Until at={next} />;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** An instant to come: how long until then, and in full when pointed at. */
export function Until({ at }: { readonly at: string }) {
  const { nowMs } = useUi();
  const ms = Date.parse(at) - nowMs.value;
  const text =
    ms < MINUTE
      ? 'within a minute'
      : ms < HOUR
        ? `in ${Math.floor(ms / MINUTE)} min`
        : ms < 2 * DAY
          ? `in ${Math.floor(ms / HOUR)} h`
          : `in ${Math.floor(ms / DAY)} days`;
  return (
    <time dateTime={at} title={absolute(at)}>
      {text}
    </time>
  );
}
