import type { Page } from 'playwright-core';
import type { FleetView, PairView } from '../../lib/model/fleet-view.ts';
import { PAYLOADS } from './payloads.ts';

/** What the service would never let in or come to by itself: a pair and an order over pairs that say nothing but payloads. */
export async function answerFleetPayloads(page: Page): Promise<void> {
  const at = new Date().toISOString();
  const all = PAYLOADS.join(' ');
  const job = (code: string) => ({
    job_id: code,
    state: 'failed' as const,
    created_at: at,
    ended_at: at,
    code,
    open_conflicts: 1,
    quarantined: 1,
  });
  const pair: PairView = {
    name: all,
    description: all,
    groups: [...PAYLOADS],
    source_environment: all,
    target_environment: all,
    mode: 'full',
    state: 'failed',
    last: job(PAYLOADS[0] ?? ''),
    jobs: PAYLOADS.map(job),
    schedule: { expression: all, timezone: all, flexible_minutes: 5, paused: true },
    config: Object.fromEntries(PAYLOADS.map((payload) => [payload, payload])),
    actor: all,
    created_at: at,
    updated_at: at,
  };
  const order: FleetView = {
    order_id: 'payloads',
    action: 'start',
    state: 'cancelled',
    count: 100,
    done: 0,
    skipped: 0,
    failed: 100,
    failures: PAYLOADS.map((payload) => ({ pair: payload, code: payload, message: payload })),
    actor: all,
    note: all,
    cancelled_by: all,
    created_at: at,
    updated_at: at,
    ended_at: at,
  };
  await page.route('**/api/sync/pairs/payloads', (route) => route.fulfill({ json: pair, headers: { etag: '"1.1"' } }));
  await page.route('**/api/sync/fleet/payloads', (route) => route.fulfill({ json: order }));
  await page.route('**/api/sync/fleet', (route) => route.fulfill({ json: { orders: [order] } }));
}
