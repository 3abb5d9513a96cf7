import { type AuditEventType, keeps } from '../audit/catalogue.ts';
import { jobEvent, SERVICE } from '../audit/job-event.ts';
import { type Change, type Difference, keyId, type RowKey } from '../model/change.ts';
import type { JobEvent } from '../model/checkpoint.ts';
import { CHUNK_BYTES } from '../model/limits.ts';
import type { FiledBase } from '../model/print.ts';
import { relationText } from '../model/table.ts';
import type { Decided, Raised } from '../ports.ts';
import { arbitrate } from './arbitrate.ts';
import { conflictId } from './conflict-plan.ts';
import type { Arbitration, Court } from './court.ts';
import type { SegmentWork } from './segment-work.ts';

/** The court of a segment's rows; undefined where the source wins everything. */
export function courtOf(work: SegmentWork): Court | undefined {
  const { plan, config, source, target, database } = work;
  const { conflicts } = plan;
  if (!conflicts) return undefined;
  return {
    plan: { ...plan, conflicts },
    source,
    target,
    database,
    deleteMode: config.delete_mode,
    known: (keys) => database.knownKeys({ plan, segment: work.segment, number: work.id.segment }, keys),
    nowMs: work.nowMs(),
  };
}

/** Rows decided at once where none of them is written: their prints are held, and few of their values. */
const LOOK_ROWS = 1_000;

/** What differences come to, a thousand at a time. */
export async function* arbitrations(court: Court, differences: readonly Difference[]): AsyncIterable<Arbitration> {
  for (let at = 0; at < differences.length; ) {
    const found = await arbitrate(court, differences.slice(at, at + LOOK_ROWS), CHUNK_BYTES);
    at += Math.max(1, found.covered);
    yield found;
  }
}

/** Which target-only rows are to be deleted. */
export async function goneOf(court: Court, differences: readonly Difference[]): Promise<readonly Difference[]> {
  const gone: Difference[] = [];
  for await (const found of arbitrations(court, differences)) gone.push(...found.gone);
  return gone;
}

/** How often each rule decided what, for a chunk's event. */
export function ruledCounts(ruled: Arbitration['ruled']): Readonly<Record<string, number>> {
  const names = ruled.map((r) => (r.type === r.rule ? r.rule : `${r.type}/${r.rule}`));
  return Object.fromEntries([...Map.groupBy(names, (n) => n)].map(([name, all]) => [name, all.length]));
}

/**
 * Events of decisions and of conflicts that came or went, as the job's audit level keeps them. They hold no key: whoever has a
 * row's key finds its events by the id that is made of it (`conflictId`).
 */
export function decisionEvents(
  level: Parameters<typeof keeps>[0],
  table: string,
  found: Pick<Arbitration, 'ruled' | 'raise' | 'close'>,
): Decided['events'] {
  const kept = (type: AuditEventType, data: JobEvent['data']) =>
    keeps(level, type) ? [jobEvent(type, SERVICE, { table, ...data })] : [];
  const drafts = new Map(found.raise.map((r) => [r.conflict_id, r]));
  const closing = new Map(found.close.map((c) => [c.conflict_id, c.state]));
  return (raised: readonly Raised[], closed: readonly string[]) => [
    ...found.ruled.flatMap(({ key: _, ...r }) => kept('conflict.decided', r)),
    ...raised.flatMap(({ conflict_id, opened }) => {
      const { type, prints } = drafts.get(conflict_id) ?? {};
      return kept(opened ? 'conflict.opened' : 'conflict.refreshed', { conflict_id, type, prints });
    }),
    ...closed.flatMap((conflict_id) => kept('conflict.closed', { conflict_id, state: closing.get(conflict_id) })),
  ];
}

/** What a chunk stores of an arbitration besides the rows it writes. */
export function decidedBy(work: SegmentWork, found: Arbitration): Decided {
  const { bases, raise, close, back } = found;
  const events = decisionEvents(work.config.audit_level, relationText(work.plan.target), found);
  return { bases, raise, close, events, ...(back.length > 0 && { back }) };
}

/** Several arbitrations as one: what of them is stored with the rows they write. */
export function together(all: readonly Arbitration[]): Arbitration | undefined {
  const [first] = all;
  return (
    first && {
      ...first,
      changes: all.flatMap((a) => a.changes),
      bases: all.flatMap((a) => a.bases),
      raise: all.flatMap((a) => a.raise),
      close: all.flatMap((a) => a.close),
      ruled: all.flatMap((a) => a.ruled),
      back: all.flatMap((a) => a.back),
    }
  );
}

/** Rows that an update has merged: they differ from the source for good. */
export const mergedIn = (changes: readonly Change[]): number =>
  changes.filter((c) => c.kind === 'update' && c.merged).length;

/**
 * Which of the differences need no explanation: the target keeps them for a reason that has a name, or they wait in the queue as
 * they are now. The others are `open`; `undecided` are those among them that nobody has decided yet, and `standing` those that
 * stay as the target has them and that the source has not got yet, in a job that writes to both sides.
 */
export async function explain(work: SegmentWork, court: Court, differences: readonly Difference[]): Promise<Explained> {
  const open: Difference[] = [];
  const standing: Difference[] = [];
  const undecided: Difference[] = [];
  const { pair } = court.plan.conflicts;
  for (let at = 0; at < differences.length; ) {
    const slice = differences.slice(at, at + LOOK_ROWS);
    const found = await arbitrate(court, slice, CHUNK_BYTES);
    const some = slice.slice(0, Math.max(1, found.covered));
    at += some.length;
    const ids = new Map(some.map((d) => [keyId(d.key), conflictId(pair, court.plan.target, d.key)]));
    const waiting = await work.database.openConflicts([...ids.values()]);
    const now = new Map(await seenNow(court, some));
    const settled = new Set([...found.explained, ...found.bases.filter(isEqual).map((b) => b.key)].map(keyId));
    const asked = new Set(found.raise.map((r) => r.conflict_id));
    const decidedNow = new Set(found.ruled.map((r) => keyId(r.key)));
    const back = new Set(found.back.map((b) => keyId(b.key)));
    const fromSource = new Set(found.gone.flatMap((d) => (d.kind === 'source_only' ? keyId(d.key) : [])));
    for (const d of some) {
      const id = ids.get(keyId(d.key)) ?? '';
      const prints = waiting.get(id);
      const [s, t] = now.get(keyId(d.key)) ?? [null, null];
      if (prints && prints.source === s && prints.target === t) continue;
      if (settled.has(keyId(d.key)) && !decidedNow.has(keyId(d.key))) continue;
      open.push(d);
      if (asked.has(id) || decidedNow.has(keyId(d.key)) || back.has(keyId(d.key))) undecided.push(d);
      if (back.has(keyId(d.key)) || fromSource.has(keyId(d.key))) standing.push(d);
    }
  }
  return { open, undecided, standing };
}

/** What a comparison leaves open. */
export interface Explained {
  readonly open: readonly Difference[];
  readonly undecided: readonly Difference[];
  readonly standing: readonly Difference[];
}

const isEqual = ({ base }: FiledBase) => base !== 'unknown' && base.source?.row === base.target?.row;

async function seenNow(court: Court, differences: readonly Difference[]) {
  const keys = differences.map((d) => d.key);
  const [s, t] = await Promise.all([court.source.prints(keys), court.target.prints(keys)]);
  const [source, target] = [s, t].map((all) => new Map(all.map((p) => [keyId(p.key), p.row])));
  return keys.map((k: RowKey) => [keyId(k), [source?.get(keyId(k)) ?? null, target?.get(keyId(k)) ?? null]] as const);
}
