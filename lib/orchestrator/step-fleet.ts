import { type FleetItem, type FleetOrder, type FleetPage, tally, withFailures } from '../model/fleet-order.ts';
import { isContinuous } from '../model/following.ts';
import { ENDED_STATES, type Job } from '../model/job.ts';
import type { Clock, FleetOrderStore, FleetQueue, Log, OpenOrder } from '../ports.ts';
import { type FleetWorkPorts, noteJob, wantsNote, workOnPair } from './fleet-work.ts';

export interface StepFleetPorts extends FleetWorkPorts {
  readonly orders: FleetOrderStore;
  readonly remainingMs: () => number;
}

export type FleetStepOutcome = { readonly again: true; readonly afterSeconds: number } | { readonly again: false };

/** Pairs worked on side by side: each takes a connection to two servers for some 300 ms. */
const SIDE_BY_SIDE = 8;
/** A step stops here: a start takes up to 20 s, and what came of it must be noted. */
const MARGIN_MS = 30_000;
/** Until it looks again whether jobs have ended, or a server is back. */
const WAIT_SECONDS = 10;

/** Pairs to work on now: those that were tried least, and no more than there is room for. Pure. */
export function nextItems(items: readonly FleetItem[], room: number): readonly FleetItem[] {
  const pending = items.filter((item) => item.outcome === 'pending');
  const least = Math.min(...pending.map((item) => item.tries ?? 0));
  return pending.filter((item) => (item.tries ?? 0) === least).slice(0, Math.max(0, Math.min(SIDE_BY_SIDE, room)));
}

/** Whether a job counts as one of those that work at once: one that waits for somebody, or follows its source for good, does not. */
const takesPart = ({ state, config }: Job): boolean =>
  state !== 'paused' &&
  !ENDED_STATES.includes(state) &&
  (!isContinuous(config) || state === 'created' || state === 'preparing');

/** Jobs that the order has started and that still take part. */
async function working(order: FleetOrder, page: FleetPage, ports: StepFleetPorts): Promise<readonly string[]> {
  if (order.work.action !== 'start') return [];
  const here = page.items.flatMap(({ outcome, job_id }) => (outcome === 'done' && job_id ? [job_id] : []));
  const ids = [...order.working, ...here];
  if (ids.length === 0) return [];
  const jobs = await ports.looks.jobs(ids);
  return ids.filter((id) => {
    const job = jobs.get(id);
    return job !== undefined && takesPart(job);
  });
}

/** The order behind a page of which every pair has its outcome. Pure. */
export function behind(order: FleetOrder, page: FleetPage, jobs: readonly string[], at: string): FleetOrder {
  const last = order.page + 1 >= order.pages;
  return {
    ...order,
    page: order.page + 1,
    counts: tally(order.counts, page.items),
    failures: withFailures(order, page.items),
    working: last ? [] : jobs,
    updated_at: at,
    revision: order.revision + 1,
    ...(last && { state: 'completed' as const, ended_at: at }),
  };
}

/** Writes what came of some pairs of the page; undefined: another step was faster. */
async function note(
  order: FleetOrder,
  page: FleetPage,
  worked: readonly FleetItem[],
  ports: StepFleetPorts,
): Promise<FleetPage | undefined> {
  const by = new Map(worked.map((item) => [item.pair, item]));
  const items = page.items.map((item) => by.get(item.pair) ?? item);
  const noted: FleetPage = { items, at: ports.clock().toISOString(), revision: page.revision + 1 };
  return (await ports.orders.putPage(order, order.page, noted)) ? noted : undefined;
}

