import type { Finding } from '../change-detector/strategy.ts';
import { conflictStrategy } from '../conflict-resolver/registry.ts';
import { type Change, type Difference, keyId, type RowImage } from '../model/change.ts';
import { type ErrorCode, SyncError } from '../model/errors.ts';
import type { Counts } from '../model/job.ts';
import { commit, type SegmentWork } from './segment-work.ts';

/** Most bytes of rows in one chunk; rows travel as text through the worker's memory (256 MB in all). */
const CHUNK_BYTES = 8 * 1024 * 1024;

export function chunkRows(work: SegmentWork): number {
  return Math.max(1, Math.min(work.config.batch_size, Math.floor(CHUNK_BYTES / work.plan.rowBytesEstimate)));
}

/** What the two sides of an applicable difference come to, once the source row was read. */
function changeOf(difference: Difference, row: RowImage): Change | undefined {
  if (difference.kind === 'source_only') return { kind: 'insert', row };
  if (difference.kind === 'both_differ') {
    return row.fingerprint === difference.target ? undefined : { kind: 'update', row, expected: difference.target };
  }
  return undefined;
}

/**
 * Reads the source rows of differences and turns them into changes. A row that has left the source since, or has become
 * equal, is no change any more.
 */
async function changesFor(work: SegmentWork, differences: readonly Difference[]): Promise<Change[]> {
  const rows = new Map((await work.source.rows(differences.map((d) => d.key))).map((r) => [keyId(r.key), r]));
  return differences.flatMap((d) => {
    const row = rows.get(keyId(d.key));
    return row ? (changeOf(d, row) ?? []) : [];
  });
}

/** Differences that the conflict strategy lets the source win. */
function decided(work: SegmentWork, differences: readonly Difference[]) {
  const decision = conflictStrategy(work.config.conflict_strategy).decide();
  const wanted = differences.filter(
    (d) => d.kind === 'source_only' || (d.kind === 'both_differ' && decision.winner === 'source'),
  );
  return { wanted, rule: decision.rule };
}

/** A row that refers to a later row of its own table can only go in together with it. */
function needsLaterRows(work: SegmentWork, error: unknown): boolean {
  return work.plan.selfReferencing && error instanceof SyncError && error.facts.sqlstate === '23503';
}

/**
 * Decides and applies one finding, in chunks of at most `batch_size` rows; true means: hand over.
 *
 * Only the last chunk moves the cursor past the finding's buckets. The ones before leave it and note in `credit` how many
 * rows they applied, because whoever resumes will find those equal.
 */
export async function applyFinding(work: SegmentWork, finding: Finding, pending: Partial<Counts>): Promise<boolean> {
  const { wanted, rule } = decided(work, finding.differences);
  const extra = finding.differences.filter((d) => d.kind === 'target_only').map((d) => d.bucket);
  const unchanged = (pending.unchanged ?? 0) + finding.equal - work.cursor.credit;
  let size = chunkRows(work);
  let at = 0;
  let credit = work.cursor.credit;
  do {
    const slice = wanted.slice(at, at + size);
    const last = at + slice.length === wanted.length;
    const changes = await changesFor(work, slice);
    const final = { cursor: { through: finding.through, credit: 0 }, counts: { unchanged, kept: extra.length }, extra };
    const partial = { cursor: { through: work.cursor.through, credit: credit + changes.length }, counts: {} };
    try {
      const handOver = await commit(work, {
        changes,
        buckets: slice.map((d) => d.bucket),
        rule,
        ...(last ? final : partial),
      });
      if (handOver) return true;
    } catch (error) {
      if (last || !needsLaterRows(work, error)) throw error;
      size *= 2; // the same rows again, with as many behind them
      continue;
    }
    credit += changes.length;
    at += slice.length;
  } while (at < wanted.length);
  return false;
}

/** Deletes the target-only rows of a finding, in chunks; true means: hand over. */
export async function deleteFinding(work: SegmentWork, finding: Finding): Promise<boolean> {
  const gone = finding.differences.filter((d) => d.kind === 'target_only');
  const size = chunkRows(work);
  for (let at = 0; at < gone.length; at += size) {
    const slice = gone.slice(at, at + size);
    const last = at + slice.length === gone.length;
    const changes = slice.map((d): Change => ({ kind: 'delete', key: d.key, expected: d.target }));
    const cursor = last ? { through: finding.through, credit: 0 } : work.cursor;
    if (await commit(work, { changes, buckets: slice.map((d) => d.bucket), cursor, counts: {}, rule: 'delete_mode' }))
      return true;
  }
  return false;
}

/** Rows that moved between the look and the write are looked at again; other errors are not for this level. */
export const LOOK_AGAIN: ReadonlySet<ErrorCode> = new Set(['target_moving']);
