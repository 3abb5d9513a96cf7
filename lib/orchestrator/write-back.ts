import { fp } from '../failpoint.ts';
import { type Change, keyId, type RowImage } from '../model/change.ts';
import type { Applied, QuarantinedRow } from '../model/checkpoint.ts';
import { SyncError } from '../model/errors.ts';
import { type BackChange, countedAs, type Intent, type SettledIntents } from '../model/intent.ts';
import { addCounts, type Counts, NO_COUNTS } from '../model/job.ts';
import { CHUNK_BYTES, TOGETHER_BYTES } from '../model/limits.ts';
import type { WorkSource } from '../ports.ts';
import { chunkRemedy } from './healing.ts';
import { chunkRows, guardQuarantine, refusal } from './pipeline.ts';
import { commit, healed, patiently, type SegmentWork } from './segment-work.ts';

// How rows that the target decides about come to the source. A chunk of the target has decided them and stored an intent for
// each, so whatever dies here is found again: what the source has marked as applied is settled, the rest is tried.

/** How rows are counted that the source has got. `put`: rows put aside before; `again`: they were counted by an earlier look. */
interface Counting {
  readonly put?: ReadonlySet<string>;
  readonly again?: boolean;
}

/** Intents of the next transaction, and how it is tried. */
interface Attempt {
  readonly size: number;
  /** Rows that could only be written together were joined before: no more of this. */
  readonly joined: boolean;
  readonly maxBytes: number;
}

/** What is left of intents once both sides were asked what they have now. */
interface Look {
  readonly ready: readonly (Intent & { readonly row?: RowImage })[];
  readonly moved: readonly Intent[];
  readonly tooLarge: readonly Intent[];
}

const sum = (all: readonly Partial<Counts>[]): Counts =>
  all.reduce((n: Counts, c) => addCounts(n, { ...NO_COUNTS, ...c }), NO_COUNTS);

/** What a row adds to the counts that the source has got, or that was refused. */
function counted(intent: Intent, as: keyof Counts, { put }: Counting): Partial<Counts> {
  if (!intent.counted) return {};
  if (put?.has(keyId(intent.key))) return as === 'quarantined' ? {} : { quarantined: -1, [as]: 1 };
  if (!intent.merged) return { kept: -1, [as]: 1 };
  return as === 'quarantined' ? { updated: -1, quarantined: 1 } : {};
}

/** Values that are kept with the base, of those rows that still are what was written. */
function withImages(work: SegmentWork, done: readonly Intent[], rows: readonly RowImage[]): SettledIntents['done'] {
  const { columns, conflicts } = work.plan;
  const images = conflicts?.images ?? [];
  const byKey = new Map(rows.map((r) => [keyId(r.key), r]));
  return done.map((intent) => {
    const row = byKey.get(keyId(intent.key));
    if (images.length === 0 || !row || row.streamed || row.fingerprint !== intent.after?.row) return intent;
    return { ...intent, image: columns.flatMap((c, i) => (images.includes(c.name) ? [row.values[i] ?? null] : [])) };
  });
}

/** Settles intents in a chunk of the target: bases, counts, and what lapsed or was refused. True: hand over. */
async function settle(
  work: SegmentWork,
  what: {
    readonly done?: readonly Intent[];
    readonly rows?: readonly RowImage[];
    readonly changes?: readonly Change[];
    readonly dropped?: readonly Intent[];
    readonly poison?: { readonly intent: Intent; readonly row: QuarantinedRow };
  },
  how: Counting,
): Promise<boolean> {
  const { done = [], rows = [], changes = [], dropped = [], poison } = what;
  const aside = poison && !how.again ? poison : undefined; // a final comparison puts nothing aside
  const release = done.filter((i) => how.put?.has(keyId(i.key))).map((i) => i.key);
  const handOver = await commit(work, {
    changes: [],
    settled: { done: withImages(work, done, rows), dropped: [...dropped, ...(poison ? [poison.intent] : [])], changes },
    ...(aside && { quarantine: [aside.row] }),
    ...(release.length > 0 && { release }),
    buckets: [],
    cursor: work.cursor,
    counts: {},
    recount: ({ quarantined }: Applied) =>
      sum([
        ...done.map((i) => counted(i, countedAs(i), how)),
        ...(aside && quarantined > 0 ? [counted(aside.intent, 'quarantined', how)] : []),
      ]),
    ...(how.again && { again: true }),
    rule: 'written_back',
  });
  await fp('back.settled');
  return handOver;
}

