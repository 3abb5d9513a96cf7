import type { Finding } from '../change-detector/strategy.ts';
import { conflictStrategy } from '../conflict-resolver/registry.ts';
import { type Change, type Difference, keyId, type RowImage } from '../model/change.ts';
import type { QuarantinedRow } from '../model/checkpoint.ts';
import { type ErrorCode, SyncError } from '../model/errors.ts';
import type { Counts } from '../model/job.ts';
import { rowCode } from '../model/row-code.ts';
import { commit, nextChunkRows, type SegmentWork } from './segment-work.ts';

/** Most bytes of rows in one chunk; rows travel as text through the worker's memory (256 MB in all). */
const CHUNK_BYTES = 8 * 1024 * 1024;

export function chunkRows(work: SegmentWork): number {
  const fit = Math.floor(CHUNK_BYTES / work.plan.rowBytesEstimate);
  return Math.max(1, Math.min(work.config.batch_size, fit, work.chunkRows));
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
 * Under a row filter a key can be in the target and yet not be seen there, because its row does not pass. Those rows are
 * to be changed, not inserted.
 */
async function beyondFilter(work: SegmentWork, differences: readonly Difference[]): Promise<readonly Difference[]> {
  if (work.plan.filters.length === 0) return differences;
  const missing = differences.filter((d) => d.kind === 'source_only');
  const there = new Map((await work.target.rows(missing.map((d) => d.key))).map((r) => [keyId(r.key), r.fingerprint]));
  return differences.map((d) => {
    const target = d.kind === 'source_only' ? there.get(keyId(d.key)) : undefined;
    return d.kind === 'source_only' && target !== undefined ? { ...d, kind: 'both_differ' as const, target } : d;
  });
}

/**
 * Reads the source rows of differences and turns them into changes. A row that has left the source since, or has become
 * equal, is no change any more.
 */
export async function changesFor(work: SegmentWork, differences: readonly Difference[]): Promise<Change[]> {
  const rows = new Map((await work.source.rows(differences.map((d) => d.key))).map((r) => [keyId(r.key), r]));
  return (await beyondFilter(work, differences)).flatMap((d) => {
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

/** Why the target refused this one row, or undefined when the error says nothing about the row. */
function refusal(difference: Difference, error: unknown): QuarantinedRow | undefined {
  if (!(error instanceof SyncError) || error.code !== 'row_rejected') return undefined;
  const { sqlstate, constraint, object } = error.facts;
  const where = constraint ?? object;
  return {
    key: difference.key,
    code: rowCode(String(sqlstate)),
    sqlstate: String(sqlstate),
    ...(where !== undefined && { object: String(where) }),
  };
}

/** A key that somebody else has inserted meanwhile refuses ours: the row moved, it is not poison. */
async function movedMeanwhile(work: SegmentWork, difference: Difference, poison: QuarantinedRow): Promise<boolean> {
  if (poison.code !== 'unique_clash' || difference.kind !== 'source_only') return false;
  return (await work.target.rows([difference.key])).length > 0;
}

/** What the next attempt at `wanted[at]` and after does: how many rows, or the one row that is put aside. */
interface Slice {
  readonly size: number;
  readonly poison?: QuarantinedRow;
}

/**
 * After a chunk was refused: the same rows and as many behind them, where they wait for those; else half of it, until the
 * one row that is at fault stands alone and is put aside. So a poison row costs log2(batch) attempts and nobody else.
 */
async function afterRefusal(
  work: SegmentWork,
  slice: readonly Difference[],
  last: boolean,
  error: unknown,
): Promise<Slice> {
  const [first] = slice;
  const poison = first && refusal(first, error);
  if (!poison) throw error;
  if (needsLaterRows(work, error) && !last) return { size: slice.length * 2 };
  if (slice.length > 1) return { size: Math.ceil(slice.length / 2) };
  if (await movedMeanwhile(work, first, poison)) throw new SyncError('target_moving', 'A row appeared in the target.');
  return { size: 1, poison };
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
  let next: Slice = { size: chunkRows(work) };
  let at = 0;
  do {
    const slice = wanted.slice(at, at + next.size);
    const last = at + slice.length === wanted.length;
    const changes = next.poison ? [] : await changesFor(work, slice);
    const { through, credit } = work.cursor;
    const startedMs = work.nowMs();
    const final = { cursor: { through: finding.through, credit: 0 }, counts: { unchanged, kept: extra.length }, extra };
    const partial = { cursor: { through, credit: credit + changes.length }, counts: {} };
    try {
      const handOver = await commit(work, {
        changes,
        ...(next.poison && { quarantine: [next.poison] }),
        buckets: slice.map((d) => d.bucket),
        rule,
        ...(last ? final : partial),
      });
      if (handOver) return true;
    } catch (error) {
      next = await afterRefusal(work, slice, last, error);
      continue;
    }
    at += slice.length;
    if (changes.length > 0) work.chunkRows = nextChunkRows(slice.length, work.nowMs() - startedMs);
    next = { size: Math.min(chunkRows(work), slice.length * 2) };
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
