import { createHash } from 'node:crypto';
import type { PairFilter } from './fleet.ts';
import type { JobMode } from './job.ts';
import type { Overlap } from './schedule.ts';

export const FLEET_ACTIONS = ['start', 'stop', 'resume', 'schedule', 'unschedule'] as const;
export type FleetAction = (typeof FLEET_ACTIONS)[number];

/** When the pairs of an order are to run. */
export interface FleetTiming {
  readonly expression: string;
  readonly timezone: string;
  readonly spread_minutes: number;
  readonly overlap: Overlap;
  readonly paused: boolean;
}

/** What is to be done with each pair. */
export type FleetWork =
  | { readonly action: 'start'; readonly mode?: JobMode; readonly dry_run?: boolean }
  | { readonly action: 'schedule'; readonly timing: FleetTiming }
  | { readonly action: 'stop' | 'resume' }
  | { readonly action: 'unschedule' };

/** `done`: it was asked for and accepted. `skipped`: there was nothing to do. */
export const OUTCOMES = ['pending', 'done', 'skipped', 'failed'] as const;
export type FleetOutcome = (typeof OUTCOMES)[number];

/** One pair of an order. */
export interface FleetItem {
  readonly pair: string;
  readonly outcome: FleetOutcome;
  readonly job_id?: string;
  /** Of the job that is to be stopped or resumed, noted before it is: at a later one somebody has done something to it since. */
  readonly epoch?: number;
  /** Why it was skipped, failed, or is still to be tried again: `pair_busy`, `not_working` and such, or a code of docs/errors.md. */
  readonly code?: string;
  readonly message?: string;
  /** How often it was tried in vain. */
  readonly tries?: number;
}

/** Pairs of one item of the table: some 60 KB when each has a message. */
export const ITEMS_PER_PAGE = 200;

export interface FleetPage {
  readonly items: readonly FleetItem[];
  /** When a step was at it last. */
  readonly at: string;
  readonly revision: number;
}

export type FleetCounts = Readonly<Record<Exclude<FleetOutcome, 'pending'>, number>>;
export const NO_PAIRS: FleetCounts = { done: 0, skipped: 0, failed: 0 };

/** Pure. */
export function tally(before: FleetCounts, items: readonly FleetItem[]): FleetCounts {
  const counts = { ...before };
  for (const { outcome } of items) if (outcome !== 'pending') counts[outcome] += 1;
  return counts;
}

export const ORDER_STATES = ['working', 'completed', 'cancelled'] as const;

export interface FleetOrder {
  readonly order_id: string;
  readonly work: FleetWork;
  readonly filter: PairFilter;
  /** Names the list of its pairs: other pairs, another list. */
  readonly list: string;
  /** Pairs; what they were called when the order was given. */
  readonly count: number;
  readonly pages: number;
  /** The page that is worked on; what became of its pairs it says itself, so that both cannot differ. */
  readonly page: number;
  /** Jobs that it has started and that work, at most. */
  readonly at_once: number;
  /** Jobs of the pages before it that have not been seen to end. */
  readonly working: readonly string[];
  readonly state: (typeof ORDER_STATES)[number];
  /** Of the pages before. */
  readonly counts: FleetCounts;
  /** The first 50 of them. */
  readonly failures: readonly Pick<FleetItem, 'pair' | 'code' | 'message'>[];
  readonly actor: string;
  readonly subject?: string;
  readonly note?: string;
  readonly created_at: string;
  readonly updated_at: string;
  readonly ended_at?: string;
  readonly cancelled_by?: string;
  readonly revision: number;
}

/** Failures that an order names. */
export const NAMED_FAILURES = 50;

/** Those of an order, with those of a page. Pure. */
export const withFailures = (order: Pick<FleetOrder, 'failures'>, items: readonly FleetItem[]) =>
  [
    ...order.failures,
    ...items
      .filter((item) => item.outcome === 'failed')
      .map(({ pair, code = '', message = '' }) => ({ pair, code, message })),
  ].slice(0, NAMED_FAILURES);

/** What names a list of pairs: the same for the same pairs. */
export const listOf = (pairs: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(pairs)).digest('hex').slice(0, 16);

/** The job of a pair in an order: the same however often a step is done. An UUID of version 8. */
export function jobOf(orderId: string, pair: string): string {
  const hex = createHash('sha256').update(`${orderId}/${pair}`).digest('hex');
  const variant = '89ab'[Number.parseInt(hex[16] ?? '0', 16) % 4];
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
