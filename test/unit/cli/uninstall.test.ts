import { expect, test } from 'vitest';
import { fakeService, ok, tfsync } from './fake-service.ts';

const answer = (more: object = {}) => ({
  database: { host: 'h', port: 5432, database: 'county' },
  confirmed: false,
  complete: false,
  had: {
    schema: true,
    bytes: 3 * 1024 ** 2,
    jobs: 2,
    quarantined: 4,
    baselines: 5,
    conflicts: 3,
    open_conflicts: 1,
    slots: [{ slot: 'tfsync_a', retained_bytes: 1024 ** 2, active: false }],
    publications: [{ publication: 'tfsync_a', owned: true }],
    streams: ['tfsync_b'],
  },
  jobs_under_way: [],
  job_secrets: 1,
  environments: ['training'],
  mask_keys: 2,
  copies: [],
  left: [],
  ...more,
});

test('shows what is lost and removes nothing where nobody can be asked, nor with --dry-run', async () => {
  await using service = await fakeService(
    ok(answer({ jobs_under_way: ['j1'], schedules: ['each', 'nightly'] })),
    ok(answer()),
  );

  const asked = await tfsync(['uninstall', 'training', '--url', service.url]);
  const dry = await tfsync(['uninstall', 'training', '--everything', '--dry-run', '--yes', '--url', service.url]);

  expect(asked.code).toBe(2);
  for (const text of [
    'Would be removed from h:5432/county:',
    'Schedules that make it anew: each, nightly',
    'schema tf_sync, 3.0 MB',
    'what is known of 5 tables',
    '3 conflicts, 1 of them open',
    'slot tfsync_a, which keeps 1.0 MB of log',
    'publication tfsync_a',
    'the connections of 1 ended job',
    'slot and publication tfsync_b, in the source',
    'environments: training (--everything)',
    'job j1',
    'add --yes',
  ])
    expect(asked.stderr).toContain(text);
  expect(dry.code).toBe(0);
  expect(dry.stdout).toContain('2 keys of masks: values are masked otherwise');
  expect(service.calls.map((c) => [c.method, c.path, c.body])).toEqual([
    ['POST', '/api/sync/uninstall', { environment: 'training', everything: false }],
    ['POST', '/api/sync/uninstall', { environment: 'training', everything: true }],
  ]);
});

test('removes what it has looked at, and says what is left', async () => {
  const left = [{ what: 'slot \u001b[2Jx', code: 'lock_timeout', message: 'read', hint: 'again' }];
  await using service = await fakeService(ok(answer()), ok(answer({ confirmed: true, left })));

  const url = 'postgresql://a@h/county';
  const { code, stdout } = await tfsync(['uninstall', '--database', url, '--yes', '--url', service.url]);

  expect(code).toBe(1);
  expect(stdout).toContain('Removed in part from h:5432/county');
  expect(stdout).toContain('lock_timeout');
  expect(stdout).not.toMatch(/[^\P{C}\n]/u);
  expect(service.calls.map((c) => c.body)).toEqual([
    { connection: url, everything: false },
    { connection: url, everything: false, confirm: true },
  ]);
});

test('names copies, whose things stay', async () => {
  const copies = [
    { host: 'prod', port: 5432, database: 'county', is: 'another', environments: ['production'], jobs: 2 },
    { host: 'old', port: 5432, database: 'county', is: 'unknown', environments: [], jobs: 1 },
  ];
  await using service = await fakeService(ok(answer({ mask_keys: 0, copies })));

  const { stdout } = await tfsync(['uninstall', 'training', '--everything', '--dry-run', '--url', service.url]);

  for (const text of [
    'prod:5432/county (a copy of this database, or its original): environments production; 2 jobs',
    'old:5432/county (may be a copy; nobody could ask it): 1 jobs',
    'keys of masks, which copies have in common',
  ])
    expect(stdout).toContain(text);
});

test('needs one database', async () => {
  await using service = await fakeService();
  const none = await tfsync(['uninstall', '--url', service.url]);
  const both = await tfsync(['uninstall', 'training', '--database', 'x', '--url', service.url]);
  expect([none.code, both.code]).toEqual([2, 2]);
  expect(service.calls).toEqual([]);
});