/** Works on the next pairs of the page and notes what came of them; jobs that are to be moved before anything is done to them. */
async function stride(
  order: FleetOrder,
  before: FleetPage,
  next: readonly FleetItem[],
  ports: StepFleetPorts,
): Promise<FleetPage | undefined> {
  const unnoted = next.filter((item) => wantsNote(item, order));
  const jobs = await Promise.all(unnoted.map((item) => noteJob(item, order, ports)));
  const page = jobs.length > 0 ? await note(order, before, jobs, ports) : before;
  if (!page) return undefined;
  const names = new Set(next.map(({ pair }) => pair));
  const ready = page.items.filter(
    (item) => names.has(item.pair) && item.outcome === 'pending' && !wantsNote(item, order),
  );
  const worked = await Promise.all(ready.map((item) => workOnPair(item, order, ports)));
  return note(order, page, worked, ports);
}

const LATER: FleetStepOutcome = { again: true, afterSeconds: WAIT_SECONDS };
const DONE: FleetStepOutcome = { again: false };

/**
 * Goes on with an order until it has ended, must wait, or the time is nearly up. May die anywhere and be done again, also twice at
 * once: a start has the same job id each time, and who writes a page must have seen the one before.
 */
export async function stepFleet(orderId: string, ports: StepFleetPorts): Promise<FleetStepOutcome> {
  for (;;) {
    const order = await ports.orders.get(orderId);
    if (order?.state !== 'working') return DONE;
    if (order.count === 0) {
      const at = ports.clock().toISOString();
      const ended = { state: 'completed', ended_at: at, updated_at: at, revision: order.revision + 1 } as const;
      await ports.orders.advance({ ...order, ...ended });
      return DONE;
    }
    const page = await ports.orders.page(order, order.page);
    if (page.items.every((item) => item.outcome !== 'pending')) {
      const next = behind(order, page, await working(order, page, ports), ports.clock().toISOString());
      if (!(await ports.orders.advance(next))) return DONE;
      continue;
    }
    if (ports.remainingMs() <= MARGIN_MS) return { again: true, afterSeconds: 0 };
    const room = order.at_once - (await working(order, page, ports)).length;
    const next = nextItems(page.items, order.work.action === 'start' ? room : SIDE_BY_SIDE);
    const noted = await stride(order, page, next, ports);
    if (!noted) return DONE;
    if (next.length === 0) return LATER;
    // all that is left has been tried in vain
    const left = noted.items.filter((item) => item.outcome === 'pending');
    if (left.length > 0 && left.every((item) => (item.tries ?? 0) > (next[0]?.tries ?? 0))) return LATER;
  }
}

/** So long no step has been at it: its message is lost, or waits behind those of other orders. */
const SILENT_MS = 3 * 60_000;
/** So long a message that was sent again may wait behind others. */
const RESENT_MS = 15 * 60_000;

/** Whether the message of an order is to be sent again; `at`: when a step was at it last. Pure. */
export function isSilent(at: string, sentAt: string | undefined, now: Date): boolean {
  const since = (then: string) => now.getTime() - Date.parse(then);
  if (since(at) < SILENT_MS) return false;
  return sentAt === undefined || sentAt <= at || since(sentAt) >= RESENT_MS;
}

interface TendPorts {
  readonly orders: Pick<FleetOrderStore, 'open' | 'get' | 'page' | 'advance' | 'resent'>;
  readonly queue: FleetQueue;
  readonly clock: Clock;
  readonly log: Log;
}

async function tend(open: OpenOrder, { orders, queue, clock, log }: TendPorts): Promise<void> {
  const { order_id, sent_at } = open;
  const order = await orders.get(order_id);
  if (!order) return; // it is being made
  if (order.state !== 'working') return void (await orders.advance(order)); // its end was not noted among those that are open
  const { at } = await orders.page(order, order.page);
  const now = clock();
  if (!isSilent(at > order.updated_at ? at : order.updated_at, sent_at, now)) return;
  log.warn('order is silent', { order_id });
  await queue.send(order_id);
  await orders.resent(open, now.toISOString());
}

/** Each minute: sends the message of every order again that nobody works on. */
export async function tendFleet(ports: TendPorts): Promise<void> {
  for (const open of await ports.orders.open())
    await tend(open, ports).catch((error: unknown) =>
      ports.log.error('order not looked after', { order_id: open.order_id, error }),
    );
}
