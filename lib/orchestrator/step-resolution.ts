import { isDeepStrictEqual } from 'node:util';
import { fp } from '../failpoint.ts';
import { SyncError } from '../model/errors.ts';
import { hasEnded, type ListedConflict, type Resolution } from '../model/resolution.ts';
import type { ResolutionStore } from '../ports.ts';
import { sealAgain } from './drain-outbox.ts';
import { remedyFor } from './healing.ts';
import { holdConnections } from './held-connections.ts';
import { type MeetPorts, meet, seenAs } from './meet-conflicts.ts';

/** What a step of a resolution needs of the outside. */
export interface StepPorts extends Omit<MeetPorts, 'inTime'> {
  readonly resolutions: ResolutionStore;
  /** No other step has it. */
  readonly stepId: string;
  /** How long this step may still take. */
  readonly remainingMs: () => number;
}

/** `again`: another step is to follow, after so many seconds. */
export type StepOutcome = { readonly again: true; readonly afterSeconds: number } | { readonly again: false };

/** Conflicts on a page of the frozen list: a read of 1 MB, a page of some 40 KB. */
const PAGE = 1_000;
/**
 * Decisions between two notes of how far it has come: at most so many are asked for twice after a death. Their rows go in one
 * transaction each 8 MiB (test/bench/results.md: one by one 2,000 took 90 s, together 5,000 take 8 s).
 */
const STRIDE = 250;
/** A step stops here: a statement of a batch takes at most 8 s, and its end must be noted. */
const MARGIN_MS = 12_000;
/** Conflicts that stayed open and are named. */
const NAMED = 50;
/** How long it waits for a table that a job holds, or for a server. */
const WAIT_SECONDS = 30;
const WAIT_AT_MOST_MS = 24 * 3_600_000;

const isWait = (error: unknown) =>
  error instanceof SyncError && (error.code === 'target_busy' || remedyFor(error) === 'retry');

/** Another step has gone on from the same place; this one's work counts for nothing. */
const LOST = Symbol('another step was faster');

async function advance(resolution: Resolution, patch: Partial<Resolution>, ports: StepPorts): Promise<Resolution> {
  const { waits: _, ...before } = resolution;
  const next = {
    ...before,
    ...patch,
    seq: resolution.seq + 1,
    step: ports.stepId,
    updated_at: ports.clock().toISOString(),
  };
  if (!(await ports.resolutions.advance(next))) throw LOST;
  return next;
}

const ended = (state: Resolution['state'], ports: StepPorts) => ({ state, ended_at: ports.clock().toISOString() });

/** Freezes one page of the list. A page that an earlier try has stored is taken as it is, and where it ends. */
async function listPage(resolution: Resolution, ports: StepPorts): Promise<Resolution> {
  const { resolution_id, job_id, filter, cursor } = resolution;
  const found = await ports.conflicts.list({
    ...filter,
    job_id,
    state: 'open',
    limit: PAGE,
    ...(cursor !== undefined && { cursor }),
  });
  const page = await ports.resolutions.freeze(resolution_id, resolution.pages, {
    listed: found.conflicts.map((conflict) => ({ conflict_id: conflict.conflict_id, seen: seenAs(conflict) })),
    ...(found.cursor !== undefined && { cursor: found.cursor }),
  });
  await fp('resolution.listed');
  const listed = resolution.listed + page.listed.length;
  const { cursor: __, ...rest } = resolution;
  const far = { pages: resolution.pages + 1, listed };
  if (page.cursor !== undefined) return advance(rest, { ...far, cursor: page.cursor }, ports);
  if (listed > resolution.expected_count) return advance(rest, { ...far, ...ended('refused', ports) }, ports);
  return advance(rest, { ...far, ...(listed === 0 ? ended('completed', ports) : { state: 'deciding' }) }, ports);
}

/** Notes what became of a stride, also where somebody cancelled the order meanwhile: what was decided is counted. */
async function noteStride(resolution: Resolution, patch: Partial<Resolution>, ports: StepPorts): Promise<Resolution> {
  try {
    return await advance(resolution, patch, ports);
  } catch (error) {
    const now = error === LOST ? await ports.resolutions.get(resolution.resolution_id) : undefined;
    if (now?.state !== 'cancelled' || !isDeepStrictEqual(now.at, resolution.at)) throw error;
    const { counts = now.counts, failures = now.failures, at = now.at } = patch;
    return advance(now, { counts, failures, at }, ports);
  }
}

