import type { HealingType } from '../audit/healing.ts';
import { jobEvent, SERVICE } from '../audit/job-event.ts';
import { rowDetails } from '../audit/row-details.ts';
import type { Adoption } from '../model/baseline.ts';
import { type BucketRun, type Change, type RowKey, toRuns } from '../model/change.ts';
import type {
  Advance,
  Applied,
  Checkpoint,
  Cursor,
  JobEvent,
  QuarantinedRow,
  Samples,
  SegmentId,
} from '../model/checkpoint.ts';
import type { JobConfig } from '../model/config.ts';
import { countedAs, type SettledIntents } from '../model/intent.ts';
import { addCounts, type Counts, NO_COUNTS, SOURCE_COUNTS } from '../model/job.ts';
import { relationText, type Segment, type TablePlan } from '../model/table.ts';
import type { Decided, RowReader, WorkSource, WorkTarget } from '../ports.ts';
import { CHUNK_TRIES, chunkRemedy } from './healing.ts';
import { reasonOf } from './note-healing.ts';

/** One segment being worked on: its ends, and where its checkpoint stands. Changed by `commit` only. */
export interface SegmentWork {
  readonly id: SegmentId;
  readonly owner: string;
  readonly plan: TablePlan;
  readonly config: JobConfig;
  readonly source: RowReader;
  readonly target: RowReader;
  readonly database: WorkTarget;
  readonly sourceDatabase: WorkSource;
  readonly segment: Segment;
  seq: number;
  cursor: Cursor;
  counts: Counts;
  /** What a dry run shows. */
  samples: Samples;
  /** Rows of the next chunk, as the time of the last ones asks for; at most what the config allows. */
  chunkRows: number;
  /** Milliseconds, to time chunks. */
  readonly nowMs: () => number;
  /** What healed since the last chunk that told of it. */
  readonly healing: HealingNotes;
  /** Called after each commit with what it took; true means: hand over to another invocation. */
  readonly committed: (ms: number) => Promise<boolean>;
  /** Pauses before a chunk that the target rolled back is tried again. */
  readonly pause: (attempt: number, error: unknown) => Promise<void>;
}

/** Healing steps that no chunk has told of yet, each kind once with how often it happened. */
export interface HealingNotes {
  readonly open: Map<string, { readonly type: HealingType; readonly reason: JobEvent['data']; times: number }>;
  /** Events that were told of in this invocation. */
  told: number;
}

/** So many events one invocation tells of as they come; the rest together, with the last chunk of the segment. */
const MOST_TOLD = 50;

/** Notes that the work healed itself, to be told with the next chunk. */
export function healed(work: SegmentWork, type: HealingType, error: unknown): void {
  const reason = reasonOf(error);
  const key = `${type} ${reason.code} ${reason.sqlstate ?? ''}`;
  const noted = work.healing.open.get(key);
  if (noted) noted.times += 1;
  else work.healing.open.set(key, { type, reason, times: 1 });
}

/** What a chunk tells of healing; nothing while there is too much of it. */
function healingOf(work: SegmentWork, finished: boolean): readonly JobEvent[] {
  if (work.healing.told >= MOST_TOLD && !finished) return [];
  return [...work.healing.open.values()].map(({ type, reason, times }) =>
    jobEvent(type, SERVICE, { ...placeOf(work), ...reason, times }),
  );
}

const placeOf = ({ id: { pass, segment }, plan }: SegmentWork) => ({ table: relationText(plan.target), pass, segment });

/** What the trail learns of the rows of a chunk. A chunk whose rows all went in has nothing to say below `detailed`. */
function chunkDetails(work: SegmentWork, step: Step, applied: Applied): readonly JobEvent[] {
  const { audit_level, dry_run } = work.config;
  const at = placeOf(work);
  const { quarantine = [], release = [] } = step;
  const codes = Object.fromEntries(
    [...Map.groupBy(quarantine, (q) => q.code)].map(([code, rows]) => [code, rows.length]),
  );
  const objects = [...new Set(quarantine.flatMap((q) => q.object ?? []))];
  return [
    ...(applied.quarantined > 0
      ? [jobEvent('rows.quarantined', SERVICE, { ...at, rows: applied.quarantined, codes, objects })]
      : []),
    ...(release.length > 0 ? [jobEvent('rows.released', SERVICE, { ...at, rows: release.length })] : []),
    ...(audit_level === 'detailed' && step.settled && step.settled.changes.length > 0
      ? rowDetails(work.plan, { ...at, chunk: work.seq + 1, side: 'source' }, step.settled.changes)
      : []),
    ...(audit_level === 'detailed' && !dry_run
      ? rowDetails(work.plan, { ...at, chunk: work.seq + 1 }, step.changes, applied.quarantined > 0 ? quarantine : [])
      : []),
  ];
}

