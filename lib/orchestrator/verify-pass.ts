import { detectionStrategy } from '../change-detector/registry.ts';
import type { Finding } from '../change-detector/strategy.ts';
import { fp } from '../failpoint.ts';
import { type BucketRun, type Difference, keyId, toRuns } from '../model/change.ts';
import { SyncError } from '../model/errors.ts';
import { changesFor, chunkRows } from './pipeline.ts';
import { commit, type SegmentWork } from './segment-work.ts';

/** A difference must outlive this pause to count: a commit may be on its way. */
const RECHECK_MS = 1_000;

/** How often rows that moved while the job ran are applied again before they are reported as in flight. */
const ROUNDS = 3;

/** What the config's strategy finds behind the cursor; nothing, without a look, when that is the last bucket. */
export async function* findings(work: SegmentWork, runs?: readonly BucketRun[]): AsyncIterable<Finding> {
  const { ranges, split } = work.segment.buckets;
  if (work.cursor.through >= ranges * split - 1) return;
  const scope = { after: work.cursor.through, ...(runs && { runs }) };
  for await (const finding of detectionStrategy(work.config.detection_strategy).detect(
    work.source,
    work.target,
    scope,
  )) {
    await fp('diff.done');
    yield finding;
  }
}

/** Differences left over, but for those with a name: kept target-only rows, and rows in quarantine. */
async function compare(work: SegmentWork, runs: readonly BucketRun[] | undefined): Promise<readonly Difference[]> {
  const put = new Set((await work.database.quarantined(work.id.jobId, work.id.table)).map(keyId));
  const open: Difference[] = [];
  for await (const { differences } of findings(work, runs)) {
    const kept = (d: Difference) => d.kind === 'target_only' && work.config.delete_mode !== 'mirror';
    open.push(...differences.filter((d) => !kept(d) && !put.has(keyId(d.key))));
  }
  return open;
}

const within = (bucket: number, runs: readonly BucketRun[]) =>
  runs.some(([first, last]) => first <= bucket && bucket <= last);

/**
 * Differences that came about while the job ran: the source row was written since the job began, or a target-only row
 * stands where there was none when the bucket was applied. The others are nobody's doing that we know of.
 */
async function moving(work: SegmentWork, open: readonly Difference[]): Promise<readonly Difference[]> {
  const present = open.filter((d) => d.kind !== 'target_only');
  const changed = new Set((await work.source.changedSince(present.map((d) => d.key))).map(keyId));
  const extra = await work.database.notedBuckets(work.id, 'extra');
  return open.filter((d) => (d.kind === 'target_only' ? !within(d.bucket, extra) : changed.has(keyId(d.key))));
}

/** Decides rows again that moved. A row that is refused, or moves again, is left for the next look. */
async function applyAgain(work: SegmentWork, moved: readonly Difference[]): Promise<void> {
  const size = chunkRows(work);
  const wanted = moved.filter((d) => d.kind !== 'target_only');
  for (let at = 0; at < wanted.length; at += size) {
    const slice = wanted.slice(at, at + size);
    const changes = await changesFor(work, slice);
    const buckets = slice.map((d) => d.bucket);
    try {
      await commit(work, { changes, buckets, cursor: work.cursor, counts: {}, again: true, rule: 'moved' });
    } catch (error) {
      if (!(error instanceof SyncError) || !['row_rejected', 'target_moving'].includes(error.code)) throw error;
    }
  }
}

/**
 * The final comparison: every bucket this job wrote into, or all of them where others may have written too.
 *
 * Rows that moved while the job ran are decided again, up to three times; what still moves is reported as in flight.
 * Any other difference counts against the job.
 */
export async function verifyPass(work: SegmentWork, wait: (ms: number) => Promise<void>): Promise<boolean> {
  const all = work.plan.sideEffects || work.plan.verifyAll;
  let open = await compare(work, all ? undefined : await work.database.notedBuckets(work.id, 'written'));
  for (let round = 0; round < ROUNDS && open.length > 0; round++) {
    await applyAgain(work, await moving(work, open));
    await wait(RECHECK_MS);
    open = await compare(work, toRuns(open.map((d) => d.bucket)));
  }
  const inFlight = (await moving(work, open)).length;
  const unexplained = open.length - inFlight;
  const rest = { changes: [], buckets: [], cursor: work.cursor, counts: {}, finished: true, rule: 'verify' };
  await commit(work, { ...rest, unexplained, inFlight });
  return false;
}