/** What both sides have now of rows that the source is to get: those of the first intents that `maxBytes` hold. */
async function look(work: SegmentWork, intents: readonly Intent[], maxBytes: number): Promise<Look> {
  const keys = intents.map((i) => i.key);
  if (intents[0]?.after === null) {
    const there = new Set((await work.target.prints(keys)).map((p) => keyId(p.key)));
    const back = (i: Intent) => there.has(keyId(i.key));
    return { ready: intents.filter((i) => !back(i)), moved: intents.filter(back), tooLarge: [] };
  }
  const fetched = await work.target.rows(keys, maxBytes);
  const rows = new Map(fetched.rows.map((r) => [keyId(r.key), r]));
  const large = new Set(fetched.tooLarge.map(keyId));
  const some = intents.slice(0, Math.max(1, fetched.covered));
  const ready = some.flatMap((i) => {
    const row = rows.get(keyId(i.key));
    return row && row.fingerprint === i.after?.row ? [{ ...i, row }] : [];
  });
  const tooLarge = some.filter((i) => large.has(keyId(i.key)));
  const left = new Set([...ready, ...tooLarge].map((i) => i.id));
  return { ready, tooLarge, moved: some.filter((i) => !left.has(i.id)) };
}

function changeOf({ key, before, row }: Look['ready'][number]): Change {
  if (!row) return { kind: 'delete', key, expected: before ?? '' };
  return before === null ? { kind: 'insert', row } : { kind: 'update', row, expected: before };
}

/** Which of these the source does not have any more as it was when they were decided. */
async function lapsed(work: SegmentWork, intents: readonly Intent[]): Promise<readonly Intent[]> {
  const prints = await work.source.prints(intents.map((i) => i.key));
  const now = new Map(prints.map((p) => [keyId(p.key), p.row]));
  const moved = intents.filter((i) => (now.get(keyId(i.key)) ?? null) !== i.before);
  return moved.length > 0 ? moved : intents; // it went back and forth: all are decided again
}

/** Rows that refer to one another, or exchange unique values, can only be written together. */
function mayNeedMore({ plan: { back } }: SegmentWork, error: unknown): boolean {
  const state = error instanceof SyncError ? String(error.facts.sqlstate) : '';
  return (
    (back?.selfReferencing === true && ['23503', '23001'].includes(state)) ||
    ((back?.uniques ?? []).length > 0 && state === '23505')
  );
}

const bySource = ({ object, ...row }: QuarantinedRow): QuarantinedRow => ({
  ...row,
  object: object === undefined ? 'source' : `source ${object}`,
});

/** After a refusal: more rows, half of them, or the one row that is put aside. Throws what is not about rows. */
function afterRefusal(
  work: SegmentWork,
  ready: Look['ready'],
  tried: Attempt,
  error: unknown,
): Attempt | { readonly intent: Intent; readonly row: QuarantinedRow } {
  const [first] = ready;
  if (!first) throw error;
  const size = ready.length;
  const half = { size: Math.ceil(size / 2), joined: true, maxBytes: CHUNK_BYTES };
  if (chunkRemedy(error) === 'smaller' && size > 1) return half;
  const row = refusal({ kind: first.after ? 'source_only' : 'target_only', key: first.key }, error);
  if (!row) throw error;
  if (!tried.joined && mayNeedMore(work, error) && size === tried.size)
    return { size: size * 2, joined: false, maxBytes: TOGETHER_BYTES };
  if (size > 1) return half;
  guardQuarantine(work);
  return { intent: first, row: bySource(row) };
}

