import type { Finding } from '../change-detector/strategy.ts';
import { type Change, type Difference, keyId } from '../model/change.ts';
import type { Applied } from '../model/checkpoint.ts';
import type { Counts } from '../model/job.ts';
import { TOGETHER_BYTES } from '../model/limits.ts';
import { toDelete } from './adoption.ts';
import { arbitrate } from './arbitrate.ts';
import {
  afterRefusal,
  type Batch,
  batchFor,
  chunkRows,
  cursorAfter,
  decided,
  deletesBack,
  type Slice,
} from './pipeline.ts';
import { mayChange } from './project-rows.ts';
import { refusedConflicts } from './refused-conflicts.ts';
import { commit, type SegmentWork } from './segment-work.ts';
import { courtOf, decidedBy, ruledCounts, together } from './three-way.ts';
import { findings } from './verify-pass.ts';
import { writeBack } from './write-back.ts';

/** Most rows that are brought in from elsewhere because they hold each other's unique values. */
const MOST_HOLDERS = 20_000;

/** About how many bytes of text these changes hold. */
const bytesOf = (changes: Iterable<Change>) =>
  [...changes]
    .flatMap((c) => (c.kind === 'delete' ? [] : c.row.values))
    .reduce((sum, value) => sum + (value?.length ?? 0), 0);

/**
 * Changes of target rows, wherever they are, that hold a unique value which the given changes need, and that the source
 * has under another value: rows that exchange values go together, in one transaction.
 */
async function withHolders(work: SegmentWork, batch: Batch): Promise<Batch> {
  const { changes } = batch;
  const court = courtOf(work);
  const asked = batch.found ? [batch.found] : [];
  const all = new Map(changes.map((c) => [keyId(c.kind === 'delete' ? c.key : c.row.key), c]));
  let open = changes.some((c) => c.kind !== 'delete' && c.row.streamed) ? [] : [...changes]; // such a row goes alone
  for (;;) {
    const room = TOGETHER_BYTES - bytesOf(all.values());
    if (open.length === 0 || all.size >= MOST_HOLDERS || room <= 0) break;
    const rows = open.flatMap((c) => (c.kind === 'delete' ? [] : [c.row]));
    const holders = (await work.database.uniqueHolders(work.plan, rows)).filter((h) => !all.has(keyId(h.key)));
    const movable = await mayChange(
      work,
      holders.map((h) => h.key),
    );
    const held = holders.filter((h) => movable.has(keyId(h.key)));
    if (court) {
      // a row that stands in the way is moved only where the source may have it its way
      const differences = held.map((h) => ({
        kind: 'both_differ' as const,
        bucket: 0,
        key: h.key,
        source: '',
        target: '',
      }));
      const found = await arbitrate(court, differences, room);
      asked.push({ ...found, bases: [], raise: [], close: [], back: [] });
      open = found.changes.filter((c) => c.kind === 'update' && !c.merged && !c.row.streamed);
      for (const c of open) all.set(keyId(c.kind === 'delete' ? c.key : c.row.key), c);
      continue;
    }
    const fetched = await work.source.rows(
      held.map((h) => h.key),
      room,
    );
    const wanted = new Map(fetched.rows.filter((r) => !r.streamed).map((r) => [keyId(r.key), r]));
    open = held.flatMap((h): Change[] => {
      const row = wanted.get(keyId(h.key));
      return row && row.fingerprint !== h.fingerprint ? [{ kind: 'update', row, expected: h.fingerprint }] : [];
    });
    for (const c of open) all.set(keyId(c.kind === 'delete' ? c.key : c.row.key), c);
  }
  const found = together(asked);
  return { ...batch, changes: [...all.values()], ...(found && { found }) };
}

const isRow = (d: Difference) => d.kind !== 'target_only';

/** What the second look adds to counts: rows put aside before are applied or deleted now, the others were counted. */
function recount(changes: readonly Change[], put: ReadonlySet<string>) {
  const noted = (kind: Change['kind']) =>
    changes.filter((c) => c.kind === kind && put.has(keyId(c.kind === 'delete' ? c.key : c.row.key))).length;
  const [inserts, updates, deletes] = [noted('insert'), noted('update'), noted('delete')];
  return ({ inserted, deleted, quarantined }: Applied): Partial<Counts> => ({
    read: inserted - inserts,
    inserted: inserted - quarantined, // a row that was written in part, and is refused in whole, is put aside now
    updated: updates,
    deleted,
    quarantined: quarantined - inserts - updates - deletes,
  });
}

async function revisitFinding(work: SegmentWork, finding: Finding, put: ReadonlySet<string>): Promise<boolean> {
  const rows = decided(work, finding.differences).wanted.filter(isRow);
  const all = (await toDelete(work, finding.differences)).filter((d) => put.has(keyId(d.key)));
  if (await deletesBack(work, all)) return true;
  const gone = all.filter((d) => d.kind === 'target_only');
  const todo: readonly Difference[] = [...gone, ...rows];
  let next: Slice = { size: chunkRows(work) };
  let at = 0;
  while (at < todo.length) {
    const kind = isRow(todo[at] as Difference); // at < length
    const asked = todo.slice(at, at + next.size).filter((d) => isRow(d) === kind);
    let slice = asked;
    try {
      const read = await batchFor(work, asked, next);
      const batch = next.together ? await withHolders(work, read) : read;
      slice = asked.slice(0, batch.covered);
      const last = at + slice.length === todo.length;
      const { changes, found } = batch;
      const keys = changes.map((c) => (c.kind === 'delete' ? c.key : c.row.key));
      const handOver = await commit(work, {
        changes,
        ...(batch.refused.length > 0 && { quarantine: batch.refused }),
        release: keys.filter((k) => put.has(keyId(k))),
        buckets: slice.map((d) => d.bucket),
        cursor: last ? cursorAfter(finding) : work.cursor,
        counts: {},
        recount: recount(changes, put),
        ...(found && { decided: decidedBy(work, found), decisions: ruledCounts(found.ruled) }),
        rule: 'revisit',
      });
      if (handOver) return true;
    } catch (error) {
      const last = at + asked.length === todo.length || slice.length < asked.length;
      next = await afterRefusal(work, { rows: slice, last, tried: next }, error);
      continue;
    }
    at += slice.length;
    next = { size: chunkRows(work) };
  }
  return false;
}

/**
 * Looks again at rows that had to wait for others: refused because the row they refer to, or the unique value they need,
 * was not there or not free yet; written without a reference; or not deleted because others still referred to them.
 *
 * Comes after the deletes, so that values held by rows that only the target had are free. What is refused now stays in
 * quarantine, with the reason of the first time.
 */
export async function revisitPass(work: SegmentWork): Promise<boolean> {
  const put = new Set((await work.database.quarantined(work.id.jobId, work.id.table)).map(keyId));
  const runs = await work.database.notedBuckets(work.id, 'written');
  for await (const finding of findings(work, { runs })) if (await revisitFinding(work, finding, put)) return true;
  if (await writeBack(work, { put })) return true;
  const refused = await refusedConflicts(work);
  await commit(work, {
    changes: [],
    buckets: [],
    cursor: work.cursor,
    counts: {},
    ...(refused && {
      decided: refused.decided,
      release: refused.keys,
      recount: () => ({ conflicts: refused.keys.length, quarantined: -refused.keys.length }),
    }),
    finished: true,
    rule: 'revisit',
  });
  return false;
}
