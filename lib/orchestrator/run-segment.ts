import { fp } from '../failpoint.ts';
import type { SegmentId } from '../model/checkpoint.ts';
import { SyncError } from '../model/errors.ts';
import { ENDED_STATES, type Job } from '../model/job.ts';
import type { SegmentMessage } from '../model/message.ts';
import type { TargetDatabase } from '../ports.ts';
import { copyPass } from './copy-pass.ts';
import { drainOutbox } from './drain-outbox.ts';
import { applyFinding, deleteFinding, LOOK_AGAIN } from './pipeline.ts';
import { revisitPass } from './revisit-pass.ts';
import { type RunPorts, withBoth } from './run-ports.ts';
import { commit, type SegmentWork, startWork } from './segment-work.ts';
import { findings, verifyPass } from './verify-pass.ts';

/** `finished`: answer the token. `continue`: send the message again. `dropped`: another run or worker has it. */
export type SegmentOutcome = 'finished' | 'continue' | 'dropped';

export interface SegmentRun extends RunPorts {
  /** Unique to this delivery of the message. */
  readonly owner: string;
  /** Milliseconds until this invocation is ended from outside. */
  readonly remainingMs: () => number;
  readonly wait: (ms: number) => Promise<void>;
}

/** A chunk takes a second or two, a scan of a segment a few; with less time than this left, another invocation goes on. */
const HAND_OVER_MS = 60_000;

/** How often rows that move are looked at again before the segment gives up. */
const LOOKS = 5;

/** Progress is mirrored at most this often, so that many small chunks do not cost a DynamoDB write each. */
const MIRROR_MS = 1_000;

/** One look from the cursor to the end of the segment. */
async function applyPass(work: SegmentWork): Promise<boolean> {
  if (await copyPass(work)) return true;
  let unchanged = 0;
  let through = work.cursor.through;
  for await (const finding of findings(work)) {
    through = finding.through;
    if (finding.differences.length === 0) {
      unchanged += finding.equal;
      continue;
    }
    if (await applyFinding(work, finding, { unchanged })) return true;
    unchanged = 0;
  }
  const { credit } = work.cursor;
  await commit(work, {
    changes: [],
    buckets: [],
    cursor: { through, credit: 0 },
    counts: { unchanged: unchanged - credit },
    finished: true,
    rule: 'compared',
  });
  return false;
}

async function deletePass(work: SegmentWork): Promise<boolean> {
  const runs = await work.database.notedBuckets(work.id, 'extra');
  for await (const finding of findings(work, runs)) if (await deleteFinding(work, finding)) return true;
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

function pass(work: SegmentWork, run: SegmentRun): Promise<boolean> {
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
      run.log.info('rows moved, looking again', {
        job_id: work.id.jobId,
        table: work.id.table,
        segment: work.id.segment,
        look,
      });
    }
  }
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

async function work(job: Job, message: SegmentMessage, run: SegmentRun): Promise<SegmentOutcome> {
  const id: SegmentId = {
    jobId: job.job_id,
    epoch: message.epoch,
    table: message.table,
    pass: message.pass,
    segment: message.segment,
  };
  return withBoth(job, run, Math.max(1_000, run.remainingMs() - 5_000), async (source, target) => {
    const checkpoint = await target.claim(id, run.owner);
    const tell = mirror(id, run);
    if (!checkpoint.finished) {
      const [plan] = await target.loadPlans(id.jobId, id.table);
      if (!plan) throw new SyncError('internal', `The job has no plan for table ${id.table}.`);
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
          nowMs: () => run.clock().getTime(),
          committed: async () => {
            await tell({ seq: state.seq, counts: state.counts }, false);
            return run.remainingMs() < HAND_OVER_MS;
          },
        },
        checkpoint,
      );
      if (await runPass(state, run)) return 'continue';
      await tell({ seq: state.seq, counts: state.counts }, true);
    } else await tell({ seq: checkpoint.seq, counts: checkpoint.counts }, true);
    await drain(job, target, run);
    return 'finished';
  });
}

/** Events that do not reach the audit log now are still in the outbox; settle-job drains it to the end. */
async function drain(job: Job, target: TargetDatabase, run: SegmentRun): Promise<void> {
  await drainOutbox(target, run.audit, job.job_id, job.config.audit_level).catch(() =>
    run.log.warn('outbox not drained', { job_id: job.job_id }),
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
  const job = await run.jobs.get(message.job_id);
  if (!job || job.epoch !== message.epoch || ENDED_STATES.includes(job.state)) return 'dropped';
  try {
    return await work(job, message, run);
  } catch (error) {
    if (error instanceof SyncError && error.code === 'epoch_superseded') return 'dropped';
    throw error;
  }
}
