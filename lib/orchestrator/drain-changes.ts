import { ChangedKeys } from '../change-detector/changed-keys.ts';
import { fp } from '../failpoint.ts';
import { type Drained, type Lsn, laterLsn, lsnBytes } from '../model/change-stream.ts';
import { SyncError } from '../model/errors.ts';
import type { ChangeLog, ChangeSource, JobRun } from '../ports.ts';

/** Bounds of a drain; the defaults are measured (docs/adr/0016-change-data-capture.md). */
export interface DrainLimits {
  /** Messages asked for at once; whole transactions, so there may be more. */
  readonly peekMessages: number;
  /** A table with more changed keys than this is compared whole: that is cheaper, and bounds what waits in the target. */
  readonly mostKeys: number;
  /** Keys held before they are written to the target. */
  readonly heldKeys: number;
  /** After this time what is left in the log waits for the next job. */
  readonly ms: number;
}

export const DRAIN_LIMITS: DrainLimits = { peekMessages: 100_000, mostKeys: 200_000, heldKeys: 20_000, ms: 300_000 };

export interface Drain {
  readonly source: ChangeSource;
  readonly log: ChangeLog;
  readonly run: JobRun;
  readonly stream: string;
  readonly nowMs: () => number;
  readonly limits?: Partial<DrainLimits>;
}

const timedOut = (error: unknown) => error instanceof SyncError && error.code === 'statement_timeout';

/** Every table of the stream is to be compared whole, and nothing up to `through` is decoded: its log is too large for that. */
async function giveUpLog({ log, run, stream }: Drain, from: Lsn, through: Lsn): Promise<void> {
  const tables = await log.tables(stream);
  await log.drain(run, { stream, from, tables }, async (put) => {
    await put({ keys: [], dirty: tables.map((_, i) => i) });
    return through;
  });
}

/** One look at the log, in one transaction of the target. */
async function drainSome(d: Drain, limits: DrainLimits, from: Lsn, upto: Lsn): Promise<Drained> {
  const tables = await d.log.tables(d.stream);
  const found = new ChangedKeys(tables, limits.mostKeys);
  let through = from;
  await d.log.drain(d.run, { stream: d.stream, from, tables }, async (put) => {
    through = await d.source.peek(d.stream, { upto, most: limits.peekMessages }, async (messages) => {
      for (const message of messages) found.take(message);
      if (found.size >= limits.heldKeys) await put(found.flush());
    });
    await put(found.flush());
    await fp('changes.put');
    return through;
  });
  await fp('changes.kept');
  const { transactions, changes, committedAt } = found;
  return { through, transactions, changes, ...(committedAt && { committedAt: committedAt.toISOString() }) };
}

/**
 * Takes what the source's log tells from `from` up to `upto` over into the target's log of changes, step by step: first the
 * keys with how far they came, in one transaction of the target, then the slot. So whoever dies, nothing is passed over,
 * and what is told twice is the same key twice. Stops early where the time is up.
 */
export async function drainChanges(d: Drain, from: Lsn, upto: Lsn): Promise<Drained> {
  const limits = { ...DRAIN_LIMITS, ...d.limits };
  const deadline = d.nowMs() + limits.ms;
  await d.source.advance(d.stream, from); // an earlier run may have died between the two databases
  let sum: Drained = { through: from, transactions: 0, changes: 0 };
  while (lsnBytes(sum.through) < lsnBytes(upto) && d.nowMs() < deadline) {
    const before = sum.through;
    try {
      const { transactions, changes, ...step } = await drainSome(d, limits, before, upto);
      sum = { ...sum, ...step, transactions: sum.transactions + transactions, changes: sum.changes + changes };
    } catch (error) {
      if (!timedOut(error)) throw error;
      await giveUpLog(d, before, upto);
      sum = { ...sum, through: laterLsn(before, upto) };
    }
    await d.source.advance(d.stream, sum.through);
  }
  await fp('changes.advanced');
  return sum;
}
