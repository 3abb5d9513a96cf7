import { jobEvent, SERVICE } from '../audit/job-event.ts';
import type { AuditRoot } from '../model/audit-event.ts';
import { ERRORS, SyncError } from '../model/errors.ts';
import { ENDED_STATES, type Job } from '../model/job.ts';
import type { ConflictStore, ExecutionState } from '../ports.ts';
import { sealTrail } from './drain-outbox.ts';
import { failJob } from './end-job.ts';
import { stateAfter, statesAllowing } from './lifecycle.ts';
import { noteHealing, reasonOf } from './note-healing.ts';
import { pauseFor, pauseJob } from './pause-job.ts';
import { resumeJob } from './resume-job.ts';
import { type RunPorts, withBoth, withTarget, withWritten } from './run-ports.ts';
import { fromAnother, sideBySide } from './side-by-side.ts';
import { finishStop } from './stop-job.ts';
import { type Swept, sweepFigures } from './sweep-figures.ts';

export type SweepDecision = 'leave' | 'take_over' | 'give_up' | 'finish_stop' | 'probe' | 'seal' | 'forget' | 'clean';

const STATEMENT_TIMEOUT_MS = 8_000;

/** A start stores the job and then starts its execution; within this time the second may still be on its way. */
const START_GRACE_MS = 30_000;

/** Whoever asked for the stop has this long to carry it through. */
const STOP_GRACE_MS = 30_000;

/**
 * While its execution runs, a silent job may just be waiting in the queue behind others. Step Functions notices a lost
 * segment by itself within a little over two hours (infra/constructs/sync-table-machine.ts); only after that is it dead.
 */
const SILENT_MS = 3 * 3_600_000;

/** As often as this a job is restarted without anybody asking. */
const MAX_TAKEOVERS = 5;

/** As long as this a job that was stopped or has failed can be resumed, and over its connections conflicts decided and rows put aside looked at. */
const RESUMABLE_MS = 7 * 24 * 3_600_000;

/** An index shows what was written a moment ago only later; connections that are forgotten cannot be had again. */
const INDEXED_MS = 10 * 60_000;

/** So long the last events of a job are asked for each minute, and then, of a target that stays away, each hour. */
const ASK_OFTEN_MINUTES = 60;

/** `needed`: an open conflict was seen last by this job, so that its connections are the way to decide it. */
function decideEnded(job: Job, needed: boolean, now: Date): SweepDecision {
  const done = job.state === 'completed' || job.state === 'completed_with_issues';
  const endedMs = now.getTime() - new Date(job.ended_at ?? job.created_at).getTime();
  if (done && !job.open_conflicts && !job.quarantined) return 'forget';
  if (done && !needed && !job.quarantined && endedMs > INDEXED_MS) return 'forget';
  if (endedMs > RESUMABLE_MS) return 'clean';
  const minutes = Math.floor(endedMs / 60_000);
  return !job.audit_root && (minutes < ASK_OFTEN_MINUTES || minutes % 60 === 0) ? 'seal' : 'leave';
}

/** What to do about one job. Pure. */
export function decideSweep(job: Job, execution: ExecutionState, now: Date, needed = false): SweepDecision {
  if (ENDED_STATES.includes(job.state)) return decideEnded(job, needed, now);
  if (job.state === 'paused') return job.pause?.probe_at && job.pause.probe_at <= now.toISOString() ? 'probe' : 'leave';
  const silentMs = now.getTime() - new Date(job.heartbeat_at).getTime();
  if (job.state === 'stopping') return job.pause || silentMs > STOP_GRACE_MS ? 'finish_stop' : 'leave';
  // between two runs of a job that follows the log, too, the next execution is on its way
  const onItsWay = job.state === 'created' || (job.following !== undefined && execution === 'missing');
  const dead = execution === 'running' ? silentMs > SILENT_MS : !onItsWay || silentMs > START_GRACE_MS;
  if (!dead || !statesAllowing('take_over').includes(job.state)) return 'leave';
  return job.takeovers >= MAX_TAKEOVERS ? 'give_up' : 'take_over';
}

async function takeOver(job: Job, ports: RunPorts): Promise<void> {
  const epoch = job.epoch + 1;
  const taken = await ports.jobs.transition(
    job.job_id,
    { from: statesAllowing('take_over'), epoch: job.epoch },
    {
      state: stateAfter('take_over'),
      epoch,
      takeovers: job.takeovers + 1,
      moved_by: { event: 'job.taken_over', actor: SERVICE },
      heartbeat_at: ports.clock().toISOString(),
    },
  );
  if (!taken) return; // it ended, or somebody else was faster
  await noteHealing(job, 'healing.taken_over', { epoch, takeovers: taken.takeovers }, ports);
  ports.log.warn('job taken over', { job_id: job.job_id, epoch, takeovers: taken.takeovers });
  await ports.workflow.stop({ job_id: job.job_id, epoch: job.epoch }, ERRORS.epoch_superseded.meaning);
  await ports.workflow.start({ job_id: job.job_id, epoch });
}

/** Throws what keeps the job from going on. */
function bothAnswer(job: Job, ports: RunPorts): Promise<void> {
  return withBoth(job, ports, STATEMENT_TIMEOUT_MS, async (_source, target) => {
    if ((await target.facts()).readOnly) throw new SyncError('target_read_only', 'The target is still read-only.');
  });
}

