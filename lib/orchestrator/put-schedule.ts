import type { JobConfig } from '../model/config.ts';
import { connectionView } from '../model/connection.ts';
import { isAsSeen, type SeenVersion } from '../model/entity-tag.ts';
import type { NamedSides } from '../model/environment.ts';
import { SyncError } from '../model/errors.ts';
import type { JobMode } from '../model/job.ts';
import type { Overlap, Schedule } from '../model/schedule.ts';
import { nextRuns, parseExpression } from '../model/schedule-expression.ts';
import type {
  AlarmClock,
  CommandDatabases,
  ConnectionPair,
  EnvironmentStore,
  ScheduleStore,
  SecretStore,
} from '../ports.ts';
import { type Admission, type AdmissionPorts, admit } from './admit.ts';
import type { Patience } from './connections.ts';
import type { NamedPorts } from './named-pair.ts';
import { type Said, saidPair, secretFor, whenOf } from './schedule-pair.ts';
import { checkStart } from './start-job.ts';

/** What a caller says of a schedule. Without any connection or environment it keeps those that it has. */
export interface PutSchedule {
  readonly name: string;
  readonly expression: string;
  readonly timezone: string;
  readonly flexible_minutes: number;
  readonly mode: JobMode;
  readonly overlap: Overlap;
  readonly paused: boolean;
  readonly config: JobConfig;
  /** Connections of the sides that no environment is named for. */
  readonly pair?: Partial<ConnectionPair>;
  readonly environments?: NamedSides;
  readonly actor: string;
  readonly subject?: string;
  readonly seen?: SeenVersion;
}

export interface SchedulePorts extends AdmissionPorts, NamedPorts {
  readonly environments: Pick<EnvironmentStore, 'get' | 'list'>;
  readonly schedules: ScheduleStore;
  readonly alarms: AlarmClock;
  /** Of schedules, by name; not those of jobs. */
  readonly secrets: Pick<SecretStore, 'put' | 'get' | 'remove'>;
  readonly databases: CommandDatabases;
  /** What a start now would make of a config: a stored mapping is written out. */
  readonly startConfig: (config: JobConfig) => Promise<JobConfig>;
  readonly newId: () => string;
  readonly patience?: Patience;
}

const busy = () => new SyncError('schedule_busy', 'The schedule has just been changed by somebody else.');

/** Whoever writes after this check with what was checked loses against another writer: `busy`. */
function checkSeen(before: Schedule | undefined, seen: SeenVersion): void {
  if (!isAsSeen(before, seen)) throw new SyncError('schedule_changed', 'Somebody else has changed the schedule.');
}

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

/** Checks what a run would be let through with. One that is paused starts nothing, so nobody is asked before it goes on. */
async function admitted(
  put: PutSchedule,
  { pair, environments }: Said,
  before: Schedule | undefined,
  ports: SchedulePorts,
): Promise<Pick<Admission, 'approval' | 'withdraw'>> {
  const approval = before?.approval && { approval: before.approval };
  if (put.paused) return { ...approval, withdraw: async () => undefined };
  const config = await ports.startConfig(put.config);
  const found = await checkStart({ jobId: ports.newId(), pair, config }, ports);
  const { mode, actor, subject } = put;
  const wanted = { pair, mode, config, actor, schedule: whenOf(put), ...approval };
  const named = { ...(environments && { environments }), ...(subject !== undefined && { subject }) };
  return admit({ ...wanted, ...named }, found, `schedule:${put.name}`, ports);
}

/**
 * Makes a schedule, or puts another in its place: secret, item, alarm clock, in that order. Unless it is paused, both ends are
 * checked as by a start. Where the clock does not answer, the item is there, and the next minute's look tells the clock.
 *
 * Throws what a start would be answered, `schedule_changed` and `schedule_busy`. On a protected environment it is approved as it is put: changed in
 * anything but `paused`, it needs a new approval.
 */
export async function putSchedule(
  put: PutSchedule,
  ports: SchedulePorts,
): Promise<{ readonly schedule: Schedule; readonly created: boolean }> {
  const before = await ports.schedules.get(put.name);
  checkSeen(before, put.seen);
  if (before?.deleting) throw busy();
  const said = await saidPair(put, before, ports);
  const admission = await admitted(put, said, before, ports);
  const { schedule, stored } = await store(put, said, { before, approval: admission.approval }, ports);
  if (!stored) {
    if (schedule.secret_ref !== before?.secret_ref) await forget(schedule, ports);
    await admission.withdraw();
    throw busy();
  }
  if (before && schedule.secret_ref !== before.secret_ref) await forget(before, ports);
  return { schedule: await arm(schedule, ports).catch(() => schedule), created: !before };
}

const forget = async ({ secret_ref }: Schedule, { secrets }: Pick<SchedulePorts, 'secrets'>) => {
  if (secret_ref !== '') await secrets.remove(secret_ref);
};

async function store(
  put: PutSchedule,
  said: Said,
  { before, approval }: { readonly before: Schedule | undefined; readonly approval: Admission['approval'] },
  ports: SchedulePorts,
): Promise<{ readonly schedule: Schedule; readonly stored: boolean }> {
  const now = ports.clock();
  const { actor, pair: _p, environments: _e, subject: _s, seen: _v, ...rest } = put;
  const schedule: Schedule = {
    ...rest,
    anchor: anchorOf(before, put.expression, now),
    source: connectionView(said.pair.source),
    target: connectionView(said.pair.target),
    ...(said.environments && { environments: said.environments }),
    ...(approval && { approval }),
    secret_ref: await secretFor(put.name, said, before, ports),
    actor,
    created_at: before?.created_at ?? now.toISOString(),
    updated_at: now.toISOString(),
    revision: (before?.revision ?? 0) + 1,
    ...(before?.armed !== undefined && { armed: before.armed }),
    seq: (before?.seq ?? 0) + 1,
    runs: before?.runs ?? [],
  };
  return {
    schedule,
    stored: before ? await ports.schedules.advance(schedule) : await ports.schedules.create(schedule),
  };
}

/** What is left to do once a schedule is marked: alarm clock, secret, item, in that order. Repeatable. */
export async function finishRemoval(
  schedule: Schedule,
  ports: Pick<SchedulePorts, 'alarms' | 'secrets' | 'schedules'>,
): Promise<void> {
  await ports.alarms.remove(schedule.name);
  await forget(schedule, ports);
  await ports.schedules.remove(schedule.name);
}

/** Deletes a schedule; jobs that it has started go on. Throws `schedule_not_found`, `schedule_changed`, `schedule_busy`. */
export async function removeSchedule(name: string, ports: SchedulePorts, seen?: SeenVersion): Promise<void> {
  const schedule = await ports.schedules.get(name);
  if (!schedule) throw notFound();
  checkSeen(schedule, seen);
  const marked: Schedule = { ...schedule, deleting: true, seq: schedule.seq + 1 };
  if (!schedule.deleting && !(await ports.schedules.advance(marked))) throw busy();
  await finishRemoval(marked, ports);
}
