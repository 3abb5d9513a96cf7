import type { JobConfig } from '../model/config.ts';
import { connectionView } from '../model/connection.ts';
import { SyncError } from '../model/errors.ts';
import type { JobMode } from '../model/job.ts';
import type { Overlap, Schedule } from '../model/schedule.ts';
import { nextRuns, parseExpression } from '../model/schedule-expression.ts';
import type { AlarmClock, Clock, CommandDatabases, ConnectionPair, ScheduleStore, SecretStore } from '../ports.ts';
import type { Patience } from './connections.ts';
import { checkStart } from './start-job.ts';

/** What a caller says of a schedule. Without a pair it keeps the connections that it has. */
export interface PutSchedule {
  readonly name: string;
  readonly expression: string;
  readonly timezone: string;
  readonly flexible_minutes: number;
  readonly mode: JobMode;
  readonly overlap: Overlap;
  readonly paused: boolean;
  readonly config: JobConfig;
  readonly pair?: ConnectionPair;
  readonly actor: string;
}

export interface SchedulePorts {
  readonly schedules: ScheduleStore;
  readonly alarms: AlarmClock;
  /** Of schedules, by name; not those of jobs. */
  readonly secrets: Pick<SecretStore, 'put' | 'get' | 'remove'>;
  readonly databases: CommandDatabases;
  /** What a start now would make of a config: a stored mapping is written out. */
  readonly startConfig: (config: JobConfig) => Promise<JobConfig>;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly patience?: Patience;
}

const busy = () => new SyncError('schedule_busy', 'The schedule has just been changed by somebody else.');

export const notFound = () => new SyncError('schedule_not_found', 'There is no schedule of this name.');

/** A rate goes on from where it was; a new one begins a whole period from now. */
function anchorOf(before: Schedule | undefined, expression: string, now: Date): string {
  if (before?.expression === expression) return before.anchor;
  const parsed = parseExpression(expression);
  return new Date(now.getTime() + (parsed.kind === 'rate' ? parsed.everyMs : 0)).toISOString();
}

/**
 * Tells the clock when the schedule fires, and notes that it knows. Where the note is lost, it is told again.
 */
export async function arm(schedule: Schedule, ports: Pick<SchedulePorts, 'schedules' | 'alarms' | 'clock'>) {
  const [next] = nextRuns(schedule, ports.clock(), 1);
  await ports.alarms.set(schedule, next ?? schedule.anchor);
  const armed: Schedule = { ...schedule, armed: schedule.revision, seq: schedule.seq + 1 };
  return (await ports.schedules.advance(armed)) ? armed : schedule;
}

async function connections(
  put: PutSchedule,
  before: Schedule | undefined,
  ports: SchedulePorts,
): Promise<ConnectionPair> {
  if (put.pair) return put.pair;
  if (!before)
    throw new SyncError('required', 'A new schedule needs source_connection and target_connection.', {
      problems: (['source', 'target'] as const).map((side) => ({
        code: 'required',
        field: `/${side}_connection`,
        message: 'expected a string, found nothing',
      })),
    });
  return ports.secrets.get(before.secret_ref);
}

/**
 * Makes a schedule, or puts another in its place: secret, item, alarm clock, in that order. Unless it is paused, both ends are
 * checked as by a start. Where the clock does not answer, the item is there, and the next minute's look tells the clock.
 *
 * Throws what a start would be answered, and `schedule_busy`.
 */
export async function putSchedule(
  put: PutSchedule,
  ports: SchedulePorts,
): Promise<{ readonly schedule: Schedule; readonly created: boolean }> {
  const before = await ports.schedules.get(put.name);
  if (before?.deleting) throw busy();
  const pair = await connections(put, before, ports);
  if (!put.paused) await checkStart({ jobId: ports.newId(), pair, config: await ports.startConfig(put.config) }, ports);
  const now = ports.clock();
  const { actor, pair: _, ...said } = put;
  const schedule: Schedule = {
    ...said,
    anchor: anchorOf(before, put.expression, now),
    source: connectionView(pair.source),
    target: connectionView(pair.target),
    // by revision: a run that is just being started reads those of its own
    secret_ref: put.pair ? await ports.secrets.put(`${put.name}/${ports.newId()}`, pair) : (before?.secret_ref ?? ''),
    actor,
    created_at: before?.created_at ?? now.toISOString(),
    updated_at: now.toISOString(),
    revision: (before?.revision ?? 0) + 1,
    ...(before?.armed !== undefined && { armed: before.armed }),
    seq: (before?.seq ?? 0) + 1,
    runs: before?.runs ?? [],
  };
  const stored = before ? await ports.schedules.advance(schedule) : await ports.schedules.create(schedule);
  if (!stored) {
    if (put.pair) await ports.secrets.remove(schedule.secret_ref);
    throw busy();
  }
  if (before && put.pair) await ports.secrets.remove(before.secret_ref);
  return { schedule: await arm(schedule, ports).catch(() => schedule), created: !before };
}

/** What is left to do once a schedule is marked: alarm clock, secret, item, in that order. Repeatable. */
export async function finishRemoval(
  schedule: Schedule,
  ports: Pick<SchedulePorts, 'alarms' | 'secrets' | 'schedules'>,
): Promise<void> {
  await ports.alarms.remove(schedule.name);
  await ports.secrets.remove(schedule.secret_ref);
  await ports.schedules.remove(schedule.name);
}

/** Deletes a schedule; jobs that it has started go on. Throws `schedule_not_found`, `schedule_busy`. */
export async function removeSchedule(name: string, ports: SchedulePorts): Promise<void> {
  const schedule = await ports.schedules.get(name);
  if (!schedule) throw notFound();
  const marked: Schedule = { ...schedule, deleting: true, seq: schedule.seq + 1 };
  if (!schedule.deleting && !(await ports.schedules.advance(marked))) throw busy();
  await finishRemoval(marked, ports);
}
