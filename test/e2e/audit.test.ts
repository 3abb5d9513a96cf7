import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createCountyPair } from '../support/county.ts';
import { type E2eService, runNode, startService, until } from './support.ts';

let service: E2eService;
let dir: string;
beforeAll(async () => {
  service = await startService();
  dir = mkdtempSync(join(tmpdir(), 'tfsync-audit-e2e-'));
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
  rmSync(dir, { recursive: true, force: true });
});

const MIRROR = { delete_mode: 'mirror', max_delete_percent: 100 } as const;

const tfsync = (args: readonly string[]) =>
  runNode(['cli/tfsync.ts', '--url', service.url, '--token-file', join(service.dataDir, 'token'), ...args]);

test('the trail of a job: list, filter, report, export and verify, through the service as it runs', async () => {
  await using pair = await createCountyPair();
  const jobId = await service.startFull(pair, { ...MIRROR, batch_size: 20 });
  const ended = await service.waitForEnd(jobId);
  const get = (rest: string) => service.get(`/api/sync/audit/${jobId}${rest}`);

  expect(ended.state).toBe('completed');
  const list = await get('?limit=500');
  expect(list.body.events.map((e: { seq: number }) => e.seq)).toEqual(
    list.body.events.map((_: unknown, i: number) => i + 1),
  );
  expect(list.body.events[0]).toMatchObject({ type: 'job.created', data: { config: { batch_size: 20 } } });
  expect(JSON.stringify(list.body)).not.toMatch(/password|secret_ref/);
  const chunks = await get('?type=chunk.applied&limit=5');
  expect(chunks.body.events).toHaveLength(5);
  const next = await get(`?type=chunk.applied&limit=5&next_token=${chunks.body.next_token}`);
  expect(next.body.events[0].seq).toBeGreaterThan(chunks.body.events[4].seq);
  expect((await get(`?type=job&next_token=${chunks.body.next_token}`)).status).toBe(400);

  const report = await get('/report');
  const { inserted, updated, deleted } = ended.counts;
  expect(report.body.rows).toMatchObject({ inserted, updated, deleted });
  expect(report.body.milestones.map((m: { type: string }) => m.type)).toEqual(
    expect.arrayContaining(['job.created', 'job.prepared', 'job.completed']),
  );
  const page = await get('/report?format=html');
  expect(page.type).toContain('text/html');
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'; style-src 'sha256-");
  expect(page.text).toContain('<svg');

  const check = await get('/verify');
  expect(check.body).toMatchObject({ state: 'intact', sealed: true, faults: [] });
  expect(report.body.root).toEqual(check.body.root);

  const verified = await tfsync(['audit', 'verify', jobId, '--root', check.body.root.hash]);
  expect(verified.stdout).toMatch(/^intact\n/);
  const file = join(dir, 'events.jsonl');
  await tfsync(['audit', 'export', jobId, '--output', file]);
  expect(readFileSync(file, 'utf8').trimEnd().split('\n')).toHaveLength(check.body.events);
});

test('a stop is in the trail, with who asked for it, and seals it', async () => {
  await using pair = await createCountyPair();
  const jobId = await service.startFull(pair, { ...MIRROR, batch_size: 1 });
  expect((await service.post(`/api/sync/stop/${jobId}`, {})).body.state).toMatch(/^stop/);

  await until('the job to be stopped', async () => (await service.status(jobId)).state === 'stopped');
  const sweep = `${service.places().controlUrl}/_local/schedules/fire?name=EveryMinute`; // seals what has ended meanwhile
  await expect
    .poll(
      async () => {
        await fetch(sweep, { method: 'POST' });
        return (await service.get(`/api/sync/audit/${jobId}/verify`)).body.sealed;
      },
      { timeout: 150_000, interval: 1_000 },
    )
    .toBe(true);
  const { events } = (await service.get(`/api/sync/audit/${jobId}?type=job.stopped`)).body;
  expect(events).toHaveLength(1);
  expect(events[0].actor).not.toBe('terrafusion-sync');
});

test('retention ran when the service started, and found nothing whose time was up', async () => {
  const { functions } = await service.counters();
  const retention = Object.entries(functions).find(([name]) => /Retention/.test(name))?.[1];

  expect(retention).toMatchObject({ crashes: 0, errors: 0 });
  expect(retention?.invocations).toBeGreaterThan(0);
  expect(service.output()).not.toMatch(/Schedule .*EveryDay/); // a run that fails is told there
  const [, registry = []] = Object.entries(await service.items()).find(([table]) => /registry/i.test(table)) ?? [];
  expect(registry).toEqual([]);
});
