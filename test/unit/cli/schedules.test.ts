import { expect, test } from 'vitest';
import { sampleSchedule } from '../../contract/samples.ts';
import { fakeService, ok, tfsync } from './fake-service.ts';

const SOURCE = 'postgresql://sync:hunter2@prod/county';
const TARGET = 'postgresql://sync:hunter3@train/county';

const view = (over: object = {}) => ({
  ...sampleSchedule(),
  next_runs: ['2026-11-24T02:00:00.000Z', '2026-11-25T02:00:00.000Z', '2026-11-26T02:00:00.000Z'],
  runs: [
    { due: '2026-11-23T02:00:00.000Z', at: '2026-11-23T02:00:01.000Z', outcome: 'skipped', code: 'schedule_overlap' },
    { due: '2026-11-22T02:00:00.000Z', at: '2026-11-22T02:00:01.000Z', outcome: 'started', job_id: 'job-\u001b[31m1' },
  ],
  ...over,
});

test('lists schedules with their next run and what became of the last', async () => {
  await using service = await fakeService(
    ok({ schedules: [view(), view({ name: 'weekly', paused: true, runs: [] })] }),
  );

  const ran = await tfsync(['schedules', '--url', service.url]);

  expect(ran.code).toBe(0);
  expect(ran.stdout).toMatch(
    /nightly +incremental +cron\(0 2 \* \* \? \*\) +UTC +2026-11-24 02:00:00Z +skipped \(schedule_overlap\)/,
  );
  expect(ran.stdout).toMatch(/weekly .* paused/);
});

test('shows one with its next three runs, and nothing that steers a terminal', async () => {
  await using service = await fakeService(ok(view()));

  const ran = await tfsync(['schedules', 'show', 'nightly', '--url', service.url]);

  expect(service.calls).toMatchObject([{ method: 'GET', path: '/api/sync/schedules/nightly' }]);
  expect(ran.stdout.match(/2026-11-2[456] 02:00:00Z/g)).toHaveLength(3);
  expect(ran.stdout).not.toContain('\u001b');
});

test('puts one with exactly what was asked for, connections only where they are given', async () => {
  await using service = await fakeService(ok(view()));
  const put = ['schedules', 'put', 'nightly', '--url', service.url, '--expression', 'rate(1 day)'];

  await tfsync([...put, '--mode', 'full', '--overlap', 'queue', '--flexible-minutes', '15', '--batch-size', '500']);
  await tfsync([...put, '--source', SOURCE, '--target', TARGET, '--timezone', 'America/Chicago', '--paused']);

  expect(service.calls.map((c) => [c.method, c.path])).toEqual(Array(2).fill(['PUT', '/api/sync/schedules/nightly']));
  expect(service.calls.map((c) => c.body)).toEqual([
    { expression: 'rate(1 day)', mode: 'full', overlap: 'queue', flexible_minutes: 15, config: { batch_size: 500 } },
    {
      expression: 'rate(1 day)',
      timezone: 'America/Chicago',
      paused: true,
      source_connection: SOURCE,
      target_connection: TARGET,
      config: {},
    },
  ]);
});

test('pauses and resumes one by putting what it is, without its connections', async () => {
  await using service = await fakeService({ ...ok(view()), headers: { etag: '"4.5"' } });

  await tfsync(['schedules', 'pause', 'nightly', '--url', service.url]);
  await tfsync(['schedules', 'resume', 'nightly', '--url', service.url]);

  const bodies = service.calls.filter((c) => c.method === 'PUT').map((c) => c.body as Record<string, unknown>);
  expect(bodies.map((b) => b.paused)).toEqual([true, false]);
  expect(service.calls.map((c) => c.headers['if-match'])).toEqual([undefined, '"4.5"', undefined, '"4.5"']);
  expect(Object.keys(bodies[0] ?? {}).sort()).toEqual([
    'config',
    'expression',
    'flexible_minutes',
    'mode',
    'overlap',
    'paused',
    'timezone',
  ]);
});

test('deletes one', async () => {
  await using service = await fakeService({ status: 204, body: '' });

  const ran = await tfsync(['schedules', 'delete', 'nightly', '--url', service.url]);

  expect(service.calls).toMatchObject([{ method: 'DELETE', path: '/api/sync/schedules/nightly' }]);
  expect([ran.code, ran.stdout]).toEqual([0, '']);
});