/** Decides up to a stride of conflicts and notes how far it has come, also when something ends it on the way. */
async function decideStride(resolution: Resolution, page: readonly ListedConflict[], ports: StepPorts) {
  const counts = { ...resolution.counts };
  const failures = [...resolution.failures];
  const from = resolution.at.index;
  const { stride = STRIDE } = resolution;
  const { met, trouble } = await meet(page.slice(from, from + stride), resolution, {
    ...ports,
    inTime: () => ports.remainingMs() > MARGIN_MS,
  });
  for (const [i, { count, code }] of met.entries()) {
    counts[count] += 1;
    const conflict_id = page[from + i]?.conflict_id ?? '';
    if (code !== undefined && failures.length < NAMED) failures.push({ conflict_id, code });
  }
  const index = from + met.length;
  const at = index < page.length ? { page: resolution.at.page, index } : { page: resolution.at.page + 1, index: 0 };
  const done = at.page === resolution.pages;
  const patch = { counts, failures, at, ...(stride < STRIDE && { stride: Math.min(STRIDE, stride * 2) }) };
  const next =
    met.length === 0 && page.length > 0
      ? resolution
      : await noteStride(resolution, { ...patch, ...(done && ended('completed', ports)) }, ports);
  if (trouble) throw new Interrupted(next, trouble);
  return next;
}

/** Something ended a stride; `resolution` is as it was noted. */
class Interrupted extends Error {
  readonly resolution: Resolution;
  readonly trouble: SyncError;

  constructor(resolution: Resolution, trouble: SyncError) {
    super('a stride was interrupted', { cause: trouble });
    this.resolution = resolution;
    this.trouble = trouble;
  }
}

/** After an error that concerns more than one conflict: wait, where that helps, else end. */
async function afterTrouble(resolution: Resolution, error: SyncError, ports: StepPorts): Promise<StepOutcome> {
  const { code, message } = error;
  const now = ports.clock();
  const since = resolution.waits?.since ?? now.toISOString();
  const { stride = STRIDE } = resolution;
  if (code === 'statement_timeout' && stride > 1) {
    await advance(resolution, { stride: Math.max(1, Math.floor(stride / 4)) }, ports);
    return { again: true, afterSeconds: 0 };
  }
  if (isWait(error) && now.getTime() - Date.parse(since) < WAIT_AT_MOST_MS) {
    await advance(resolution, { waits: { code, since } }, ports);
    return { again: true, afterSeconds: WAIT_SECONDS };
  }
  ports.log.error('resolution failed', { resolution_id: resolution.resolution_id, job_id: resolution.job_id, error });
  await advance(resolution, { ...ended('failed', ports), failure: { code, message } }, ports);
  return { again: false };
}

async function work(start: Resolution, ports: StepPorts): Promise<StepOutcome> {
  let resolution = start;
  let page: { readonly number: number; readonly listed: readonly ListedConflict[] } | undefined;
  while (!hasEnded(resolution)) {
    if (ports.remainingMs() <= MARGIN_MS) return { again: true, afterSeconds: 0 };
    if (resolution.state === 'listing') {
      resolution = await listPage(resolution, ports);
      continue;
    }
    const { page: number } = resolution.at;
    if (page?.number !== number)
      page = { number, listed: await ports.resolutions.page(resolution.resolution_id, number) };
    resolution = await decideStride(resolution, page.listed, ports);
  }
  return { again: false };
}

/** The decisions of a step are behind what sealed the trail of their job. One that is not sealed now is with the next step. */
async function sealDecisions(jobId: string, ports: StepPorts): Promise<void> {
  await sealAgain(jobId, ports).catch(() => ports.log.warn('decisions not sealed', { job_id: jobId }));
}

/**
 * Goes on with a resolution until it has ended or the time is nearly up. May die anywhere and be done again, also twice at
 * once: each conflict is decided by compare-and-set in its target, and one step alone notes how far it has come.
 */
export async function stepResolution(resolutionId: string, ports: StepPorts): Promise<StepOutcome> {
  const resolution = await ports.resolutions.get(resolutionId);
  if (!resolution || hasEnded(resolution)) return { again: false };
  const held = holdConnections(ports);
  const decidedIn = new Set<string>();
  const decide: StepPorts['decide'] = (requests, ...rest) => {
    for (const { conflict } of requests) decidedIn.add(conflict.seen_by);
    return ports.decide(requests, ...rest);
  };
  const own = { ...ports, databases: held.databases, secrets: held.secrets, decide };
  try {
    return await work(resolution, own).catch((error: unknown) => {
      if (error instanceof Interrupted) return afterTrouble(error.resolution, error.trouble, own);
      throw error; // a store that does not answer, or a bug: the queue lets it be tried again
    });
  } catch (error) {
    if (error === LOST) return { again: false };
    throw error;
  } finally {
    await held.release();
    for (const jobId of decidedIn) await sealDecisions(jobId, ports);
  }
}
