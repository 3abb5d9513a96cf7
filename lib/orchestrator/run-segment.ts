import { fp } from '../failpoint.ts';
import { keyId } from '../model/change.ts';
import type { SegmentId } from '../model/checkpoint.ts';
import { SyncError } from '../model/errors.ts';
import { type Counts, ENDED_STATES, type Job } from '../model/job.ts';
import type { SegmentMessage } from '../model/message.ts';
import type { Figures } from '../model/metrics.ts';
import type { WorkDatabases, WorkTarget } from '../ports.ts';
import { adoptionOf, compared, fileCompared, note, onlyFiles } from './adoption.ts';
import { mayConflict } from './conflict-plan.ts';
import { copyPass } from './copy-pass.ts';
import { drainConflicts, drainOutbox } from './drain-outbox.ts';
import { chunkDelayMs } from './healing.ts';
import { startMeter } from './meter.ts';
import { applyFinding, countEqual, deleteFinding, LOOK_AGAIN, lookedAt } from './pipeline.ts';
import { revisitPass } from './revisit-pass.ts';
import { type RunPorts, withBoth } from './run-ports.ts';
import { commit, healed, type SegmentWork, startWork } from './segment-work.ts';
import { findings, verifyPass } from './verify-pass.ts';
import { resumeBack, writeBack } from './write-back.ts';

/** `finished`: answer the token. `continue`: send the message again. `dropped`: another run or worker has it. */
/**
 * `dropped`: the run is over, and nobody waits for it. `overtaken`: another worker has the segment, which may have come with a message
 * that nobody waits for any more; so whoever is still waited for has to come back.
 */
export type SegmentOutcome = 'finished' | 'continue' | 'dropped' | 'overtaken';

export interface SegmentRun extends Omit<RunPorts, 'databases'> {
  readonly databases: WorkDatabases;
  /** Unique to this delivery of the message. */
  readonly owner: string;
  /** Milliseconds until this invocation is ended from outside. */
  readonly remainingMs: () => number;
  readonly wait: (ms: number) => Promise<void>;
  /** In [0, 1), for pauses; default Math.random. */
  readonly random?: () => number;
}

/** A chunk takes a second or two, a scan of a segment a few; with less time than this left, another invocation goes on. */
const HAND_OVER_MS = 60_000;

/** A scan of a segment takes seconds; one that takes this long has met a lock, a dead server or a silent network. */
const STATEMENT_MS = 300_000;

/** How often rows that move are looked at again before the segment gives up. */
const LOOKS = 5;

/** Progress is mirrored at most this often, so that many small chunks do not cost a DynamoDB write each. */
const MIRROR_MS = 1_000;

/** Rows of the table that an earlier look has put aside; mostly there was none, and nobody is asked. */
async function putAside(work: SegmentWork): Promise<ReadonlySet<string>> {
  if (work.counts.quarantined === 0) return new Set();
  return new Set((await work.database.quarantined(work.id.jobId, work.id.table)).map(keyId));
}

/** One look from the cursor to the end of the segment. */
async function applyPass(work: SegmentWork): Promise<boolean> {
  if (await copyPass(work)) return true;
  let pending: Partial<Counts> = {};
  let through = work.cursor.through;
  let seen = compared(through);
  const put = await putAside(work);
  for await (const finding of findings(work)) {
    through = finding.through;
    note(seen, finding);
    if (finding.differences.length === 0) {
      pending = countEqual(work, finding, pending);
      const adopt = await adoptionOf(work, finding);
      if (adopt && (await commit(work, onlyFiles(work, adopt)))) return true;
      continue;
    }
    // before the cursor moves past them
    if (await fileCompared(work, seen, through)) return true;
    seen = compared(through);
    if (await applyFinding(work, finding, pending, put)) return true;
    pending = {};
  }
  const { ranges, split } = work.segment.buckets;
  if (await fileCompared(work, seen, ranges * split - 1)) return true;
  const { credit, again = 0, merged = 0 } = work.cursor;
  if (await writeBack(work)) return true;
  const equal = { ...pending, unchanged: (pending.unchanged ?? 0) - credit - again - merged };
  await commit(work, {
    changes: [],
    buckets: [],
    cursor: { through, credit: 0 },
    counts: { ...equal, skipped: (pending.skipped ?? 0) - lookedAt(work, equal) },
    finished: true,
    rule: 'compared',
  });
  return false;
}

async function deletePass(work: SegmentWork): Promise<boolean> {
  const runs = await work.database.notedBuckets(work.id, 'extra');
  for await (const finding of findings(work, { runs, extraOnly: true }))
    if (await deleteFinding(work, finding)) return true;
  if (await writeBack(work)) return true;
  await commit(work, {
    changes: [],
    buckets: [],
    cursor: work.cursor,
    counts: {},
    finished: true,
    rule: 'delete_mode',
  });
  return false;
}

async function pass(work: SegmentWork, run: SegmentRun): Promise<boolean> {
  if (await resumeBack(work)) return true;
  switch (work.id.pass) {
    case 'apply':
      return applyPass(work);
    case 'delete':
      return deletePass(work);
    case 'revisit':
      return revisitPass(work);
    case 'verify':
      return verifyPass(work, run.wait);
  }
}

/** Runs the pass, looking again from the last commit when rows moved under it. */
async function runPass(work: SegmentWork, run: SegmentRun): Promise<boolean> {
  for (let look = 1; ; look++) {
    try {
      return await pass(work, run);
    } catch (error) {
      const again = error instanceof SyncError && LOOK_AGAIN.has(error.code) && look < LOOKS;
      if (!again) throw error;
      healed(work, 'healing.looked_again', error);
      const { jobId: job_id, table, segment } = work.id;
      run.log.info('rows moved, looking again', { job_id, table, segment, look }, { HealingSteps: 1 });
    }
  }
}

