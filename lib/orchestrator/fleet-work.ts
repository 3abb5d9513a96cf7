import type { JobConfig } from '../model/config.ts';
import { ERRORS, SyncError } from '../model/errors.ts';
import { type KeptPair, type PairFacts, stateOf } from '../model/fleet.ts';
import { type FleetItem, type FleetOrder, type FleetWork, jobOf } from '../model/fleet-order.ts';
import type { Job, JobMode } from '../model/job.ts';
import type { Schedule } from '../model/schedule.ts';
import type { ConnectionPair, FleetLooks, PairStore, ScheduleStore } from '../ports.ts';
import { type FindPairsPorts, factsOf, isOf } from './find-pairs.ts';
import { remedyFor } from './healing.ts';
import type { PutSchedule } from './put-schedule.ts';
import type { StartRequest } from './start-job.ts';

/** What is done with one pair is what anybody could do through the API. */
export interface FleetWorkPorts extends FindPairsPorts {
  readonly pairs: Pick<PairStore, 'get' | 'page' | 'jobs' | 'note'>;
  readonly looks: FleetLooks;
  readonly connect: (pair: KeptPair) => Promise<ConnectionPair>;
  readonly startJob: (request: StartRequest) => Promise<Job>;
  readonly stopJob: (request: { readonly jobId: string; readonly actor: string }) => Promise<Job>;
  readonly resumeJob: (request: { readonly jobId: string; readonly actor: string }) => Promise<Job>;
  readonly putSchedule: (put: PutSchedule) => Promise<unknown>;
  readonly schedules: Pick<ScheduleStore, 'advance'>;
}

type Settled = Pick<FleetItem, 'outcome' | 'code' | 'job_id'>;

const done = (job_id?: string): Settled => ({ outcome: 'done', ...(job_id !== undefined && { job_id }) });
const skipped = (code: string, job_id?: string): Settled => ({ ...done(job_id), outcome: 'skipped', code });

const names = (pair: KeptPair) => ({ source: pair.source_environment, target: pair.target_environment });

interface StartWork {
  readonly mode?: JobMode;
  readonly dry_run?: boolean;
}

/** Noted before it is started: a step that dies in between finds its job by the same id. */
async function start(facts: PairFacts, work: StartWork, order: FleetOrder, ports: FleetWorkPorts): Promise<Settled> {
  const { pair, last } = facts;
  const jobId = jobOf(order.order_id, pair.name);
  if (last?.job_id === jobId || (await ports.looks.jobs([jobId])).size > 0) return done(jobId);
  const state = stateOf(facts);
  if (last && (state === 'working' || state === 'paused')) return skipped('pair_busy', last.job_id);
  await ports.pairs.note(pair.name, { job_id: jobId, at: ports.clock().toISOString() });
  const config: JobConfig = work.dry_run === undefined ? pair.config : { ...pair.config, dry_run: work.dry_run };
  const job = await ports.startJob({
    jobId,
    pair: await ports.connect(pair),
    environments: names(pair),
    config,
    mode: work.mode ?? pair.mode,
    actor: order.actor,
    ...(order.subject !== undefined && { subject: order.subject }),
  });
  return done(job.job_id);
}

async function stop(facts: PairFacts, actor: string, ports: FleetWorkPorts): Promise<Settled> {
  const { last } = facts;
  const state = stateOf(facts);
  if (!last || (state !== 'working' && state !== 'paused')) return skipped('not_working', last?.job_id);
  await ports.stopJob({ jobId: last.job_id, actor });
  return done(last.job_id);
}

async function resume(facts: PairFacts, actor: string, ports: FleetWorkPorts): Promise<Settled> {
  const { last } = facts;
  const state = stateOf(facts);
  if (!last || (state !== 'stopped' && state !== 'paused' && state !== 'failed'))
    return skipped('nothing_to_resume', last?.job_id);
  await ports.resumeJob({ jobId: last.job_id, actor });
  return done(last.job_id);
}

/** A schedule of that name over other databases is somebody else's. Throws `schedule_changed`. */
async function ownSchedule(pair: KeptPair, ports: FleetWorkPorts): Promise<Schedule | undefined> {
  const found = (await ports.looks.schedules([pair.name])).get(pair.name);
  if (found && !found.deleting && !isOf(pair, found))
    throw new SyncError('schedule_changed', 'The schedule of this name is over other environments than the pair.');
  return found;
}

/** Only marked here: the minute's look at schedules tells the alarm clock and deletes it. Throws `schedule_busy`. */
async function unschedule(pair: KeptPair, ports: FleetWorkPorts): Promise<Settled> {
  const found = await ownSchedule(pair, ports);
  if (!found || found.deleting) return skipped('not_scheduled');
  if (!(await ports.schedules.advance({ ...found, deleting: true, seq: found.seq + 1 })))
    throw new SyncError('schedule_busy', 'The schedule has just been changed by somebody else.');
  return done();
}

async function schedule(
  pair: KeptPair,
  work: Extract<FleetWork, { action: 'schedule' }>,
  order: FleetOrder,
  ports: FleetWorkPorts,
): Promise<Settled> {
  await ownSchedule(pair, ports);
  const { spread_minutes, ...timing } = work.timing;
  await ports.putSchedule({
    ...timing,
    flexible_minutes: spread_minutes,
    name: pair.name,
    mode: pair.mode,
    config: pair.config,
    environments: names(pair),
    actor: order.actor,
    ...(order.subject !== undefined && { subject: order.subject }),
  });
  return done();
}

async function act(facts: PairFacts, order: FleetOrder, ports: FleetWorkPorts): Promise<Settled> {
  const { work, actor } = order;
  switch (work.action) {
    case 'start':
      return start(facts, work, order, ports);
    case 'stop':
      return stop(facts, actor, ports);
    case 'resume':
      return resume(facts, actor, ports);
    case 'schedule':
      return schedule(facts.pair, work, order, ports);
    case 'unschedule':
      return unschedule(facts.pair, ports);
  }
}

/** Tries before a pair is given up whose server is away or full; a step apart from each other. */
const TRIES = 5;

/** What becomes of a pair after an error: tried again where waiting may help, else failed. Pure. */
export function afterRefusal(item: FleetItem, error: unknown): FleetItem {
  const code = error instanceof SyncError ? error.code : 'internal';
  const message = error instanceof SyncError ? error.message : ERRORS.internal.meaning;
  const tries = (item.tries ?? 0) + 1;
  const waits = error instanceof SyncError && (remedyFor(error) === 'retry' || code === 'schedule_busy');
  return { pair: item.pair, outcome: waits && tries < TRIES ? 'pending' : 'failed', code, message, tries };
}

/** Does with one pair what the order says, once: again, it finds what was done. */
export async function workOnPair(item: FleetItem, order: FleetOrder, ports: FleetWorkPorts): Promise<FleetItem> {
  try {
    const pair = await ports.pairs.get(item.pair);
    if (!pair) throw new SyncError('pair_not_found', 'The pair was deleted.');
    const [facts = { pair }] = await factsOf([pair], ports);
    return { pair: item.pair, ...(await act(facts, order, ports)) };
  } catch (error) {
    return afterRefusal(item, error);
  }
}
