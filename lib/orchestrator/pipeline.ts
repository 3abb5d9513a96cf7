import type { Finding } from '../change-detector/strategy.ts';
import { conflictStrategy } from '../conflict-resolver/registry.ts';
import { fp } from '../failpoint.ts';
import { type Change, type Difference, keyId, type RowImage } from '../model/change.ts';
import type { Applied, QuarantinedRow } from '../model/checkpoint.ts';
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
function changeOf(difference: Exclude<Difference, { kind: 'target_only' }>, row: RowImage): Change | undefined {
  if (difference.kind === 'source_only') return { kind: 'insert', row };
  return row.fingerprint === difference.target ? undefined : { kind: 'update', row, expected: difference.target };
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
 * equal, is no change any more; nor is the delete of a row that the source has by now.
 */
export async function changesFor(work: SegmentWork, differences: readonly Difference[]): Promise<Change[]> {
  const rows = new Map((await work.source.rows(differences.map((d) => d.key))).map((r) => [keyId(r.key), r]));
  await fp('chunk.read');
  const changes = (await beyondFilter(work, differences)).flatMap((d) => {
    const row = rows.get(keyId(d.key));
    // a row that the source has by now is not deleted
    if (d.kind === 'target_only')
      return row ? [] : [{ kind: 'delete', key: d.key, expected: d.target } satisfies Change];
    return row ? (changeOf(d, row) ?? []) : [];
  });
  await fp('transform.done');
  return changes;
}

/** Differences that the conflict strategy lets the source win. */
export function decided(work: SegmentWork, differences: readonly Difference[]) {
  const decision = conflictStrategy(work.config.conflict_strategy).decide();
  const wanted = differences.filter(
    (d) => d.kind === 'source_only' || (d.kind === 'both_differ' && decision.winner === 'source'),
  );
  return { wanted, rule: decision.rule };
}

const stateOf = (error: unknown) => (error instanceof SyncError ? error.facts.sqlstate : undefined);

/** A reference refused the row: a missing parent, or children where a row is deleted (RESTRICT has its own state since 18). */
const byReference = (error: unknown) => ['23503', '23001'].includes(String(stateOf(error)));

/** Rows that refer to later rows of their own table, or exchange unique values with them, can only go in together. */
function mayNeedMore(work: SegmentWork, error: unknown): boolean {
  return (work.plan.selfReferencing && byReference(error)) || (exchanges(work) && stateOf(error) === '23505');
}

const exchanges = (work: SegmentWork) => (work.plan.uniques?.length ?? 0) > 0;

/** Most bytes of rows that go together because they wait for each other. */
export const TOGETHER_BYTES = 4 * CHUNK_BYTES;

/** Whether the rows could be written without the references that the order of the tables does not respect. */
function mayLeaveOut(work: SegmentWork, error: unknown): boolean {
  const { nullFirst, compares } = work.plan;
  return work.id.pass === 'apply' && compares === 'row' && nullFirst !== undefined && stateOf(error) === '23503';
}

/** The changes without the references that may come later; the revisit pass completes them. */
function leftOut(work: SegmentWork, changes: readonly Change[]): Change[] {
  const late = new Set(work.plan.columns.flatMap((c, i) => (work.plan.nullFirst?.includes(c.name) ? [i] : [])));
  return changes.map((c): Change => {
    if (c.kind === 'delete' || !c.row.values.some((v, i) => v !== null && late.has(i))) return c;
    return { ...c, partly: true, row: { ...c.row, values: c.row.values.map((v, i) => (late.has(i) ? null : v)) } };
  });
}

/** Why the target refused this one row, or undefined when the error says nothing about the row. */
function refusal(difference: Difference, error: unknown): QuarantinedRow | undefined {
  if (!(error instanceof SyncError) || error.code !== 'row_rejected') return undefined;
  const { sqlstate, constraint, object } = error.facts;
  const where = constraint ?? object;
  return {
    key: difference.key,
    code: difference.kind === 'target_only' && byReference(error) ? 'still_referenced' : rowCode(String(sqlstate)),
    sqlstate: String(sqlstate),
    ...(where !== undefined && { object: String(where) }),
  };
}

/** A key that somebody else has inserted meanwhile refuses ours: the row moved, it is not poison. */
async function movedMeanwhile(work: SegmentWork, difference: Difference, poison: QuarantinedRow): Promise<boolean> {
  if (poison.code !== 'unique_clash' || difference.kind !== 'source_only') return false;
  return (await work.target.rows([difference.key])).length > 0;
}

/** What the next attempt at `wanted[at]` and after does: how many rows and how, or the one row that is put aside. */
export interface Slice {
  readonly size: number;
  readonly poison?: QuarantinedRow;
  /** More rows did not help: no more of this in the finding. */
  readonly settled?: boolean;
  /** Part of rows that were refused together: not to be joined again, whatever refuses this part. */
  readonly halved?: boolean;
  /** References that may come later are left out. */
  readonly partly?: boolean;
  /** Rows elsewhere that hold the unique values are brought in (revisit only). */
  readonly together?: boolean;
}

/** An attempt that was refused. */
interface Attempt {
  readonly rows: readonly Difference[];
  /** Nothing of the finding is behind these rows. */
  readonly last: boolean;
  readonly tried: Slice;
}

/**
 * After a chunk was refused: the same rows and as many behind them, where they may wait for those; the same rows without
 * references that may come later; else half of it, until the one row that is at fault stands alone and is put aside. So a
 * poison row costs log2(batch) attempts and nobody else.
 */
export async function afterRefusal(work: SegmentWork, attempt: Attempt, error: unknown): Promise<Slice> {
  const { rows, last, tried } = attempt;
  const [first] = rows;
  const poison = first && refusal(first, error);
  if (!poison) throw error;
  const size = rows.length;
  const { settled = false, halved = false } = tried;
  if (work.id.pass === 'revisit' && stateOf(error) === '23505' && exchanges(work) && !tried.together)
    return { size, settled, halved, together: true };
  if (mayNeedMore(work, error) && !settled && !halved && !last && size * work.plan.rowBytesEstimate < TOGETHER_BYTES)
    return { size: size * 2 };
  const spent = settled || (mayNeedMore(work, error) && !halved);
  if (mayLeaveOut(work, error) && !tried.partly) return { size, settled: spent, halved, partly: true };
  if (size > 1) return { size: Math.ceil(size / 2), settled: spent, halved: true };
  if (await movedMeanwhile(work, first, poison)) throw new SyncError('target_moving', 'A row appeared in the target.');
  return { size: 1, poison, settled: spent, halved };
}

/**
 * Decides and applies one finding, in chunks of at most `batch_size` rows; true means: hand over.
 *
 * Only the last chunk moves the cursor past the finding's buckets. The ones before leave it and note in `credit` how many
 * rows they applied in whole, because whoever resumes will find those equal.
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
    const whole = next.poison ? [] : await changesFor(work, slice);
    const changes = next.partly ? leftOut(work, whole) : whole;
    const partly = changes.filter((c) => c.kind !== 'delete' && c.partly).length;
    const { through, credit } = work.cursor;
    const startedMs = work.nowMs();
    const final = { cursor: { through: finding.through, credit: 0 }, counts: { unchanged, kept: extra.length }, extra };
    const partial = { cursor: { through, credit: credit + changes.length - partly }, counts: {} };
    try {
      const handOver = await commit(work, {
        changes,
        ...(next.poison && { quarantine: [next.poison] }),
        buckets: slice.map((d) => d.bucket),
        ...(partly > 0 && { unexplained: partly }),
        rule,
        ...(last ? final : partial),
      });
      if (handOver) return true;
    } catch (error) {
      next = await afterRefusal(work, { rows: slice, last, tried: next }, error);
      continue;
    }
    at += slice.length;
    if (changes.length > 0) work.chunkRows = nextChunkRows(slice.length, work.nowMs() - startedMs);
    next = { size: Math.min(chunkRows(work), slice.length * 2), ...(next.settled && { settled: true }) };
  } while (at < wanted.length);
  return false;
}

/** A row that is not deleted after all was counted as kept; now it is put aside instead. */
const deleteCounts = ({ deleted, quarantined }: Applied): Partial<Counts> => ({
  deleted,
  quarantined,
  kept: -deleted - quarantined,
});

/** Deletes the target-only rows of a finding, in chunks; a row that others refer to is put aside. True means: hand over. */
export async function deleteFinding(work: SegmentWork, finding: Finding): Promise<boolean> {
  const gone = finding.differences.filter((d) => d.kind === 'target_only');
  let next: Slice = { size: chunkRows(work) };
  let at = 0;
  while (at < gone.length) {
    const slice = gone.slice(at, at + next.size);
    const last = at + slice.length === gone.length;
    const changes = next.poison ? [] : await changesFor(work, slice);
    try {
      const handOver = await commit(work, {
        changes,
        ...(next.poison && { quarantine: [next.poison] }),
        buckets: slice.map((d) => d.bucket),
        cursor: last ? { through: finding.through, credit: 0 } : work.cursor,
        counts: {},
        recount: deleteCounts,
        rule: 'delete_mode',
      });
      if (handOver) return true;
    } catch (error) {
      next = await afterRefusal(work, { rows: slice, last, tried: next }, error);
      continue;
    }
    at += slice.length;
    next = { size: chunkRows(work), ...(next.settled && { settled: true }) };
  }
  return false;
}

/** Rows that moved between the look and the write are looked at again; other errors are not for this level. */
export const LOOK_AGAIN: ReadonlySet<ErrorCode> = new Set(['target_moving']);