/** Pauses before a chunk is tried again, and says in the log who was in the way. */
function pauseFor(id: SegmentId, run: SegmentRun): SegmentWork['pause'] {
  return async (attempt, error) => {
    const facts = error instanceof SyncError ? error.facts : {};
    const { sqlstate, blocked_by } = facts;
    const where = { job_id: id.jobId, table: id.table, segment: id.segment };
    const what = { ...where, attempt, sqlstate, blocked_by };
    run.log.info('a chunk was rolled back, trying again', what, { HealingSteps: 1 });
    await run.wait(chunkDelayMs(attempt, (run.random ?? Math.random)()));
  };
}

/** Tells DynamoDB how far the segment is; a mirror, so its failure does not stop the work. */
function mirror(id: SegmentId, run: SegmentRun) {
  let last = 0;
  return async (state: { seq: number; counts: SegmentWork['counts'] }, finished: boolean) => {
    const now = run.clock();
    if (!finished && now.getTime() - last < MIRROR_MS) return;
    last = now.getTime();
    const at = now.toISOString();
    const progress = {
      job_id: id.jobId,
      table: id.table,
      pass: id.pass,
      segment: id.segment,
      epoch: id.epoch,
      ...state,
      finished,
      updated_at: at,
    };
    await Promise.all([run.jobs.putProgress(progress), run.jobs.heartbeat(id.jobId, id.epoch, at)]).catch(() =>
      run.log.warn('progress not mirrored', { job_id: id.jobId, table: id.table, segment: id.segment }),
    );
    await fp('ddb.mirrored');
  };
}

/** Tells of rows and chunks, for metrics and for whoever looks into the log. */
const measured = (id: SegmentId, run: SegmentRun) => (figures: Figures) =>
  run.log.info('chunks applied', { job_id: id.jobId, table: id.table, pass: id.pass, segment: id.segment }, figures);

async function work(job: Job, message: SegmentMessage, run: SegmentRun): Promise<SegmentOutcome> {
  const id: SegmentId = {
    jobId: job.job_id,
    epoch: message.epoch,
    table: message.table,
    pass: message.pass,
    segment: message.segment,
  };
  return withBoth(
    job,
    run,
    Math.max(1_000, Math.min(STATEMENT_MS, run.remainingMs() - 5_000)),
    async (source, target) => {
      const [plan] = await target.loadPlans(id.jobId, id.table); // first: older code leaves the segment to newer
      const checkpoint = await target.claim(id, run.owner);
      const tell = mirror(id, run);
      if (!checkpoint.finished) {
        if (!plan) throw new SyncError('internal', `The job has no plan for table ${id.table}.`);
        const nowMs = () => run.clock().getTime();
        const meter = startMeter(checkpoint.counts, { dryRun: job.config.dry_run, nowMs, tell: measured(id, run) });
        const state: SegmentWork = startWork(
          {
            id,
            owner: run.owner,
            plan,
            config: job.config,
            source: source.reader(plan, checkpoint.segment),
            target: target.reader(plan, checkpoint.segment),
            database: target,
            sourceDatabase: source,
            segment: checkpoint.segment,
            nowMs,
            pause: pauseFor(id, run),
            committed: async (ms) => {
              meter.chunk(ms, state.counts);
              await tell({ seq: state.seq, counts: state.counts }, false);
              return run.remainingMs() < HAND_OVER_MS;
            },
          },
          checkpoint,
        );
        if (await runPass(state, run).finally(meter.end)) return 'continue';
        await tell({ seq: state.seq, counts: state.counts }, true);
      } else await tell({ seq: checkpoint.seq, counts: checkpoint.counts }, true);
      await drain(job, target, run);
      return 'finished';
    },
  );
}

/**
 * Events that do not reach the audit trail now are still in the outbox; settle-job drains it to the end. One worker at a
 * time: it moves the others' events too.
 */
async function drain(job: Job, target: WorkTarget, run: SegmentRun): Promise<void> {
  const work = async () => void (await drainOutbox(target, run.audit, job));
  const failed = () => run.log.warn('outbox not drained', { job_id: job.job_id }, { OutboxNotDrained: 1 });
  await target.drainAlone(job.job_id, work).catch(failed);
  if (!mayConflict(job.config)) return;
  await drainConflicts(target, run.conflicts, job.job_id).catch(() =>
    run.log.warn('conflicts not drained', { job_id: job.job_id }),
  );
}

/**
 * Works on one segment until it is finished, superseded, or the invocation's time runs out.
 *
 * Safe to run twice, also at once: the claim gives the segment to the last one that asked, and the fence in each chunk's
 * transaction lets only that one commit. Throws SyncError for what this level cannot answer.
 */
export async function runSegment(message: SegmentMessage, run: SegmentRun): Promise<SegmentOutcome> {
  await fp('batch.received');
  const job = await currentJob(message, run);
  if (!job) return 'dropped';
  try {
    return await work(job, message, run);
  } catch (error) {
    if (!(error instanceof SyncError) || error.code !== 'epoch_superseded') throw error;
    return (await currentJob(message, run)) ? 'overtaken' : 'dropped';
  }
}

/** The job, while the run that the message belongs to goes on. */
async function currentJob(message: SegmentMessage, run: SegmentRun): Promise<Job | undefined> {
  const job = await run.jobs.get(message.job_id);
  return job && job.epoch === message.epoch && !ENDED_STATES.includes(job.state) ? job : undefined;
}
