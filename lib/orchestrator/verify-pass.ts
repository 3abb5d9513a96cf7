import { detectorOf } from '../change-detector/detectors.ts';
import type { ProjectFinding, Scope } from '../change-detector/strategy.ts';
import { fp } from '../failpoint.ts';
import { type BucketRun, type Difference, keyId, toRuns } from '../model/change.ts';
import { SyncError } from '../model/errors.ts';
import { type Compared, compared, fileCompared, note, toDelete } from './adoption.ts';
import { chunkRemedy } from './healing.ts';
import { batchFor, chunkRows } from './pipeline.ts';
import { withinProject } from './project-rows.ts';
import { commit, type SegmentWork } from './segment-work.ts';
import { courtOf, decidedBy, type Explained, explain, ruledCounts } from './three-way.ts';
import { toldByLog } from './told-by-log.ts';
import { writeBack } from './write-back.ts';

/** A difference must outlive this pause to count: a commit may be on its way. */
const RECHECK_MS = 1_000;

/** How often rows that moved while the job ran are applied again before they are reported as in flight. */
const ROUNDS = 3;

/** Rows read at once where a strategy reads by the page, in chunks of the config; 20,000 keys with fingerprints are 4 MB. */
const PAGE_CHUNKS = 10;
const PAGE_ROWS = { least: 1_000, most: 20_000 } as const;

/** What the config's strategy finds behind the cursor; nothing, without a look, when that is the last bucket. */
export async function* findings(
  work: SegmentWork,
  only: Pick<Scope, 'runs' | 'extraOnly'> = {},
): AsyncIterable<ProjectFinding> {
  const { ranges, split } = work.segment.buckets;
  if (work.cursor.through >= ranges * split - 1) return;
  const { through, at } = work.cursor;
  const { window, changes } = work.plan;
  const { batch_size, dry_run } = work.config;
  const scope: Scope = {
    after: through,
    ...only,
    ...(window && { window }),
    ...(changes?.keys !== undefined && { changes }),
    ...(at && { at }),
    dryRun: dry_run,
    pageRows: Math.min(PAGE_ROWS.most, Math.max(PAGE_ROWS.least, PAGE_CHUNKS * batch_size)),
  };
  for await (const finding of detectorOf(work.config.detection_strategy)(work.source, work.target, scope)) {
    await fp('diff.done');
    yield await withinProject(work, finding);
  }
}

/**
 * Differences left over, but for those with a name: target-only rows that the delete mode keeps, rows in quarantine, rows that
 * the target keeps, and conflicts that wait in the queue.
 */
async function compare(work: SegmentWork, runs: readonly BucketRun[] | undefined, seen: Compared): Promise<Explained> {
  const put = new Set((await work.database.quarantined(work.id.jobId, work.id.table)).map(keyId));
  const open: Difference[] = [];
  const undecided: Difference[] = [];
  const standing: Difference[] = [];
  const court = courtOf(work);
  for await (const finding of findings(work, runs ? { runs } : {})) {
    note(seen, finding);
    const differences = finding.differences.filter((d) => !put.has(keyId(d.key)));
    if (court) {
      const told = await explain(work, court, differences);
      open.push(...told.open);
      undecided.push(...told.undecided);
      standing.push(...told.standing);
      continue;
    }
    const wanted = [...differences.filter((d) => d.kind !== 'target_only'), ...(await toDelete(work, differences))];
    open.push(...wanted);
  }
  return { open, undecided, standing };
}

const within = (bucket: number, runs: readonly BucketRun[]) =>
  runs.some(([first, last]) => first <= bucket && bucket <= last);

/**
 * Differences that came about while the job ran: the source row was written since the job began, or has come or gone since
 * it was compared a moment ago; or a target-only row stands where there was none when the bucket was applied. The others are
 * nobody's doing that we know of.
 */
async function moving(work: SegmentWork, open: readonly Difference[]): Promise<readonly Difference[]> {
  const present = open.filter((d) => d.kind !== 'target_only');
  const changed = new Set((await work.source.changedSince(present.map((d) => d.key))).map(keyId));
  const extra = await work.database.notedBuckets(work.id, 'extra');
  const left = open.filter((d) => (d.kind === 'target_only' ? within(d.bucket, extra) : !changed.has(keyId(d.key))));
  const there = new Set((await work.source.fingerprints(left.map((d) => d.key))).map((r) => keyId(r.key)));
  const stays = left.filter((d) => there.has(keyId(d.key)) === (d.kind !== 'target_only'));
  const gone = stays.filter((d) => d.kind === 'target_only').map((d) => d.key);
  const told = await toldByLog(work, gone);
  const unmoved = new Set(stays.filter((d) => d.kind !== 'target_only' || !told.has(keyId(d.key))));
  return open.filter((d) => !unmoved.has(d));
}

/** Decides rows again that moved. A row that is refused, or moves again, is left for the next look. */
async function applyAgain(work: SegmentWork, moved: readonly Difference[]): Promise<void> {
  const size = chunkRows(work);
  const wanted = work.plan.conflicts ? moved : moved.filter((d) => d.kind !== 'target_only');
  let at = 0;
  while (at < wanted.length) {
    let slice = wanted.slice(at, at + size);
    try {
      const { changes, covered, found } = await batchFor(work, slice, { size });
      slice = slice.slice(0, covered);
      const buckets = slice.map((d) => d.bucket);
      const decided = found && { decided: decidedBy(work, found), decisions: ruledCounts(found.ruled) };
      await commit(work, { changes, buckets, cursor: work.cursor, counts: {}, again: true, ...decided, rule: 'moved' });
    } catch (error) {
      const left = error instanceof SyncError && error.code === 'target_moving';
      if (!left && chunkRemedy(error) !== 'isolate') throw error;
    }
    at += slice.length;
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
  const seen = compared(-1, all);
  let { open, undecided, standing } = await compare(
    work,
    all ? undefined : await work.database.notedBuckets(work.id, 'written'),
    seen,
  );
  for (let round = 0; round < ROUNDS && open.length > 0; round++) {
    await applyAgain(work, [...new Set([...(await moving(work, open)), ...undecided])]);
    await writeBack(work, { again: true });
    await wait(RECHECK_MS);
    ({ open, undecided, standing } = await compare(work, toRuns(open.map((d) => d.bucket)), seen));
  }
  const { ranges, split } = work.segment.buckets;
  if (await fileCompared(work, seen, ranges * split - 1)) return true;
  // what the target has and the source has not got in all these rounds was changed there since
  const inFlight = new Set([...(await moving(work, open)), ...standing]).size;
  const unexplained = open.length - inFlight;
  const rest = { changes: [], buckets: [], cursor: work.cursor, counts: {}, finished: true, rule: 'verify' };
  await commit(work, { ...rest, unexplained, inFlight });
  return false;
}
