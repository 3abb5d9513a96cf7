import { SyncError } from '../model/errors.ts';
import type { PairFilter } from '../model/fleet.ts';
import {
  type FleetItem,
  type FleetOrder,
  type FleetWork,
  ITEMS_PER_PAGE,
  listOf,
  NO_PAIRS,
} from '../model/fleet-order.ts';
import type { FleetOrderStore, FleetQueue } from '../ports.ts';
import { allMeant, type FindPairsPorts } from './find-pairs.ts';

export interface FleetOrderPorts extends FindPairsPorts {
  readonly orders: FleetOrderStore;
  readonly queue: FleetQueue;
}

export interface FleetRequest {
  readonly orderId: string;
  readonly work: FleetWork;
  readonly filter: PairFilter;
  /** How many pairs the caller has agreed to. */
  readonly expectedCount: number;
  readonly atOnce: number;
  readonly actor: string;
  readonly subject?: string;
  readonly note?: string;
}

/** Pairs that a preview names. */
const NAMED = 20;

export async function previewFleet(filter: PairFilter, ports: FindPairsPorts) {
  const names = await allMeant(filter, ports);
  return { count: names.length, pairs: names.slice(0, NAMED) };
}

/**
 * Stores an order to do something with every pair that is meant now, and lets its first step be done. Which pairs it is about is
 * settled here; nothing is done to them yet. The same id gives the same order. Throws `count_changed`.
 */
export async function orderFleet(request: FleetRequest, ports: FleetOrderPorts): Promise<FleetOrder> {
  const known = await ports.orders.get(request.orderId);
  if (known) return known;
  const names = await allMeant(request.filter, ports);
  const { orderId, expectedCount, atOnce, work, filter, actor, subject, note } = request;
  if (names.length !== expectedCount)
    throw new SyncError('count_changed', `${expectedCount} pairs were expected, ${names.length} are meant now.`, {
      facts: { expected: expectedCount, found: names.length },
    });
  const now = ports.clock().toISOString();
  const order: FleetOrder = {
    order_id: orderId,
    work,
    filter,
    list: listOf(names),
    count: names.length,
    pages: Math.ceil(names.length / ITEMS_PER_PAGE),
    page: 0,
    at_once: atOnce,
    working: [],
    state: 'working',
    counts: NO_PAIRS,
    failures: [],
    actor,
    ...(subject !== undefined && { subject }),
    ...(note !== undefined && { note }),
    created_at: now,
    updated_at: now,
    revision: 1,
  };
  const stored = await ports.orders.create(
    order,
    names.map((pair): FleetItem => ({ pair, outcome: 'pending' })),
  );
  await ports.queue.send(orderId).catch(() => undefined); // the minute's look sends it
  return stored;
}

const TRIES = 20;

/** Ends an order: nothing further is begun for it, and what was begun goes on. Throws `order_not_found`, `state_conflict`. */
export async function cancelFleet(
  { orderId, actor }: { readonly orderId: string; readonly actor: string },
  { orders, clock }: Pick<FleetOrderPorts, 'orders' | 'clock'>,
): Promise<FleetOrder> {
  for (let tries = 0; tries < TRIES; tries++) {
    const found = await orders.get(orderId);
    if (!found) throw new SyncError('order_not_found', 'There is no order with this id.');
    if (found.state === 'cancelled') return found;
    if (found.state === 'completed')
      throw new SyncError('state_conflict', 'The order has ended.', { facts: { state: found.state } });
    const now = clock().toISOString();
    const ended = { state: 'cancelled', cancelled_by: actor, updated_at: now, ended_at: now } as const;
    const cancelled: FleetOrder = { ...found, ...ended, working: [], revision: found.revision + 1 };
    if (await orders.advance(cancelled)) return cancelled;
  }
  throw new SyncError('unavailable', 'The order moves too fast to be cancelled just now; try again.');
}
