import { ERRORS, SyncError } from '../model/errors.ts';
import { ENDED_STATES, type Job } from '../model/job.ts';
import { type Schedule, type ScheduleRun, withRun } from '../model/schedule.ts';
import type { AlarmClock, Clock, JobStore, Log, ScheduleStore, SecretStore } from '../ports.ts';
import type { NamedPorts } from './named-pair.ts';
import { arm, finishRemoval } from './put-schedule.ts';
import { scheduledPair, whenOf } from './schedule-pair.ts';
import { fromAnother, sideBySide } from './side-by-side.ts';
import type { StartRequest } from './start-job.ts';

export interface FirePorts extends NamedPorts {
  readonly schedules: ScheduleStore;
  readonly alarms: AlarmClock;
  /** Of schedules, by name; not those of jobs. */
  readonly secrets: Pick<SecretStore, 'put' | 'get' | 'remove'>;
  readonly jobs: Pick<JobStore, 'get'>;
  /** An ordinary start. */
  readonly start: (request: StartRequest) => Promise<Job>;
  readonly clock: Clock;
  readonly log: Log;
  readonly newId: () => string;
}

/** A start is answered within this time, or its function is dead. */
const STARTING_MS = 120_000;

/** Two writers of one item make way for each other within a few tries. */
const TRIES = 10;

/** The job that the schedule started last. */
const lastStarted = (schedule: Schedule) => schedule.runs.find((r) => r.outcome === 'started')?.job_id;

const working = (job: Job | undefined) => job !== undefined && !ENDED_STATES.includes(job.state);

/** What to do about a run that is due. `previous`: the job that the schedule started last. Pure. */
export function decideFire(
  schedule: Schedule,
  due: string,
  previous: Job | undefined,
): 'ignore' | 'start' | 'skip' | 'wait' | 'skip_for_waiting' {
  if (schedule.deleting || schedule.paused) return 'ignore';
  const [newest] = schedule.runs;
  if (newest && newest.due >= due) return 'ignore'; // delivered twice, or late
  const busy = schedule.runs.some((r) => r.outcome === 'starting') || working(previous);
  if (schedule.runs.some((r) => r.outcome === 'waiting')) return 'skip_for_waiting';
  if (!busy) return 'start';
  return schedule.overlap === 'queue' ? 'wait' : 'skip';
}

/** The schedule after one more write. */
const next = (schedule: Schedule, run: ScheduleRun): Schedule => ({
  ...withRun(schedule, run),
  seq: schedule.seq + 1,
});

const overlap = (job_id: string | undefined) => ({
  code: 'schedule_overlap',
  message: ERRORS.schedule_overlap.meaning,
  ...(job_id !== undefined && { job_id }),
});

/** Whether somebody has put other connections since. */
async function hasNewSecret({ name, secret_ref }: Schedule, ports: FirePorts): Promise<boolean> {
  const now = await ports.schedules.get(name);
  return now !== undefined && now.secret_ref !== secret_ref;
}

/** Tells what came of a run, once it is written. */
function tell(schedule: string, { due, outcome, code }: ScheduleRun, { log }: FirePorts): void {
  const is = (one: ScheduleRun['outcome']) => Number(outcome === one);
  const figures = {
    ScheduledRunsStarted: is('started'),
    ScheduledRunsRefused: is('refused'),
    ScheduledRunsSkipped: is('skipped'),
  };
  log.info('scheduled run', { schedule, due, outcome, code }, figures);
}

/** Writes an outcome over whatever else was written meanwhile; a run that has its outcome keeps it. */
async function settle(name: string, run: ScheduleRun, ports: FirePorts): Promise<void> {
  for (let i = 0; i < TRIES; i++) {
    const schedule = await ports.schedules.get(name);
    const now = schedule?.runs.find((r) => r.due === run.due);
    if (!schedule || now?.outcome !== 'starting') return;
    if (await ports.schedules.advance(next(schedule, run))) return tell(name, run, ports);
  }
  throw new SyncError('schedule_busy', 'The outcome of a run could not be written.');
}

/**
 * Starts, and writes what came of it. Whether the job is there decides, whatever the answer was: an answer may be lost.
 * `again`: the starter before has died, and its lease may hold for some minutes; then the run waits, whatever the policy.
 */