/** Lets a paused job go on where what it waited for is there; else it waits for the next probe, with the reason of now. */
async function probe(job: Job, ports: RunPorts): Promise<void> {
  try {
    await bothAnswer(job, ports);
    await resumeJob({ jobId: job.job_id, actor: SERVICE }, ports);
    await noteHealing(job, 'healing.resumed', { code: job.pause?.code }, ports);
  } catch (error) {
    if (!(error instanceof SyncError) || error.code === 'state_conflict') return;
    const failure = { code: error.code, message: error.message, hint: ERRORS[error.code].remedy };
    if (error.code === 'secret_missing') return failJob(job, failure, ports); // nothing can be waited for
    if (error.code !== job.pause?.code) await noteHealing(job, 'healing.probed', reasonOf(error), ports);
    const { since } = job.pause ?? pauseFor(failure, ports.clock());
    await ports.jobs.transition(
      job.job_id,
      { from: ['paused'], epoch: job.epoch },
      { pause: { ...pauseFor(failure, ports.clock()), since } },
    );
  }
}

/** Moves the last events of a job that was stopped, or whose target was away when it failed, and seals its trail. */
async function seal(job: Job, ports: RunPorts): Promise<void> {
  const root = await withTarget(job, ports, STATEMENT_TIMEOUT_MS, (target) => sealTrail(target, ports, job));
  await ports.jobs.transition(job.job_id, { from: [job.state], epoch: job.epoch }, { audit_root: root });
}

/**
 * Ends a job for good that nobody has resumed in time: closed in the target, connections forgotten. A target that is gone
 * keeps its rows; nobody can reach them any more.
 */
async function clean(job: Job, ports: SweepPorts): Promise<void> {
  const root = await withWritten(job, ports, STATEMENT_TIMEOUT_MS, async (target, writer) => {
    await target.endJob(job.job_id, job.epoch, jobEvent('job.expired', SERVICE, {}));
    await writer?.endJob(job.job_id, job.epoch);
    return sealTrail(target, ports, job);
  }).catch(() => void ports.log.warn('control rows of an old job not closed', { job_id: job.job_id }));
  await forgetConnections(job, root, ports);
}

/** Whoever asks for them afterwards is told that they are gone. */
async function forgetConnections(job: Job, root: AuditRoot | undefined, ports: SweepPorts): Promise<void> {
  const marked = await ports.jobs.transition(
    job.job_id,
    { from: [job.state], epoch: job.epoch },
    { secret_removed: true, ...(root && { audit_root: root }) },
  );
  if (!marked) return; // resumed this very moment
  await ports.secrets.remove(job.secret_ref);
  await ports.jobs.forget(job.job_id, job.epoch);
}

/** What the sweeper asks of the queue of conflicts; without one no connections are kept for it. */
export type SweepPorts = Omit<RunPorts, 'conflicts'> & { readonly conflicts?: Pick<ConflictStore, 'put' | 'needs'> };

async function act(job: Job, decision: SweepDecision, ports: SweepPorts): Promise<void> {
  const limit = { code: 'takeover_limit', message: ERRORS.takeover_limit.meaning, hint: ERRORS.takeover_limit.remedy };
  switch (decision) {
    case 'leave':
      return;
    case 'take_over':
      return takeOver(job, ports);
    case 'give_up':
      return pauseJob(job, limit, ports);
    case 'finish_stop':
      return void (await finishStop(job, ports));
    case 'probe':
      return probe(job, ports);
    case 'seal':
      return seal(job, ports);
    case 'forget':
      if (job.open_conflicts || job.quarantined) return forgetConnections(job, undefined, ports);
      await ports.secrets.remove(job.secret_ref); // settle-job may have died before it could
      return ports.jobs.forget(job.job_id, job.epoch);
    case 'clean':
      return clean(job, ports);
  }
}

async function look(job: Job, ports: SweepPorts): Promise<Swept> {
  const found = { job, needed: false };
  try {
    const ended = ENDED_STATES.includes(job.state) || job.state === 'paused'; // nothing runs, so nobody is asked
    const execution = ended ? 'ended' : await ports.workflow.state({ job_id: job.job_id, epoch: job.epoch });
    found.needed = (job.open_conflicts && (await ports.conflicts?.needs(job.job_id))) || false;
    const decision = decideSweep(job, execution, ports.clock(), found.needed);
    await act(job, decision, ports);
    return { ...found, decision };
  } catch (error) {
    const code = error instanceof SyncError ? error.code : 'internal';
    ports.log.error('job not swept', { job_id: job.job_id, code });
    return { ...found, decision: 'failed' };
  }
}

/** Jobs looked at side by side: a database that does not answer is waited for up to some 20 s. */
const AT_ONCE = 16;

/**
 * Looks after every job that needs it; trouble with one does not keep it from the others. Where they are too many for one call, each
 * minute begins with another one.
 */
export async function sweep(ports: SweepPorts): Promise<void> {
  const swept: Swept[] = [];
  const jobs = fromAnother(await ports.jobs.listToSweep(), ports.clock());
  await sideBySide(jobs, AT_ONCE, async (job) => swept.push(await look(job, ports)));
  ports.log.info('swept', { jobs: swept.length }, sweepFigures(swept, ports.clock()));
}