/** The first of the intents that are all deletions, or all rows. */
function alike(intents: readonly Intent[]): readonly Intent[] {
  const other = intents.findIndex((i) => (i.after === null) !== (intents[0]?.after === null));
  return other < 0 ? intents : intents.slice(0, other);
}

/** One transaction of the source and the chunk that settles it; what to try next, or that it is time to hand over. */
async function step(
  work: SegmentWork,
  writer: NonNullable<WorkSource['writer']>,
  { tried, how }: { readonly tried: Attempt; readonly how: Counting },
): Promise<Attempt | 'none' | 'hand_over'> {
  const intents = alike(await work.database.intents(work.id, tried.size));
  if (intents.length === 0) return 'none';
  const { ready, moved, tooLarge } = await look(work, intents, tried.maxBytes);
  const size = Math.min(chunkRows(work), Math.max(1, intents.length) * 2);
  const on = (handOver: boolean) => (handOver ? 'hand_over' : { size, joined: tried.joined, maxBytes: CHUNK_BYTES });
  if (moved.length > 0) return on(await settle(work, { dropped: moved }, how));
  const [large] = tooLarge;
  if (large) {
    guardQuarantine(work);
    const row = bySource({ key: large.key, code: 'row_too_large' });
    return on(await settle(work, { poison: { intent: large, row } }, how));
  }
  const changes: readonly BackChange[] = ready.map((i) => ({ id: i.id, change: changeOf(i) }));
  await fp('back.ready');
  try {
    const { id, owner, plan } = work;
    const suppressTriggers = work.config.triggers === 'suppress';
    await patiently(work, () => writer.write({ id, owner, plan, suppressTriggers, changes }, work.database));
  } catch (error) {
    if (error instanceof SyncError && error.code === 'target_moving')
      return on(await settle(work, { dropped: await lapsed(work, ready) }, how));
    const next = afterRefusal(work, ready, tried, error);
    if ('size' in next) {
      if (next.size < ready.length) healed(work, 'healing.chunk_shrunk', error);
      return next;
    }
    healed(work, 'healing.row_isolated', error);
    return on(await settle(work, { poison: next }, how));
  }
  await fp('back.written');
  const rows = ready.flatMap((i) => i.row ?? []);
  return on(await settle(work, { done: ready, rows, changes: changes.map((c) => c.change) }, how));
}

/**
 * Writes what the pass has decided for the source: by compare-and-set on both sides' prints, in transactions of the source that
 * mark the intents, each settled by a chunk of the target. A row that moved meanwhile is left to the next look, one that the
 * source refuses is put aside. True: hand over.
 */
export async function writeBack(work: SegmentWork, how: Counting = {}): Promise<boolean> {
  const { writer } = work.sourceDatabase;
  if (!writer || !work.plan.conflicts?.both || work.config.dry_run) return false;
  let tried: Attempt = { size: chunkRows(work), joined: false, maxBytes: CHUNK_BYTES };
  for (;;) {
    const next = await step(work, writer, { tried, how });
    if (next === 'hand_over') return true;
    if (next === 'none') return false;
    tried = next;
  }
}

/**
 * Before a pass looks at its rows: nobody else writes to the source for its segment any more, what an earlier worker wrote there
 * without telling is settled, and what the counts know nothing of is forgotten, because it is going to be found again.
 */
export async function resumeBack(work: SegmentWork): Promise<boolean> {
  const { writer } = work.sourceDatabase;
  if (!writer || !work.plan.conflicts?.both || work.config.dry_run) return false;
  await writer.claim(work.id, work.owner);
  const marked = await writer.applied(work.id);
  const done = marked.length > 0 ? await work.database.intentsOf(work.id, marked) : [];
  if (done.length > 0) {
    const { jobId, table, pass } = work.id;
    const put = pass === 'revisit' ? new Set((await work.database.quarantined(jobId, table)).map(keyId)) : undefined;
    const { rows } = await work.source.rows(
      done.map((i) => i.key),
      CHUNK_BYTES,
    );
    if (await settle(work, { done, rows }, { again: pass === 'verify', ...(put && { put }) })) return true;
  }
  await work.database.forgetUncounted(work.id);
  return false;
}