async function startNow(schedule: Schedule, run: ScheduleRun, ports: FirePorts, again = false): Promise<void> {
  const { name, mode, config, environments, approval } = schedule;
  const jobId = run.job_id ?? '';
  const at = () => ports.clock().toISOString();
  try {
    const pair = await scheduledPair(schedule, ports);
    const named = { ...(environments && { environments }), ...(approval && { approval }) };
    const started = { jobId, pair, mode, config, actor: `schedule:${name}`, schedule: whenOf(schedule) };
    await ports.start({ ...started, ...named });
    await settle(name, { ...run, at: at(), outcome: 'started' }, ports);
  } catch (error) {
    if (await ports.jobs.get(jobId)) return settle(name, { ...run, at: at(), outcome: 'started' }, ports);
    if (error instanceof SyncError && error.code === 'secret_missing' && (await hasNewSecret(schedule, ports))) return; // the next look starts it
    const { job_id: _, ...gone } = run;
    const code = error instanceof SyncError ? error.code : 'internal';
    ports.log.warn('a scheduled start was refused', { schedule: name, due: run.due, code });
    const message = error instanceof SyncError ? error.message : ERRORS.internal.meaning;
    if (code !== 'target_busy') return settle(name, { ...gone, at: at(), outcome: 'refused', code, message }, ports);
    const outcome = again || schedule.overlap === 'queue' ? 'waiting' : 'skipped';
    await settle(name, { ...gone, at: at(), outcome, code, message }, ports);
  }
}

/**
 * One run of a schedule is due. Delivered twice, also at once, it starts one job: the run is written into the schedule's item
 * before the start, by whoever saw the item as it was. Throws where that cannot be done; then it may be delivered again.
 */
export async function fireSchedule(name: string, due: string, ports: FirePorts): Promise<void> {
  for (let i = 0; i < TRIES; i++) {
    const schedule = await ports.schedules.get(name);
    if (!schedule) return;
    const last = lastStarted(schedule);
    const decision = decideFire(schedule, due, last === undefined ? undefined : await ports.jobs.get(last));
    const at = ports.clock().toISOString();
    if (decision === 'ignore') return;
    if (decision === 'start') {
      const run: ScheduleRun = { due, at, outcome: 'starting', job_id: ports.newId() };
      if (await ports.schedules.advance(next(schedule, run))) return startNow(schedule, run, ports);
      continue;
    }
    const outcome = decision === 'wait' ? 'waiting' : 'skipped';
    const why =
      decision === 'skip_for_waiting' ? { code: 'run_waits', message: 'Another run waits already.' } : overlap(last);
    const run: ScheduleRun = { due, at, outcome, ...why };
    if (await ports.schedules.advance(next(schedule, run))) return tell(name, run, ports);
  }
  throw new SyncError('schedule_busy', 'The schedule is being written again and again.');
}

/** A run whose starter has died, or that has waited for its turn; undefined: there is none to see to. */
async function openRun(schedule: Schedule, ports: FirePorts): Promise<ScheduleRun | undefined> {
  const starting = schedule.runs.find((r) => r.outcome === 'starting');
  if (starting) {
    const silentMs = ports.clock().getTime() - Date.parse(starting.at);
    return silentMs > STARTING_MS ? starting : undefined;
  }
  const waiting = schedule.runs.find((r) => r.outcome === 'waiting');
  const last = lastStarted(schedule);
  if (!waiting || (last !== undefined && working(await ports.jobs.get(last)))) return undefined;
  return waiting;
}

async function tend(schedule: Schedule, ports: FirePorts): Promise<void> {
  if (schedule.deleting) return finishRemoval(schedule, ports);
  const told = schedule.armed === schedule.revision ? schedule : await arm(schedule, ports);
  const run = await openRun(told, ports);
  if (!run) return;
  const at = ports.clock().toISOString();
  if (run.outcome === 'starting' && run.job_id !== undefined && (await ports.jobs.get(run.job_id)))
    return settle(told.name, { ...run, at, outcome: 'started' }, ports);
  if (told.paused) {
    const { job_id: _, ...gone } = run;
    const skipped: ScheduleRun = { ...gone, at, outcome: 'skipped', ...overlap(undefined) };
    if (await ports.schedules.advance(next(told, skipped))) tell(told.name, skipped, ports);
    return;
  }
  const { code: _c, message: _m, ...again } = run;
  const anew: ScheduleRun = { ...again, at, outcome: 'starting', job_id: ports.newId() }; // the lease of a dead start is its own job's
  if (await ports.schedules.advance(next(told, anew))) await startNow(told, anew, ports, run.outcome === 'starting');
}

/** Schedules looked at side by side. */
const AT_ONCE = 8;

/**
 * Each minute: runs that wait or whose starter has died, schedules that the clock does not know, deletions cut short. All are looked at
 * once an hour, also those of which a version before this one has not noted that they want it.
 */
export async function tendSchedules(ports: FirePorts): Promise<void> {
  const now = ports.clock();
  const wanted = now.getUTCMinutes() === 0 ? ports.schedules.list() : ports.schedules.listToTend();
  const schedules = fromAnother(await wanted, now);
  await sideBySide(schedules, AT_ONCE, (schedule) =>
    tend(schedule, ports).catch((error: unknown) =>
      ports.log.warn('a schedule could not be looked after', {
        schedule: schedule.name,
        code: error instanceof SyncError ? error.code : 'internal',
      }),
    ),
  );
}
