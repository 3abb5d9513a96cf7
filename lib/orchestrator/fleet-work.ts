import type { JobConfig } from '../model/config.ts';
import { ERRORS, SyncError } from '../model/errors.ts';
import { isOver, type KeptPair, type PairFacts, type PairState, stateOf } from '../model/fleet.ts';
import { type FleetAction, type FleetItem, type FleetOrder, type FleetWork, jobOf } from '../model/fleet-order.ts';
import type { Job, JobMode } from '../model/job.ts';
import type { Schedule } from '../model/schedule.ts';
import type { ConnectionPair, FleetLooks, Log, PairStore, ScheduleStore } from '../ports.ts';
import { type FindPairsPorts, factsOf, isOf } from './find-pairs.ts';
import { remedyFor } from './healing.ts';
import type { PutSchedule } from './put-schedule.ts';
import type { StartRequest } from './start-job.ts';
import { type MoveRequest, movedMeanwhile } from './stop-job.ts';

/** What is done with one pair is what anybody could do through the API. */
export interface FleetWorkPorts extends FindPairsPorts {
  readonly pairs: Pick<PairStore, 'get' | 'page' | 'jobs' | 'note'>;
  readonly looks: FleetLooks;
  readonly connect: (pair: KeptPair) => Promise<ConnectionPair>;
  readonly startJob: (request: StartRequest) => Promise<Job>;
  readonly stopJob: (request: MoveRequest) => Promise<Job>;
  readonly resumeJob: (request: MoveRequest) => Promise<Job>;
  readonly putSchedule: (put: PutSchedule) => Promise<unknown>;
  readonly schedules: Pick<ScheduleStore, 'advance'>;
  readonly log: Pick<Log, 'error'>;
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

type Move = 'stop' | 'resume';
const MOVABLE: Readonly<Record<Move, readonly PairState[]>> = {
  stop: ['working', 'paused'],
  resume: ['stopped', 'paused', 'failed'],
};
const NOTHING: Readonly<Record<Move, string>> = { stop: 'not_working', resume: 'nothing_to_resume' };

/** The job of a pair that is to be moved, as it is now; or that there is none. Pure. */
function chosen(facts: PairFacts, move: Move): Settled | Pick<FleetItem, 'job_id' | 'epoch'> {
  const { last } = facts;
  if (!last || !MOVABLE[move].includes(stateOf(facts))) return skipped(NOTHING[move], last?.job_id);
  return { job_id: last.job_id, epoch: last.epoch };
}

/**
 * What is to be done to the job that was noted, as it is now; undefined: it is as it was, and is moved. At a later epoch a step
 * before this one has moved it, or somebody else has, and what it is like tells whether it is done. Pure. Throws `state_conflict`.
 */
export function judgeMove(pair: KeptPair, item: FleetItem, move: Move, job: Job | undefined): Settled | undefined {
  if (!job || !isOver(pair, job)) return skipped(NOTHING[move], item.job_id);
  const movable = MOVABLE[move].includes(stateOf({ last: job }));
  if (job.epoch === item.epoch) return movable ? undefined : skipped(NOTHING[move], job.job_id);
  if (movable && !(move === 'stop' && job.state === 'stopping')) throw movedMeanwhile(job);
  return done(job.job_id);
}

/** Stops or resumes the job that was noted, once, however often it is done. */
async function moveJob(
  pair: KeptPair,
  item: FleetItem,
  { action, actor }: { readonly action: Move; readonly actor: string },
  ports: FleetWorkPorts,
): Promise<Settled> {
  const { job_id: jobId = '', epoch = 0 } = item;
  const judge = async () => judgeMove(pair, item, action, (await ports.looks.jobs([jobId])).get(jobId));
  const settled = await judge();
  if (settled) return settled;
  try {
    await (action === 'stop' ? ports.stopJob : ports.resumeJob)({ jobId, epoch, actor });
  } catch (error) {
    const moved = error instanceof SyncError && error.code === 'state_conflict' && (await judge());
    if (moved) return moved;
    throw error;
  }
  return done(jobId);
}

const isMove = (action: FleetAction): action is Move => action === 'stop' || action === 'resume';

/** Whether the job of a pair is to be noted before the pair is worked on. */
export const wantsNote = (item: FleetItem, order: Pick<FleetOrder, 'work'>): boolean =>
  isMove(order.work.action) && item.epoch === undefined;

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
  const found = await ownSchedule(pair, ports);
  if (found?.deleting)
    throw new SyncError('schedule_busy', 'The schedule before is being deleted.', { facts: { deleting: true } });
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

async function act(pair: KeptPair, item: FleetItem, order: FleetOrder, ports: FleetWorkPorts): Promise<Settled> {
  const { work } = order;
  switch (work.action) {
    case 'start': {
      const [facts = { pair }] = await factsOf([pair], ports, { success: false });
      return start(facts, work, order, ports);
    }
    case 'stop':
    case 'resume':
      return moveJob(pair, item, { action: work.action, actor: order.actor }, ports);
    case 'schedule':
      return schedule(pair, work, order, ports);
    case 'unschedule':
      return unschedule(pair, ports);
  }
}

/** Tries before a pair is given up whose server is away or full; a step apart from each other. */
const TRIES = 5;
/** The same where the schedule before is being deleted, which the minute's look does: some three minutes. */
const TRIES_DELETING = 20;

/** What becomes of a pair after an error: tried again where waiting may help, else failed. Pure. */
export function afterRefusal({ pair, job_id, epoch, ...item }: FleetItem, error: unknown): FleetItem {
  const code = error instanceof SyncError ? error.code : 'internal';
  const message = error instanceof SyncError ? error.message : ERRORS.internal.meaning;
  const tries = (item.tries ?? 0) + 1;
  const waits = error instanceof SyncError && (remedyFor(error) === 'retry' || code === 'schedule_busy');
  const most = waits && error.facts.deleting === true ? TRIES_DELETING : TRIES;
  const outcome = waits && tries < most ? 'pending' : 'failed';
  const noted = job_id !== undefined && epoch !== undefined && { job_id, epoch };
  return { pair, outcome, code, message, tries, ...noted };
}

async function withPair(
  item: FleetItem,
  { order_id }: FleetOrder,
  ports: FleetWorkPorts,
  work: (pair: KeptPair) => Promise<Omit<FleetItem, 'pair'>>,
): Promise<FleetItem> {
  try {
    const pair = await ports.pairs.get(item.pair);
    if (!pair) throw new SyncError('pair_not_found', 'The pair was deleted.');
    return { pair: item.pair, ...(await work(pair)) };
  } catch (error) {
    // what a person reads is no more than `internal`
    if (!(error instanceof SyncError)) ports.log.error('pair failed', { order_id, pair: item.pair, error });
    return afterRefusal(item, error);
  }
}

/** The pair with the job that is to be moved, or with its outcome where there is none. Does nothing to it. */
export const noteJob = (item: FleetItem, order: FleetOrder, ports: FleetWorkPorts): Promise<FleetItem> =>
  withPair(item, order, ports, async (pair) => {
    const { action } = order.work;
    const [facts = { pair }] = await factsOf([pair], ports, { success: false });
    const tries = item.tries !== undefined && { tries: item.tries };
    return { outcome: 'pending', ...tries, ...(isMove(action) && chosen(facts, action)) };
  });

/** Does with one pair what the order says, once: again, it finds what was done. */
export const workOnPair = (item: FleetItem, order: FleetOrder, ports: FleetWorkPorts): Promise<FleetItem> =>
  withPair(item, order, ports, (pair) => act(pair, item, order, ports));
