import * as z from 'zod';
import { problemsError, SyncError } from '../../../lib/model/errors.ts';
import { FLEET_ACTIONS, type FleetOrder, type FleetWork, tally, withFailures } from '../../../lib/model/fleet-order.ts';
import { type FleetView, fleetPreview, fleetStarted, fleetView } from '../../../lib/model/fleet-view.ts';
import { JOB_MODES } from '../../../lib/model/job.ts';
import { OVERLAPS } from '../../../lib/model/schedule.ts';
import { type FleetParts, fleetOf } from '../fleet-parts.ts';
import { pairNameField } from '../pair-view.ts';
import { defineRoute } from '../route.ts';
import { timingFields } from '../timing-fields.ts';
import { pairFilter } from './keep-pairs.ts';

const timing = z
  .strictObject({
    ...timingFields,
    spread_minutes: z.int().min(0).max(1440).default(15).meta({
      description: 'Each run comes up to so many minutes late, at random, so that they do not all start at once.',
    }),
    overlap: z.enum(OVERLAPS).default('skip'),
    paused: z.boolean().default(false),
  })
  .meta({ description: 'For action schedule: when each pair runs.' });

const body = z
  .strictObject({
    action: z.enum(FLEET_ACTIONS),
    filter: z
      .strictObject({ ...pairFilter, names: z.array(pairNameField).min(1).max(500).optional() })
      .default({})
      .meta({ description: 'Which pairs; all where left out.' }),
    mode: z.enum(JOB_MODES).optional().meta({ description: 'For action start: in place of the mode of each pair.' }),
    dry_run: z
      .boolean()
      .optional()
      .meta({ description: 'For action start: in place of what the config of each pair says.' }),
    schedule: timing.optional(),
    at_once: z.int().min(1).max(500).default(40).meta({
      description: 'For action start: so many of its jobs work at once at most; the next begins when one ends.',
    }),
    expected_count: z.int().min(0).max(100_000).optional().meta({
      description: 'The count of a preview; without it this is a preview. The order is refused where it has changed.',
    }),
    note: z.string().max(2000).optional().meta({ description: 'Why; kept with the order.' }),
  })
  .meta({ id: 'FleetRequest' });
type Body = z.output<typeof body>;

function workOf({ action, mode, dry_run, schedule }: Body): FleetWork {
  if (action === 'start')
    return { action, ...(mode !== undefined && { mode }), ...(dry_run !== undefined && { dry_run }) };
  if (action !== 'schedule') return { action };
  if (schedule) return { action, timing: schedule };
  throw problemsError([{ code: 'required', field: '/schedule', message: 'expected an object, found nothing' }]);
}

/** What belongs to another action says that something else was meant. */
function strayProblems(json: unknown) {
  const given = z.looseObject({}).safeParse(json).data ?? {};
  const of = { mode: 'start', dry_run: 'start', at_once: 'start', schedule: 'schedule' } as const;
  return Object.entries(of).flatMap(([field, action]) =>
    given[field] === undefined || given.action === action
      ? []
      : [{ code: 'invalid_request' as const, field: `/${field}`, message: `is for the action ${action} alone` }],
  );
}

const pathOf = (id: string) => `/api/sync/fleet/${id}`;

async function viewOf(order: FleetOrder, { orders }: Pick<FleetParts, 'orders'>): Promise<FleetView> {
  const {
    filter: _f,
    work,
    list: _l,
    pages: _p,
    page: _a,
    at_once: _o,
    working: _w,
    counts: _c,
    subject: _s,
    revision: _r,
    ...rest
  } = order;
  const { items } = order.page < order.pages ? await orders.page(order, order.page) : { items: [] };
  return { ...rest, action: work.action, ...tally(order.counts, items), failures: withFailures(order, items) };
}

export const orderFleet = defineRoute<Body>({
  method: 'POST',
  path: '/api/sync/fleet',
  role: 'operator',
  runs: 'fleet',
  summary: 'Start, stop, resume or schedule many pairs: first a preview, then an order that runs by itself',
  body,
  idempotent: true,
  alsoCheck: strayProblems,
  responses: {
    200: { description: 'A preview: nothing was done.', schema: fleetPreview },
    202: {
      description: 'The order was accepted; follow status_url.',
      schema: fleetStarted,
      headers: { location: 'The status of the order.', 'retry-after': 'Seconds to wait before asking for it.' },
    },
  },

  handle: async ({ body, actor, subject, workId }, _services, parts) => {
    const fleet = fleetOf(parts);
    const { filter, expected_count: expectedCount, at_once: atOnce, note } = body;
    const work = workOf(body);
    if (expectedCount === undefined) return { status: 200, body: { preview: true, ...(await fleet.preview(filter)) } };
    const order = await fleet.order({
      orderId: workId,
      work,
      filter,
      expectedCount,
      atOnce,
      actor,
      ...(subject !== undefined && { subject }),
      ...(note !== undefined && { note }),
    });
    const location = pathOf(order.order_id);
    return {
      status: 202,
      headers: { location, 'retry-after': '1' },
      body: { order_id: order.order_id, state: order.state, status_url: location },
    };
  },
});

const list = z.object({ orders: z.array(fleetView) }).meta({ id: 'FleetOrderList' });

/** Orders that a list names. */
const NEWEST = 50;

export const listFleetOrders = defineRoute({
  method: 'GET',
  path: '/api/sync/fleet',
  role: 'viewer',
  runs: 'fleet',
  summary: 'Orders over many pairs, newest first',
  responses: { 200: { description: 'The newest 50.', schema: list } },

  handle: async (_request, _services, parts) => {
    const fleet = fleetOf(parts);
    const orders = await fleet.orders.list(NEWEST);
    return { status: 200, body: { orders: await Promise.all(orders.map((order) => viewOf(order, fleet))) } };
  },
});

export const showFleetOrder = defineRoute({
  method: 'GET',
  path: '/api/sync/fleet/{order_id}',
  role: 'viewer',
  runs: 'fleet',
  summary: 'How far an order over many pairs has come',
  params: { order_id: z.uuid() },
  responses: { 200: { description: 'The order.', schema: fleetView } },

  handle: async ({ params: { order_id = '' } }, _services, parts) => {
    const fleet = fleetOf(parts);
    const order = await fleet.orders.get(order_id.toLowerCase());
    if (!order) throw new SyncError('order_not_found', 'There is no order with this id.');
    return { status: 200, body: await viewOf(order, fleet) };
  },
});

export const cancelFleetOrder = defineRoute({
  method: 'POST',
  path: '/api/sync/fleet/{order_id}/cancel',
  role: 'operator',
  runs: 'fleet',
  summary: 'Cancel an order over many pairs; what was begun goes on',
  params: { order_id: z.uuid() },
  responses: {
    200: { description: 'It is cancelled, now or before. Pairs of a step at work are still done.', schema: fleetView },
  },

  handle: async ({ params: { order_id = '' }, actor }, _services, parts) => {
    const fleet = fleetOf(parts);
    const order = await fleet.cancel({ orderId: order_id.toLowerCase(), actor });
    return { status: 200, body: await viewOf(order, fleet) };
  },
});
