import type { ProjectFinding as Finding } from '../change-detector/strategy.ts';
import { fp } from '../failpoint.ts';
import { type Change, type Difference, keyId, type RowImage } from '../model/change.ts';
import type { Applied, Cursor, QuarantinedRow } from '../model/checkpoint.ts';
import { type ErrorCode, SyncError } from '../model/errors.ts';
import { type BackDraft, countedAs } from '../model/intent.ts';
import { addCounts, type Counts, NO_COUNTS } from '../model/job.ts';
import { CHUNK_BYTES, TOGETHER_BYTES } from '../model/limits.ts';
import { rowCode } from '../model/row-code.ts';
import { relationText } from '../model/table.ts';
import { adoptionOf, toDelete } from './adoption.ts';
import { arbitrate } from './arbitrate.ts';
import type { Arbitration } from './court.ts';
import { chunkRemedy } from './healing.ts';
import { refusedIn } from './refused-rows.ts';
import { commit, healed, nextChunkRows, type SegmentWork, type Step } from './segment-work.ts';
import { courtOf, decidedBy, mergedIn, ruledCounts } from './three-way.ts';

/** Rows to ask for: by what the table's rows weigh on average. What they really weigh is seen when they are read. */
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
  const there = new Map(
    (await work.target.fingerprints(missing.map((d) => d.key))).map((r) => [keyId(r.key), r.fingerprint]),
  );
  return differences.map((d) => {
    const target = d.kind === 'source_only' ? there.get(keyId(d.key)) : undefined;
    return d.kind === 'source_only' && target !== undefined ? { ...d, kind: 'both_differ' as const, target } : d;
  });
}

/** What a run of differences comes to. */
export interface Batch {
  readonly changes: readonly Change[];
  /** Rows that are not even read. */
  readonly refused: readonly QuarantinedRow[];
  /** How many of the differences this stands for, from the first; at least one. */
  readonly covered: number;
  /** Where both sides were asked what they have changed. */
  readonly found?: Arbitration;
}

/** Target-only rows are deleted, but for those that the source has by now: among the rows that are meant. */
async function removals(work: SegmentWork, differences: readonly Difference[]): Promise<Change[]> {
  const there = new Set((await work.source.passing(differences.map((d) => d.key))).map(keyId));
  return differences.flatMap((d): Change[] =>
    d.kind === 'target_only' && !there.has(keyId(d.key)) ? [{ kind: 'delete', key: d.key, expected: d.target }] : [],
  );
}

/**
 * Reads the source rows of differences, all of one kind or another than `target_only`, and turns them into changes: as many
 * as `maxBytes` hold. A row that has left the source since, or has become equal, is no change any more.
 */
export async function changesFor(
  work: SegmentWork,
  differences: readonly Difference[],
  maxBytes = CHUNK_BYTES,
): Promise<Batch> {
  if (differences[0]?.kind === 'target_only')
    return { changes: await removals(work, differences), refused: [], covered: differences.length };
  const fetched = await work.source.rows(
    differences.map((d) => d.key),
    maxBytes,
  );
  await fp('chunk.read');
  const rows = new Map(fetched.rows.map((r) => [keyId(r.key), r]));
  const seen = await beyondFilter(work, differences.slice(0, fetched.covered));
  const changes = seen.flatMap((d) => {
    const row = rows.get(keyId(d.key));
    return row && d.kind !== 'target_only' ? (changeOf(d, row) ?? []) : [];
  });
  await fp('transform.done');
  const refused = refusedIn(fetched);
  return { changes, refused, covered: fetched.covered };
}

/** What there is to do for a slice: its first row is put aside, or its rows are read. */
export async function batchFor(work: SegmentWork, slice: readonly Difference[], next: Slice): Promise<Batch> {
  const court = courtOf(work);
  const decidedBefore = ['delete', 'revisit'].includes(work.id.pass) && slice[0]?.kind === 'target_only'; // by who asks
  if (court && !decidedBefore) {
    const found = await arbitrate(court, slice, next.maxBytes ?? CHUNK_BYTES, next.poison);
    await fp('chunk.read');
    return { changes: found.changes, refused: found.refused, covered: found.covered, found };
  }
  if (next.poison) return { changes: [], refused: [next.poison], covered: slice.length };
  return changesFor(work, slice, next.maxBytes);
}

/** Differences to be decided row by row: where the source wins, those whose rows the source has. */
export function decided(work: SegmentWork, differences: readonly Difference[]) {
  if (work.plan.conflicts) return { wanted: differences, rule: 'three_way' };
  return { wanted: differences.filter((d) => d.kind !== 'target_only'), rule: 'source_wins' };
}

