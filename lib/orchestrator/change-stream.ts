import { createHash } from 'node:crypto';
import { fp } from '../failpoint.ts';
import {
  type Drained,
  keyInLog,
  lsnBytes,
  type PlannedChanges,
  type StreamFacts,
  type StreamState,
  type StreamView,
  type TableState,
} from '../model/change-stream.ts';
import { SyncError } from '../model/errors.ts';
import type { Job } from '../model/job.ts';
import type { WholeReason } from '../model/look.ts';
import { relationText, type TablePlan } from '../model/table.ts';
import type { FollowingSource, FollowingTarget, JobRun } from '../ports.ts';
import { streamName } from './conflict-plan.ts';
import { type DrainLimits, drainChanges } from './drain-changes.ts';
import { slotWarnings } from './slot-warnings.ts';

/** What the two ends of a stream come to: it goes on, or a slot is to be made. `why`: of an incremental job. */
export type StreamVerdict = { readonly goesOn: true } | { readonly goesOn: false; readonly why: WholeReason };

/**
 * Whether the slot tells everything since the target's last drain. It does not where it is gone or was cut off (`lost`), nor
 * where it is ahead: somebody else has drained it, or the target was restored to an earlier day. Pure.
 */
export function judgeStream(slot: StreamFacts['slot'], known: StreamState | undefined, ahead: boolean): StreamVerdict {
  if (!known) return { goesOn: false, why: 'no_watermark' };
  if (!slot || slot.lost || ahead) return { goesOn: false, why: 'resync_required' };
  return { goesOn: true };
}

const digest = (what: unknown) => createHash('sha256').update(JSON.stringify(what)).digest('hex').slice(0, 32);

/**
 * What the content of a table in the target is in step for: where the rows of both sides lie and since when they are
 * published, and the mapping; a digest of each. The log does not tell of rows that a rewrite changes, nor of partitions that are truncated, attached or detached,
 * so whatever of it changes, the next job compares everything. Pure.
 */
export function stampOf(
  plan: TablePlan,
  places: { readonly source: string; readonly target: string; readonly published: string },
): string {
  const { source, target, columns, key, filters, tolerances, select } = plan;
  const mapped = columns.map((c) => [c.name, c.type, c.source ?? null, c.equality ?? null]);
  return [
    places,
    { source, target, key, filters, tolerances, mapped, made: select ? (select.identity ?? select) : null },
  ]
    .map(digest)
    .join('.');
}

/** Why an incremental job looks at all rows of a table; undefined: it looks at the keys that wait. Pure. */
export function whyWhole(state: TableState, stamp: string, stream: StreamVerdict): WholeReason | undefined {
  if (!stream.goesOn) return stream.why;
  if (state.stamp === undefined) return 'no_watermark';
  if (state.stamp === stamp) return state.dirty ? 'too_many_changes' : undefined;
  return state.stamp.split('.')[1] === stamp.split('.')[1] ? 'storage_changed' : 'mapping_changed';
}

/** A plan as it follows the stream, and why an incremental job looks at all of its rows nevertheless. */
export interface FollowedPlan {
  readonly plan: TablePlan;
  readonly whole?: WholeReason;
}

/** Plans as they follow the stream, and what the status tells of it. */
export interface Followed {
  readonly plans: readonly FollowedPlan[];
  readonly view: StreamView;
  /** Log that the source still keeps, once all of it was drained, for the slot of this service that keeps most. */
  readonly retainedBytes: number;
  /** What had committed in the source by then (ISO 8601) was drained; absent: nobody knows when that was. */
  readonly asOf?: string;
}

type Ends = { readonly source: FollowingSource; readonly target: FollowingTarget };

/** Publishes the job's tables, and makes the slot where it cannot go on. The publication comes first: the slot sees it. */
async function connect(run: JobRun, name: string, plans: readonly TablePlan[], { source, target }: Ends) {
  const tables = plans.map((p) => p.source);
  const facts = await source.streamFacts(name, tables);
  if (facts.slot?.foreign) throw new SyncError('log_unavailable', `The slot ${name} is none of this service's.`);
  const missing = tables.filter((_, i) => facts.tables[i]?.published === undefined);
  if (missing.length > 0) await source.changes.publish(name, missing, facts.publication !== undefined);
  await fp('changes.published');
  const known = await target.changeLog.stream(name);
  const ahead = known !== undefined && facts.slot !== undefined && isAhead(facts.slot.confirmed, known.drained);
  const verdict = judgeStream(facts.slot, known, ahead);
  if (!verdict.goesOn) {
    if (facts.slot) await source.changes.dropSlot(name);
    const from = await source.changes.createSlot(name);
    await fp('changes.slot');
    await target.changeLog.begin(run, name, from);
  }
  return { verdict, slots: facts.slots };
}

