import type { ConflictFilter } from './conflict.ts';

/** Which open conflicts of a job are decided together. */
export type ResolutionFilter = Omit<ConflictFilter, 'job_id' | 'state'>;

/** What can be said of many conflicts at once. */
export type ResolutionDecision = { readonly side: 'source' | 'target' } | { readonly strategy: string };

const MOVED = {
  leave: 'It stays open and is counted as stale; the queue shows it as it is now.',
  decide: 'It is decided on what both sides are now.',
} as const;

/** What an order does with a conflict of which a side has moved since it was listed. */
export type IfMoved = keyof typeof MOVED;

/** Each with its meaning. */
export const IF_MOVED_MEANINGS: Readonly<Record<IfMoved, string>> = MOVED;

export const IF_MOVED = Object.keys(MOVED) as [IfMoved, ...IfMoved[]]; // keys of the catalogue

const STATES = {
  listing: 'The conflicts are being listed; none is decided yet.',
  deciding: 'They are decided one after another.',
  completed: 'Each was met once; the counts say what became of them.',
  refused: 'More conflicts were found than were expected; none was decided.',
  cancelled: 'Somebody cancelled it; what was decided stays, the rest is open.',
  failed: 'It could not go on; what was decided stays, the rest is open.',
} as const;

export type ResolutionState = keyof typeof STATES;

/** Each state with its meaning. */
export const RESOLUTION_STATE_MEANINGS: Readonly<Record<ResolutionState, string>> = STATES;

export const RESOLUTION_STATES = Object.keys(STATES) as [ResolutionState, ...ResolutionState[]]; // keys of the catalogue

/** What became of the conflicts that were met; they sum up to how many those are. */
export interface ResolutionCounts {
  readonly applied: number;
  /** Moved since they were listed, or while they were decided: still open. */
  readonly stale: number;
  /** Decided by somebody else, or the sides agree by now. */
  readonly already_resolved: number;
  /** The target refused the row, or the strategy leaves it to people: still open. */
  readonly failed: number;
}

export const NOTHING_RESOLVED: ResolutionCounts = { applied: 0, stale: 0, already_resolved: 0, failed: 0 };

/** A conflict that stayed open, and why. */
export interface ResolutionFailure {
  readonly conflict_id: string;
  readonly code: string;
}

/**
 * One order to decide many conflicts alike: its list is frozen first, then each conflict on it is decided as it
 * was when it was listed. What stands here is how far that has come.
 */
export interface Resolution {
  readonly resolution_id: string;
  readonly job_id: string;
  readonly filter: ResolutionFilter;
  readonly decision: ResolutionDecision;
  /** What to do with a conflict that is not any more what it was when it was listed; absent: `leave`. */
  readonly if_moved?: IfMoved;
  readonly actor: string;
  readonly note?: string;
  /** As many conflicts somebody has agreed to. */
  readonly expected_count: number;
  readonly state: ResolutionState;
  /** Raised by each step; a step that finds another one drops its own work. */
  readonly seq: number;
  /** The step that wrote this: it knows its own write again when the answer was lost. */
  readonly step?: string;
  /** While listing: where the next page begins. */
  readonly cursor?: string;
  /** Pages of the frozen list, and conflicts on them. */
  readonly pages: number;
  readonly listed: number;
  /** While deciding: the next conflict. */
  readonly at: { readonly page: number; readonly index: number };
  readonly counts: ResolutionCounts;
  /** The first few that stayed open. */
  readonly failures: readonly ResolutionFailure[];
  /** How many are decided together; absent: as many as go. Fewer after a statement took too long. */
  readonly stride?: number;
  readonly cancelled_by?: string;
  /** What it waits for, and since when; it goes on by itself. */
  readonly waits?: { readonly code: string; readonly since: string };
  /** Why it could not go on. */
  readonly failure?: { readonly code: string; readonly message: string };
  /** ISO 8601, clock of the service. */
  readonly created_at: string;
  readonly updated_at: string;
  readonly ended_at?: string;
}

/** A conflict of a frozen list. `seen`: a short hash of both sides as they were when it was listed. */
export interface ListedConflict {
  readonly conflict_id: string;
  readonly seen: string;
}

/** A page of a frozen list. `cursor` absent: it is the last one. */
export interface FrozenPage {
  readonly listed: readonly ListedConflict[];
  readonly cursor?: string;
}

export const hasEnded = ({ state }: Pick<Resolution, 'state'>): boolean => state !== 'listing' && state !== 'deciding';