const stateOf = (error: unknown) => (error instanceof SyncError ? error.facts.sqlstate : undefined);

/** A reference refused the row: a missing parent, or children where a row is deleted (RESTRICT has its own state since 18). */
const byReference = (error: unknown) => ['23503', '23001'].includes(String(stateOf(error)));

/** Rows that refer to later rows of their own table, or exchange unique values with them, can only go in together. */
function mayNeedMore(work: SegmentWork, error: unknown): boolean {
  return (work.plan.selfReferencing && byReference(error)) || (exchanges(work) && stateOf(error) === '23505');
}

const exchanges = (work: SegmentWork) => (work.plan.uniques?.length ?? 0) > 0;

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
    if (c.kind === 'update' && c.merged) return c; // what is left out could not be told from what the target changed
    return { ...c, partly: true, row: { ...c.row, values: c.row.values.map((v, i) => (late.has(i) ? null : v)) } };
  });
}

/** Why the target refused this one row, or undefined when the error says nothing about the row. */
export function refusal(difference: Pick<Difference, 'kind' | 'key'>, error: unknown): QuarantinedRow | undefined {
  if (!(error instanceof SyncError) || chunkRemedy(error) !== 'isolate') return undefined;
  const { sqlstate, constraint, object, interfered } = error.facts;
  const { key } = difference;
  if (sqlstate === undefined)
    return { key, code: interfered === 'dropped' ? 'target_trigger_dropped' : 'target_value_changed' };
  const where = constraint ?? object;
  return {
    key,
    code: difference.kind === 'target_only' && byReference(error) ? 'still_referenced' : rowCode(String(sqlstate)),
    sqlstate: String(sqlstate),
    ...(where !== undefined && { object: String(where) }),
  };
}

function tooManyRefused({ plan, config }: SegmentWork): SyncError {
  const table = relationText(plan.target);
  return new SyncError(
    'quarantine_limit',
    `More than ${config.max_quarantined_rows} rows (max_quarantined_rows) of one segment of ${table} were refused.`,
    { facts: { table } },
  );
}

/** Throws `quarantine_limit` when a segment would put aside more rows than the config allows. */
export function guardQuarantine(work: SegmentWork): void {
  const { max_quarantined_rows } = work.config;
  if (work.counts.quarantined < max_quarantined_rows) return;
  throw tooManyRefused(work);
}

/** The same for rows that were put aside before anybody tried to write them. */
function guardAside(work: SegmentWork): void {
  if (work.counts.quarantined > work.config.max_quarantined_rows) throw tooManyRefused(work);
}

/** A key that somebody else has inserted meanwhile refuses ours: the row moved, it is not poison. */
async function movedMeanwhile(work: SegmentWork, difference: Difference, poison: QuarantinedRow): Promise<boolean> {
  if (poison.code !== 'unique_clash' || difference.kind !== 'source_only') return false;
  // a row under another spelling of the key, where the target takes them for one, is in the way
  return (await work.target.fingerprints([difference.key])).some((r) => keyId(r.key) === keyId(difference.key));
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
  /** Most bytes of rows; default: those of a chunk. */
  readonly maxBytes?: number;
  /** Rows elsewhere that hold the unique values are brought in (revisit only). */
  readonly together?: boolean;
}

/** An attempt that was refused. */
interface Attempt {
  readonly rows: readonly Difference[];
  /** Nothing of the finding is behind these rows, or no more of it can be held. */
  readonly last: boolean;
  readonly tried: Slice;
}

/**
 * After a chunk was refused: the same rows and as many behind them, where they may wait for those; the same rows without
 * references that may come later; else half of it, until the one row that is at fault stands alone and is put aside. So a
 * poison row costs log2(batch) attempts and nobody else.
 */
export async function afterRefusal(work: SegmentWork, attempt: Attempt, error: unknown): Promise<Slice> {
  const next = await nextSlice(work, attempt, error);
  if (next.poison) healed(work, 'healing.row_isolated', error);
  else if (next.size < attempt.rows.length) healed(work, 'healing.chunk_shrunk', error);
  return next;
}

async function nextSlice(work: SegmentWork, attempt: Attempt, error: unknown): Promise<Slice> {
  const { rows, last, tried } = attempt;
  const [first] = rows;
  const size = rows.length;
  if (chunkRemedy(error) === 'smaller' && size > 1) return { ...tried, size: Math.ceil(size / 2), halved: true };
  const poison = first && refusal(first, error);
  if (!poison) throw error;
  const { settled = false, halved = false } = tried;
  if (work.id.pass === 'revisit' && stateOf(error) === '23505' && exchanges(work) && !tried.together)
    return { size, settled, halved, together: true };
  if (mayNeedMore(work, error) && !settled && !halved && !last) return { size: size * 2, maxBytes: TOGETHER_BYTES };
  const spent = settled || (mayNeedMore(work, error) && !halved);
  if (mayLeaveOut(work, error) && !tried.partly) return { size, settled: spent, halved, partly: true };
  if (size > 1) return { size: Math.ceil(size / 2), settled: spent, halved: true };
  if (await movedMeanwhile(work, first, poison)) throw new SyncError('target_moving', 'A row appeared in the target.');
  guardQuarantine(work);
  return { size: 1, poison, settled: spent, halved };
}