/** The first chunk of a segment is a careful one. */
const FIRST_CHUNK_ROWS = 1_000;

/** A chunk holds its locks, and delays a stop, for about this long. */
const CHUNK_MS = 500;

/**
 * Chunks do not get smaller than this for their time: with 1,600 columns a statement costs a second or two before its first
 * row (measured), and chunks that are halved for it never end.
 */
const LEAST_ROWS = 50;

/** Rows of the next chunk after one of `rows` took `ms`: towards CHUNK_MS, at most doubled or halved at once. Pure. */
export function nextChunkRows(rows: number, ms: number): number {
  const wanted = ms <= 0 ? rows * 2 : Math.round((rows * CHUNK_MS) / ms);
  return Math.min(rows * 2, Math.max(LEAST_ROWS, Math.ceil(rows / 2), wanted));
}

/** What a chunk adds besides the changes it applies. */
export interface Step {
  readonly changes: readonly Change[];
  readonly cursor: Cursor;
  readonly quarantine?: readonly QuarantinedRow[];
  /** Rows decided without a change: found equal, or kept. */
  readonly counts: Partial<Counts>;
  readonly buckets: readonly number[];
  readonly extra?: readonly number[];
  readonly unexplained?: number;
  readonly inFlight?: number;
  /** Rows put aside before that are applied now. */
  readonly release?: readonly RowKey[];
  /** What the chunk adds to the counts, where rows of it were counted before. */
  readonly recount?: (applied: Applied) => Partial<Counts>;
  /** The rows were counted before; only the event tells of this change. */
  readonly again?: boolean;
  /** What a comparison found that the baseline does not say yet. */
  readonly adopt?: Adoption;
  /** What was decided besides the changes, and how often by which rule. */
  readonly decided?: Decided;
  readonly decisions?: Readonly<Record<string, number>>;
  /** Intents that the source has by now or that lapsed, and what was written to it for them. */
  readonly settled?: SettledIntents & { readonly changes: readonly Change[] };
  /** Target-only rows found that are to be deleted. */
  readonly toDelete?: number;
  readonly finished?: boolean;
  /** The rule that decided, for the audit trail. */
  readonly rule: string;
}

export function startWork(
  base: Omit<SegmentWork, 'seq' | 'cursor' | 'counts' | 'chunkRows' | 'samples' | 'healing'>,
  checkpoint: Checkpoint,
): SegmentWork {
  return {
    ...base,
    chunkRows: FIRST_CHUNK_ROWS,
    samples: {},
    healing: { open: new Map(), told: 0 },
    seq: checkpoint.seq,
    cursor: checkpoint.cursor,
    counts: checkpoint.counts,
  };
}

/** Counts of a chunk. A deleted row was counted as kept by the pass that found it, so the sums stay whole. */
function countsOf(step: Step, applied: Applied): Counts {
  if (step.recount) return { ...NO_COUNTS, ...step.recount(applied) };
  const { inserted, updated, deleted, quarantined } = applied;
  const extra = { ...NO_COUNTS, ...step.counts };
  const back = SOURCE_COUNTS.reduce((n, k) => n + (extra[k] ?? 0), 0);
  const read = inserted + updated + quarantined + extra.unchanged + extra.kept + extra.skipped + extra.conflicts + back;
  return addCounts(extra, { ...NO_COUNTS, read, inserted, updated, deleted, quarantined, kept: -deleted });
}

/** Keys kept of each operation in a dry run. */
const SAMPLES = 5;

/** What a step of a dry run would have done. */
function wouldApply(step: Step, real: Applied): Applied {
  const count = (kind: Change['kind']) => step.changes.filter((c) => c.kind === kind).length;
  return { ...real, inserted: count('insert'), updated: count('update'), deleted: count('delete') };
}

/** Keys of the first few changes of each kind, added to those seen before. */
function sampled(before: Samples, changes: readonly Change[]): Samples {
  const of = (kind: Change['kind']) =>
    changes.filter((c) => c.kind === kind).map((c) => (c.kind === 'delete' ? c.key : c.row.key));
  const some = (kind: 'insert' | 'update' | 'delete') => [...(before[kind] ?? []), ...of(kind)].slice(0, SAMPLES);
  return { insert: some('insert'), update: some('update'), delete: some('delete') };
}

/** What a chunk has seen written to the source. */
function sourceCounts({ done, dropped }: SettledIntents) {
  const of = (name: string) => done.filter((i) => countedAs(i) === name).length;
  const [inserted, updated, deleted] = SOURCE_COUNTS.map(of);
  return { inserted, updated, deleted, moved: dropped.length };
}

