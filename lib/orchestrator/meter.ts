import { type Counts, SOURCE_COUNTS } from '../model/job.ts';
import type { Figures } from '../model/metrics.ts';

/** CloudWatch takes so many values of one metric from a line. */
const MOST_VALUES = 100;

/** CloudWatch keeps minutes; of a worker that dies, what it did in the last seconds is missing from the metrics alone. */
const EVERY_MS = 10_000;

/** What happened between two counts, as metrics. A dry run reads, and only says what it would write. Pure. */
export function rowFigures(before: Counts, now: Counts, dryRun: boolean): Figures {
  const more = (name: keyof Counts) => (now[name] ?? 0) - (before[name] ?? 0);
  const read = { RowsRead: more('read') };
  if (dryRun) return read;
  return {
    ...read,
    RowsInserted: more('inserted'),
    RowsUpdated: more('updated'),
    RowsDeleted: more('deleted'),
    RowsKept: more('kept'),
    RowsWrittenBack: SOURCE_COUNTS.reduce((n, name) => n + more(name), 0),
    RowsPutAside: more('quarantined'),
    RowsInConflict: more('conflicts'),
  };
}

/** Counts the chunks of one invocation, and tells of them each some seconds, and of the rest at the end. */
export interface Meter {
  chunk(ms: number, counts: Counts): void;
  end(): void;
}

/** `from`: the counts that the segment had before; `tell` writes a line of the log. */
export function startMeter(
  from: Counts,
  {
    dryRun,
    nowMs,
    tell,
  }: { readonly dryRun: boolean; readonly nowMs: () => number; readonly tell: (figures: Figures) => void },
): Meter {
  let told = { counts: from, atMs: nowMs() };
  let counts = from;
  let chunks: number[] = [];
  const end = () => {
    if (chunks.length === 0) return;
    const figures = { ...rowFigures(told.counts, counts, dryRun), ChunkMilliseconds: chunks };
    told = { counts, atMs: nowMs() };
    chunks = [];
    tell(figures);
  };
  return {
    chunk(ms, now) {
      counts = now;
      chunks.push(ms);
      if (chunks.length >= MOST_VALUES || nowMs() - told.atMs >= EVERY_MS) end();
    },
    end,
  };
}