/**
 * What the equal rows of a finding add to the counts. Of keys alone: to the rows skipped, those that the job inserts now
 * among them; `lookedAt` takes off again what is counted elsewhere.
 */
export function countEqual(work: SegmentWork, finding: Finding, pending: Partial<Counts>): Partial<Counts> {
  const { unchanged = 0, skipped = 0, kept = 0 } = pending;
  const left = { kept: kept + (finding.left?.length ?? 0) };
  if (!finding.keysOnly) return { unchanged: unchanged + finding.equal, skipped, ...left };
  const missing = finding.differences.filter((d) => d.kind === 'source_only').length;
  return { ...left, unchanged, skipped: skipped + finding.equal + (work.config.dry_run ? 0 : missing) };
}

/** Rows of both sides that were counted by what happened to them, before a sweep met their keys. */
export function lookedAt({ plan, config, counts }: SegmentWork, pending: Partial<Counts>): number {
  if (!plan.window?.sweep) return 0;
  const rows = counts.updated + counts.unchanged + (pending.unchanged ?? 0) + (config.dry_run ? 0 : counts.inserted);
  return Math.min(rows, counts.skipped + (pending.skipped ?? 0));
}

/** Where a segment stands once all of a finding is decided. */
export function cursorAfter({ through, at }: Finding): Cursor {
  return { through, credit: 0, ...(at && { at }) };
}

/** Counts of both together. */
function counting(a: Partial<Counts>, b: Partial<Counts>): Partial<Counts> {
  return addCounts({ ...NO_COUNTS, ...a }, { ...NO_COUNTS, ...b });
}

/** What a chunk says that is not the last of its finding: how many of its rows whoever resumes will find again. */
function soFar(
  { cursor }: SegmentWork,
  { finding, changes }: { readonly finding: Finding; readonly changes: readonly Change[] },
): Pick<Step, 'cursor' | 'counts'> {
  const partly = partlyIn(changes);
  const again = (cursor.again ?? 0) + partly;
  const merged = (cursor.merged ?? 0) + mergedIn(changes);
  const credited = finding.keysOnly ? 0 : changes.length - partly - mergedIn(changes); // a look at the same buckets finds them equal
  const found = { credit: cursor.credit + credited, ...(again > 0 && { again }), ...(merged > 0 && { merged }) };
  return { cursor: { ...cursor, ...found }, counts: {} };
}

const partlyIn = (changes: readonly Change[]) => changes.filter((c) => c.kind !== 'delete' && c.partly).length;

/** What the rows of a finding came to that are not written. */
interface Tally {
  readonly kept: number;
  readonly conflicts: number;
  readonly equal: number;
  readonly gone: readonly Difference[];
  /** Of a dry run: rows that the source would get. */
  readonly back: Partial<Counts>;
}

function tallied(sum: Tally, found: Arbitration | undefined, dry: boolean): Tally {
  if (!found) return sum;
  const back = dry ? found.back.filter((b) => !b.merged) : [];
  return {
    kept: sum.kept + found.kept - back.length,
    back: back.reduce((n, b) => counting(n, { [countedAs(b)]: 1 }), sum.back),
    conflicts: sum.conflicts + found.raise.length,
    equal: sum.equal + found.equal,
    gone: [...sum.gone, ...found.gone],
  };
}

/**
 * Decides and applies one finding, in chunks of at most `batch_size` rows; true means: hand over.
 *
 * Only the last chunk moves the cursor past the finding's buckets. The ones before leave it and note in `credit` how many
 * rows they applied in whole, because whoever resumes will find those equal. `put`: rows that an earlier look put aside
 * (`keyId`); one that is taken this time is counted anew.
 */
