import { SyncError } from '../model/errors.ts';
import type { Part, PassPlan, SegmentPlan } from '../model/message.ts';

/**
 * How much one execution of a state machine carries. Each history stays below 5,000 events even where every task is retried
 * as often as its machine allows, and each state below 16 KiB; test/infra/bounds.test.ts counts both over the machines.
 */
export const PAGE_TABLES = 100;

/** Tables that SyncJob runs by itself in a pass, without a part in between. */
export const DIRECT_TABLES = 25;

/** Parts of one execution; a part that is larger than a page is divided again. */
export const FAN_OUT = 30;

/** Segments of one execution of a table. */
export const SEGMENTS_AT_ONCE = 64;

/** Most bytes of a state, as JSON. Step Functions takes 256 KiB; ids of a page take 1 KiB. */
export const STATE_BYTES = 16 * 1024;

/**
 * History events that each of these costs its execution at most, every retry used up, and how many of them an execution has
 * for what a step plans: SyncJob for each of its four passes, SyncPart, SyncTable. test/infra/bounds.test.ts counts them over
 * the machines, and that they stay below MOST_EVENTS with all that is fixed.
 */
export const EVENTS = { table: 32, level: 6, part: 32, segment: 68 } as const;
export const SHARES = { job: 1_100, part: 4_500, table: 4_700 } as const;
export const MOST_EVENTS = 5_000;

/**
 * Looks at the source's log that one execution of a job makes which follows it until it is stopped. A round that begins within
 * the first LOOKS_BEFORE_WORK is gone through by the same execution, a later one by the next: a look costs at most 62 events,
 * every retry used up.
 */
export const LOOKS = 60;
export const LOOKS_BEFORE_WORK = 1;

type Levels = readonly (readonly number[])[];

/**
 * Cuts levels of tables into pages of at most PAGE_TABLES tables, in order; a level may go over several pages. Static: the
 * same plan has the same pages whenever it is asked, whatever was done meanwhile. Pure.
 */
export function pagesOf(levels: Levels): readonly Levels[] {
  const pages: number[][][] = [];
  let room = 0;
  for (const level of levels) {
    for (let at = 0; at < level.length; ) {
      if (room === 0) {
        pages.push([]);
        room = PAGE_TABLES;
      }
      const some = level.slice(at, at + room);
      pages.at(-1)?.push(some);
      at += some.length;
      room -= some.length;
    }
  }
  return pages;
}

const range = (from: number, to: number, size: number): Part[] =>
  Array.from({ length: Math.ceil((to - from) / size) }, (_, i) => ({
    from: from + i * size,
    to: Math.min(to, from + (i + 1) * size),
  }));

/** What a step plans. Throws `execution_too_large` where that would take its execution past its bound of events. */
function carried<P extends Partial<PassPlan & SegmentPlan>>(plan: P, share: number): P {
  const { levels = [], parts = [], segments = [] } = plan;
  const events =
    EVENTS.table * levels.flat().length +
    EVENTS.level * levels.length +
    EVENTS.part * parts.length +
    EVENTS.segment * segments.length;
  if (events <= share) return plan;
  throw new SyncError('execution_too_large', `A step planned ${events} events for an execution that has ${share}.`);
}

/**
 * What one execution does of a pass: the tables themselves where they are few enough, else parts, each an execution of its
 * own, one after another. `todo`: tables that have something to do; `part`: a range of pages, absent for all of them. Pure.
 */
export function partition(levels: Levels, todo: ReadonlySet<number>, part?: Part): PassPlan {
  const pages = pagesOf(levels);
  const { from, to } = part ?? { from: 0, to: pages.length };
  const open = (some: Part) =>
    pages
      .slice(some.from, some.to)
      .flatMap((page) => page.map((level) => level.filter((t) => todo.has(t))))
      .filter((level) => level.length > 0);
  const tables = open({ from, to });
  const share = part ? SHARES.part : SHARES.job;
  if (tables.flat().length <= (part ? PAGE_TABLES : DIRECT_TABLES))
    return carried({ levels: tables, parts: [] }, share);
  const parts = range(from, to, Math.ceil((to - from) / FAN_OUT)).filter((p) => open(p).length > 0);
  return carried({ levels: [], parts }, share);
}

/** The same for the segments of a table; `part` is a range of their numbers. Pure. */
export function partitionSegments(todo: readonly number[], part?: Part): SegmentPlan {
  const own = part ? todo.filter((s) => s >= part.from && s < part.to) : todo;
  const last = own.at(-1);
  if (own.length <= SEGMENTS_AT_ONCE || last === undefined) return carried({ segments: own, parts: [] }, SHARES.table);
  const parts = range(0, last + 1, SEGMENTS_AT_ONCE);
  const full = parts.filter((p) => own.some((s) => s >= p.from && s < p.to));
  return carried({ segments: [], parts: full }, SHARES.table);
}

/** Throws where a step would put more into its execution's state than fits; that would be a bug of ours. */
export function assertState(output: unknown): void {
  const bytes = Buffer.byteLength(JSON.stringify(output) ?? '');
  if (bytes > STATE_BYTES) throw new SyncError('internal', `A step answered ${bytes} bytes of state.`);
}