/** What of a checkpoint's advance comes from the step alone. */
function advanceBy(work: SegmentWork, step: Step, applied: Applied, written: readonly BucketRun[]): Advance {
  const counts = step.again ? work.counts : addCounts(work.counts, countsOf(step, applied));
  return {
    cursor: step.cursor,
    counts,
    written,
    extra: toRuns(step.extra ?? []),
    toDelete: step.toDelete ?? 0,
    unexplained: step.unexplained ?? 0,
    inFlight: step.inFlight ?? 0,
    finished: step.finished ?? false,
    healing: healingOf(work, step.finished ?? false),
    details: chunkDetails(work, step, applied),
    event: jobEvent(step.finished ? 'segment.finished' : 'chunk.applied', SERVICE, {
      ...placeOf(work),
      rule: step.rule,
      ...applied,
      ...(step.decisions && { decisions: step.decisions }),
      ...(step.settled && { source: sourceCounts(step.settled) }),
      ...(step.unexplained !== undefined && { unexplained: step.unexplained, in_flight: step.inFlight ?? 0 }),
      ...(step.finished && { counts }),
    }),
  };
}

/** Runs a transaction; tries it again, a bounded number of times, where it lost against another one and rolled back. */
export async function patiently<T>(work: SegmentWork, transact: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await transact();
    } catch (error) {
      if (chunkRemedy(error) !== 'again' || attempt === CHUNK_TRIES) throw error;
      healed(work, 'healing.chunk_retried', error);
      await work.pause(attempt, error);
    }
  }
}

/** Runs a transaction of the target that asks what the checkpoint becomes, then moves this work's own picture of it on. */
async function advancing(
  work: SegmentWork,
  make: (applied: Applied) => Advance,
  transact: (chunk: { readonly seq: number; readonly advance: (applied: Applied) => Advance }) => Promise<void>,
): Promise<boolean> {
  let next: Advance | undefined;
  const advance = (applied: Applied) => {
    next = make(applied);
    return next;
  };
  const begunMs = work.nowMs();
  await patiently(work, () => transact({ seq: work.seq + 1, advance }));
  if (!next) throw new TypeError('the target committed without asking what the checkpoint becomes');
  work.seq += 1;
  work.cursor = next.cursor;
  work.counts = next.counts;
  if (next.healing && next.healing.length > 0) {
    work.healing.told += next.healing.length;
    work.healing.open.clear();
  }
  return work.committed(work.nowMs() - begunMs);
}

const chunkBase = (work: SegmentWork) => ({
  id: work.id,
  owner: work.owner,
  plan: work.plan,
  segment: work.segment,
  suppressTriggers: work.config.triggers === 'suppress',
});

/** Applies one step in one transaction of the target. True: hand over. */
export function commit(work: SegmentWork, step: Step): Promise<boolean> {
  const dry = work.config.dry_run;
  const writes = step.changes.length > 0 || step.quarantine || step.decided?.back;
  const written = writes && !dry ? toRuns(step.buckets) : [];
  if (dry) work.samples = sampled(work.samples, step.changes);
  return advancing(
    work,
    (real) => ({
      ...advanceBy(work, step, dry ? wouldApply(step, real) : real, written),
      ...(dry && { samples: work.samples }),
    }),
    (chunk) =>
      work.database.commit({
        ...chunkBase(work),
        ...chunk,
        source: work.sourceDatabase,
        changes: dry ? [] : step.changes,
        ...(step.quarantine && { quarantine: step.quarantine }),
        ...(step.release && { release: step.release }),
        ...(step.adopt && !dry && { adopt: step.adopt }),
        ...(step.decided && !dry && { decided: step.decided }),
        ...(step.settled && { settled: step.settled }),
      }),
  );
}

/** Pipes a run of buckets by COPY in one transaction of the target. True: hand over. */
export function commitCopy(work: SegmentWork, run: BucketRun): Promise<boolean> {
  const cursor = { through: run[1], credit: 0 };
  const step: Step = { changes: [], cursor, counts: {}, buckets: [], rule: 'copy' };
  const mostAside = work.config.max_quarantined_rows - work.counts.quarantined;
  return advancing(
    work,
    ({ aside = [], ...applied }) =>
      advanceBy(work, { ...step, quarantine: aside }, applied, applied.inserted + applied.quarantined > 0 ? [run] : []),
    (chunk) => work.database.copy({ ...chunkBase(work), ...chunk, run, mostAside }, work.sourceDatabase),
  );
}
