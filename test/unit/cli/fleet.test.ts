import { expect, test } from 'vitest';
import { fakeService, ok, tfsync } from './fake-service.ts';

const ID = '0e0e0e0e-0000-4000-8000-000000000001';
const NASTY = '\u001b[2Jpwned';
const preview = { preview: true, count: 21, pairs: ['adams', `ash${NASTY}`] };
const started = { order_id: ID, state: 'working', status_url: `/api/sync/fleet/${ID}` };
const order = (over: object = {}) => ({
  order_id: ID,
  action: 'start',
  state: 'completed',
  count: 21,
  done: 21,
  skipped: 0,
  failed: 0,
  failures: [],
  actor: 'ada',
  created_at: '2026-11-23T10:00:00.000Z',
  updated_at: '2026-11-23T10:00:00.000Z',
  ended_at: '2026-11-23T10:01:00.000Z',
  ...over,
});

test('an order is counted and asked about first; where nobody can be asked nothing is ordered', async () => {
  await using service = await fakeService(ok(preview));

  const { code, stderr } = await tfsync(['fleet', 'stop', '--group', 'counties', '--url', service.url]);

  expect(code).toBe(2);
  expect(stderr).toContain('adams ash?[2Jpwned ...');
  expect(stderr).toContain('add --yes');
  expect(service.calls.map((c) => c.body)).toEqual([{ action: 'stop', filter: { group: 'counties' } }]);
});

test('with --yes it is given with the count that was seen and all that was said, and followed to its end', async () => {
  const { ended_at: _, ...working } = order({ state: 'working', done: 3 });
  const failed = order({
    done: 20,
    failed: 1,
    failures: [{ pair: 'ash', code: 'target_busy', message: `taken${NASTY}` }],
  });
  await using service = await fakeService(ok(preview), { status: 202, body: started }, ok(working), ok(failed));
  const flags = ['--state', 'failed', '--mode', 'full', '--dry-run', '--at-once', '7', '--note', 'why', '--yes'];

  const { code, stdout, stderr } = await tfsync(['fleet', 'start', ...flags, '--url', service.url]);

  const said = { action: 'start', filter: { state: 'failed' }, mode: 'full', dry_run: true, at_once: 7 };
  expect(service.calls.map((c) => c.body).slice(0, 2)).toEqual([said, { ...said, expected_count: 21, note: 'why' }]);
  expect(service.calls.slice(2).map((c) => c.path)).toEqual([started.status_url, started.status_url]);
  expect(stderr).toContain('working: 3 done, 0 skipped, 0 failed of 21');
  expect(stdout).toBe('completed: 20 done, 0 skipped, 1 failed of 21\n  ash: target_busy taken?[2Jpwned\n');
  expect(code).toBe(3);
});

test.each([
  [order(), 0],
  [order({ failed: 1 }), 3],
  [order({ state: 'cancelled' }), 1],
])('an order that ends as %j ends the command with %i', async (ended, code) => {
  await using service = await fakeService(ok(preview), { status: 202, body: started }, ok(ended));

  expect((await tfsync(['fleet', 'resume', '--all', '--yes', '--url', service.url])).code).toBe(code);
});

test('a schedule has all of its timing', async () => {
  await using service = await fakeService(ok(preview), { status: 202, body: started }, ok(order()));
  const when = ['--expression', 'rate(1 day)', '--timezone', 'America/Chicago', '--spread-minutes', '60'];

  await tfsync([
    'fleet',
    'schedule',
    '--all',
    ...when,
    '--overlap',
    'queue',
    '--paused',
    '--yes',
    '--url',
    service.url,
  ]);

  const schedule = { expression: 'rate(1 day)', timezone: 'America/Chicago', spread_minutes: 60, overlap: 'queue' };
  expect(service.calls[1]?.body).toEqual({
    action: 'schedule',
    filter: {},
    schedule: { ...schedule, paused: true },
    expected_count: 21,
  });
});

test.each([[[]], [['--all', '--group', 'counties']]])(
  'all pairs are meant only where that alone is said: %j',
  async (flags) => {
    await using service = await fakeService(ok(preview));

    expect((await tfsync(['fleet', 'stop', ...flags, '--yes', '--url', service.url])).code).toBe(2);
    expect(service.calls).toEqual([]);
  },
);

test('a pair that is changed keeps what is not said, also of its config', async () => {
  const config = { batch_size: 1000, delete_mode: 'keep', mapping: { 'public.t': { columns: {} } } };
  const pair = {
    name: 'adams',
    description: 'A county',
    groups: ['counties'],
    source_environment: 'a',
    target_environment: 'b',
    mode: 'full',
    state: 'never',
    actor: 'ada',
    config,
  };
  await using service = await fakeService({ ...ok(pair), headers: { etag: '"1"' } });
  const put = (...flags: string[]) => tfsync(['pairs', 'put', 'adams', ...flags, '--url', service.url]);

  await put('--batch-size', '50');
  await put('--target-env', 'c');
  await put('--config', '{"batch_size":7}');

  const { name: _n, state: _s, actor: _a, ...kept } = pair;
  const puts = service.calls.filter((c) => c.method === 'PUT');
  expect(puts.map((c) => c.headers['if-match'])).toEqual(['"1"', '"1"', '"1"']);
  expect(puts.map((c) => c.body)).toEqual([
    { ...kept, config: { ...config, batch_size: 50 } },
    { ...kept, target_environment: 'c' },
    { ...kept, config: { batch_size: 7 } },
  ]);
});
