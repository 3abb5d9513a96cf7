import { describe, expect, it } from 'vitest';
import { webFacts } from '../../../infra/web-facts.ts';
import { FLEET_ACTIONS } from '../../../lib/model/fleet-order.ts';
import { jobConfigSchema } from '../../../lib/orchestrator/config-schema.ts';
import { orderCommands } from '../../../web/fleet/commands.ts';
import { type OrderDraft, previewBody, usualOrder } from '../../../web/fleet/order-draft.ts';
import { filterOf, pairQueryIn, pairsQuery } from '../../../web/fleet/pair-query.ts';
import { ACTIONS, countsText, orderChip, whichText } from '../../../web/fleet/words.ts';
import { namesIn } from '../../../web/list-text.ts';
import { changedIn } from '../../../web/start/request.ts';
import { testApi } from '../api/client.ts';

const NASTY = ['a&b=c', '100 %', '+1', 'ä"\'<script>', '#x?y', 'a b'];
const origin = 'https://sync.example.org';

/** A form in which fields of every action were filled in before this one was chosen. */
const filled = (action: OrderDraft['action']): OrderDraft => ({
  action,
  mode: 'full',
  dryRun: true,
  atOnce: '7',
  timing: { expression: 'rate(1 day)', timezone: 'UTC', flexible_minutes: '20', overlap: 'queue' },
});

describe('the list of pairs in an address', () => {
  it.each(NASTY)('%j comes back as it was', (text) => {
    const filters = { group: text, prefix: text };
    const asked = new URLSearchParams(pairsQuery({ filters, next: text, order: undefined }));
    expect(pairQueryIn(asked)).toEqual({ filters, next: text, order: undefined });
    expect(pairQueryIn(new URLSearchParams({ order: text })).order).toBe(text);
  });

  it('what is empty or unknown is no filter', () => {
    const none = { filters: {}, next: undefined, order: undefined };
    expect(pairQueryIn(new URLSearchParams('group=&prefix=%20&order=&next_token=&colour=red'))).toEqual(none);
    expect(pairsQuery(none)).toBe('limit=25');
  });

  it('means the same pairs in an order', () => {
    const filters = { group: 'counties', prefix: 'ad', state: 'failed', overdue_hours: '36' };
    expect(filterOf(filters)).toEqual({ ...filters, overdue_hours: 36 });
    expect(filterOf({})).toEqual({});
    expect(whichText(filterOf(filters))).toBe(
      'the pairs of the group counties, whose name begins with ad, whose last job is “failed”, of which no job has completed for 36 h',
    );
    expect([whichText({}), whichText({ names: ['a'] })]).toEqual(['all pairs', 'the pair a']);
  });
});

describe('an order as it is filled in', () => {
  it('can be any that there is', () => {
    expect([...ACTIONS].sort()).toEqual([...FLEET_ACTIONS].sort());
  });

  it.each(FLEET_ACTIONS)('to %s is taken by the service, though fields of others were filled in', async (action) => {
    const { status, json } = await testApi().call({
      path: '/api/sync/fleet',
      body: previewBody(filled(action), { group: 'counties' }),
    });
    expect([status, json]).toEqual([200, { preview: true, count: 1, pairs: ['county'] }]);
  });

  it('says what differs from what an order does by itself, and a number as one', () => {
    expect(previewBody(usualOrder(), {})).toEqual({ action: 'start', filter: {} });
    expect(previewBody(filled('start'), {})).toMatchObject({ mode: 'full', dry_run: true, at_once: 7 });
    expect(previewBody(filled('schedule'), {})).toEqual({
      action: 'schedule',
      filter: {},
      schedule: { expression: 'rate(1 day)', timezone: 'UTC', overlap: 'queue', spread_minutes: 20 },
    });
  });

  it('is the same for a terminal', () => {
    const of = (draft: OrderDraft, filter: object, note = '') =>
      Object.fromEntries(orderCommands({ draft, filter, note, origin }));
    const start = of(filled('start'), { group: 'counties', overdue_hours: 36 }, " it's time ");

    expect(start.tfsync).toBe(
      `tfsync --url ${origin} fleet start --group counties --overdue-hours 36 --mode full --dry-run --at-once 7 --note 'it'\\''s time'`,
    );
    expect(start.curl).toContain(`"filter":{"group":"counties","overdue_hours":36}`);
    expect(of(filled('schedule'), { names: ['a'] }).tfsync).toBe(
      `tfsync --url ${origin} fleet schedule --pair a --expression 'rate(1 day)' --timezone UTC --spread-minutes 20 --overlap queue`,
    );
    expect(of(filled('stop'), {}).tfsync).toBe(`tfsync --url ${origin} fleet stop --all`); // all: said, not left out
  });

  it('is not all good where pairs have failed', () => {
    const order = { done: 1200, skipped: 1, failed: 2, count: 1203 };
    expect(countsText(order as Parameters<typeof countsText>[0])).toBe(
      '1,200 of 1,203 done, 1 skipped: there was nothing to do, 2 failed',
    );
    expect(orderChip({ state: 'completed', failed: 2 }).tone).toBe('warning');
    expect(orderChip({ state: 'completed', failed: 0 }).tone).toBe('good');
  });
});

describe('a pair as it is typed', () => {
  it('has the config that differs from the defaults, and gets the same back', () => {
    const config = jobConfigSchema.parse({ batch_size: 10, tables: { include: ['public.t'] } });
    const shown = changedIn({ ...config }, webFacts().config);

    expect(shown).toEqual({ batch_size: 10, tables: { include: ['public.t'] } });
    expect(jobConfigSchema.parse(shown)).toEqual(config);
    expect(changedIn({ of_a_later_version: 1 }, webFacts().config)).toEqual({ of_a_later_version: 1 });
  });

  it('is in groups with commas between them', () => {
    expect(namesIn(' a, b ,, c')).toEqual(['a', 'b', 'c']);
    expect(namesIn('')).toEqual([]);
  });
});