export async function applyFinding(
  work: SegmentWork,
  finding: Finding,
  pending: Partial<Counts>,
  put: ReadonlySet<string>,
): Promise<boolean> {
  const { wanted, rule } = decided(work, finding.differences);
  let tally: Tally = work.plan.conflicts
    ? { kept: 0, conflicts: 0, equal: 0, gone: [], back: {} }
    : {
        kept: finding.differences.filter((d) => d.kind === 'target_only').length,
        conflicts: 0,
        equal: 0,
        gone: await toDelete(work, finding.differences),
        back: {},
      };
  const alike = countEqual(work, finding, pending);
  const { credit, again = 0, merged = 0 } = work.cursor;
  const whole = ({ kept, conflicts, equal, gone, back }: Tally) => ({
    cursor: cursorAfter(finding),
    // rows that an earlier run wrote in part were counted then, and have been found again as updates; merged ones as kept
    counts: {
      ...alike,
      ...back,
      unchanged: (alike.unchanged ?? 0) + equal - credit,
      kept: (alike.kept ?? 0) + kept - merged,
      conflicts,
      ...(again > 0 && { read: -again, updated: -again }),
    },
    extra: gone.map((d) => d.bucket),
    toDelete: gone.length,
  });
  let adopt = await adoptionOf(work, finding);
  let next: Slice = { size: chunkRows(work) };
  let at = 0;
  do {
    const asked = wanted.slice(at, at + next.size);
    let slice = asked;
    let changes: readonly Change[] = [];
    let startedMs = work.nowMs();
    let told = tally;
    try {
      const batch = await batchFor(work, asked, next); // a row may be refused on its way out, too
      told = tallied(tally, batch.found, work.config.dry_run);
      slice = asked.slice(0, batch.covered);
      changes = next.partly ? leftOut(work, batch.changes) : batch.changes;
      const partly = partlyIn(changes);
      const last = at + slice.length === wanted.length;
      const step = last ? whole(told) : soFar(work, { finding, changes });
      const release = changes.map((c) => (c.kind === 'delete' ? c.key : c.row.key)).filter((k) => put.has(keyId(k)));
      startedMs = work.nowMs();
      const handOver = await commit(work, {
        changes,
        ...(batch.refused.length > 0 && { quarantine: batch.refused }),
        buckets: slice.map((d) => d.bucket),
        ...(partly > 0 && { unexplained: partly }),
        ...(adopt && { adopt }),
        ...(batch.found && { decided: decidedBy(work, batch.found), decisions: ruledCounts(batch.found.ruled) }),
        rule,
        ...step,
        release,
        counts: counting(step.counts, { read: -release.length, quarantined: -release.length }),
      });
      if (handOver) return true;
      guardAside(work);
    } catch (error) {
      const last = at + asked.length === wanted.length || slice.length < asked.length;
      next = await afterRefusal(work, { rows: slice, last, tried: next }, error);
      continue;
    }
    adopt = undefined;
    tally = told;
    at += slice.length;
    if (changes.length > 0) work.chunkRows = nextChunkRows(slice.length, work.nowMs() - startedMs);
    next = { size: Math.min(chunkRows(work), slice.length * 2), ...(next.settled && { settled: true }) };
  } while (at < wanted.length);
  return false;
}

/** Notes rows that the target has deleted, so that the source's are deleted too. True: hand over. */
export async function deletesBack(work: SegmentWork, gone: readonly Difference[]): Promise<boolean> {
  const back = gone.flatMap((d): BackDraft[] =>
    d.kind === 'source_only' ? [{ key: d.key, before: d.source, after: null }] : [],
  );
  if (back.length === 0) return false;
  return commit(work, {
    changes: [],
    buckets: gone.map((d) => d.bucket),
    cursor: work.cursor,
    counts: work.config.dry_run ? { kept: -back.length, source_deleted: back.length } : {},
    decided: { bases: [], raise: [], close: [], events: () => [], back },
    rule: 'delete_mode',
  });
}

/** A row that is not deleted after all was counted as kept; now it is put aside instead. */
const deleteCounts = ({ deleted, quarantined }: Applied): Partial<Counts> => ({
  deleted,
  quarantined,
  kept: -deleted - quarantined,
});

/** Deletes the target-only rows of a finding that the delete mode gives up, in chunks; a row that others refer to is put aside. True means: hand over. */
export async function deleteFinding(work: SegmentWork, finding: Finding): Promise<boolean> {
  const all = await toDelete(work, finding.differences);
  const gone = all.filter((d) => d.kind === 'target_only');
  if (await deletesBack(work, all)) return true;
  let next: Slice = { size: chunkRows(work) };
  let at = 0;
  while (at < gone.length) {
    const slice = gone.slice(at, at + next.size);
    const last = at + slice.length === gone.length;
    try {
      const { changes, refused } = await batchFor(work, slice, next);
      const handOver = await commit(work, {
        changes,
        ...(refused.length > 0 && { quarantine: refused }),
        buckets: slice.map((d) => d.bucket),
        cursor: last ? cursorAfter(finding) : work.cursor,
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