function isAhead(confirmed: string, drained: string): boolean {
  return lsnBytes(confirmed) > lsnBytes(drained);
}

/** What is left in the log, and how old it may be. */
async function viewOf(
  { source }: Ends,
  at: { readonly name: string; readonly upto: string; readonly lookedMs: number; readonly nowMs: number },
  drained: Drained,
  created: boolean,
): Promise<StreamView> {
  const all = !isAhead(at.upto, drained.through);
  const since = all ? at.lookedMs : Date.parse(drained.committedAt ?? new Date(at.lookedMs).toISOString());
  return {
    slot: at.name,
    through: drained.through,
    transactions: drained.transactions,
    changes: drained.changes,
    lag_bytes: await source.changes.lag(drained.through),
    lag_seconds: Math.max(0, Math.round((at.nowMs - since) / 1000)),
    ...(created && { created }),
  };
}

/**
 * Connects the job to its pair's stream of changes, drains it up to now, and says of each table which rows the job is to look
 * at. Everything that committed before is either in the keys that wait, or is seen by a comparison that begins afterwards.
 */
export async function followChanges(
  job: Pick<Job, 'job_id' | 'epoch' | 'mode' | 'source' | 'target'>,
  plans: readonly TablePlan[],
  ends: Ends & { readonly nowMs: () => number; readonly limits?: Partial<DrainLimits> },
): Promise<Followed> {
  const { source, target, nowMs, limits } = ends;
  const name = streamName(job.source, job.target);
  const run = { jobId: job.job_id, epoch: job.epoch };
  const { verdict, slots } = await connect(run, name, plans, ends);
  const warnings = slotWarnings(slots, name, nowMs());
  const registered = plans.map((p) => ({ source: p.source, key: keyInLog(p) }));
  await target.changeLog.register(run, name, registered);
  const { drained: from } = await stateOf(target, name);
  const lookedMs = nowMs();
  const upto = await source.changes.horizon();
  const drain = { source: source.changes, log: target.changeLog, run, stream: name, nowMs, ...(limits && { limits }) };
  const drained = await drainChanges(drain, from, upto);
  const asOf = isAhead(upto, drained.through) ? drained.committedAt : new Date(lookedMs).toISOString();
  const after = await plansAfter(job.mode, plans, { ...ends, name, verdict });
  return {
    ...(asOf !== undefined && { asOf }),
    retainedBytes: Math.max(0, ...after.slots.map((s) => s.retained_bytes)),
    view: {
      ...(await viewOf(ends, { name, upto, lookedMs, nowMs: nowMs() }, drained, !verdict.goesOn)),
      ...(warnings.length > 0 && { warnings }),
    },
    plans: after.plans,
  };
}

/** What each table of the job is to look at, once everything was drained, and the slots as they are then. */
async function plansAfter(
  mode: Job['mode'],
  plans: readonly TablePlan[],
  { source, target, name, verdict }: Ends & { readonly name: string; readonly verdict: StreamVerdict },
): Promise<{ readonly plans: readonly FollowedPlan[]; readonly slots: StreamFacts['slots'] }> {
  const { made, drains } = await stateOf(target, name);
  const tables = new Map((await target.changeLog.tables(name)).map((t) => [relationText(t.source), t]));
  const here = await source.storage(plans.map((p) => p.source));
  const there = await target.storage(plans.map((p) => p.target));
  const facts = await source.streamFacts(
    name,
    plans.map((p) => p.source),
  );
  const known = plans.map((plan, i) => {
    const table = tables.get(relationText(plan.source));
    if (!table) throw new TypeError('every table was registered');
    const places = { source: here[i] ?? '', target: there[i] ?? '', published: facts.tables[i]?.published ?? '' };
    return { plan, table, stamp: stampOf(plan, places) };
  });
  // a table may be published for a moment only: what was open before is waited for; a slot that was just made has done so
  if (verdict.goesOn && known.some(({ table, stamp }) => table.stamp !== stamp)) await source.changes.awaitOpen();
  const followed = known.map(({ plan, table, stamp }): FollowedPlan => {
    const whole = whyWhole(table, stamp, verdict);
    const changes: PlannedChanges = { stream: name, made, drains, table: table.id, stamp };
    if (mode === 'full') return { plan: { ...plan, changes } };
    if (whole) return { plan: { ...plan, changes }, whole };
    const { copy: _, ...rowByRow } = plan; // rows are looked up one by one
    return { plan: { ...rowByRow, changes: { ...changes, keys: table.keys } } };
  });
  return { plans: followed, slots: facts.slots };
}

async function stateOf(target: FollowingTarget, name: string): Promise<StreamState> {
  const state = await target.changeLog.stream(name);
  if (!state) throw new SyncError('internal', 'The stream of changes is gone.');
  return state;
}
