import { expect, test } from 'vitest';
import { fakeService, ok, tfsync } from './fake-service.ts';

const DATABASES = ['--source', 'postgresql://s', '--target', 'postgresql://t'];
const NASTY = '\u001b[2J\u202epwned';

const plan = {
  root: 'public.parcels',
  parents: 'insert',
  tables: [
    { name: 'public.parcels', role: 'root', key: ['id'], path: [], via: [], rows: { source: 1, target: 0 } },
    {
      name: `public.items${NASTY}`,
      role: 'child',
      key: ['id'],
      path: ['a', 'b'],
      via: [],
      rows: { source: 12, target: null },
    },
  ],
  missing_indexes: [
    {
      side: 'source',
      table: 'public.items',
      constraint: `fk${NASTY}`,
      columns: ['parcel_id'],
      rows: 12,
      remedy: 'CREATE INDEX ON "public"."items" ("parcel_id")',
    },
  ],
  excluded: [
    { table: 'public.notes', constraint: 'n', other: 'public.items', why: 'excluded', note: 'It is left out.' },
  ],
};

test('shows a plan: tables in order with their rows and paths, and what is not followed', async () => {
  await using service = await fakeService(ok(plan));

  const { code, stdout } = await tfsync([
    ...['projects', 'plan', '--root', 'public.parcels', '--key', '7', '--exclude', 'public.notes', '--depth', '2'],
    ...[...DATABASES, '--url', service.url],
  ]);

  expect(code).toBe(0);
  expect(service.calls[0]).toMatchObject({
    method: 'POST',
    path: '/api/sync/projects/plan',
    body: { config: { project: { root: 'public.parcels', key: '7', exclude: ['public.notes'], depth: 2 } } },
  });
  expect(stdout).toMatch(/public\.parcels +root +1 +0/);
  expect(stdout).toContain('source: CREATE INDEX ON "public"."items" ("parcel_id"); -- fk');
  expect(stdout).toMatch(/child +12 +\? +a > b/);
  expect(stdout).toContain('public.notes by n (public.items): It is left out.');
  expect(stdout).not.toMatch(/[^\P{C}\n]/u);
});

test('starts a job over a project, its keys as values or by column, with what --config says besides', async () => {
  const started = { status: 202, body: { job_id: 'j', state: 'created', status_url: '/x' } };
  await using service = await fakeService(started, started);
  const config = JSON.stringify({ project: { root: 'public.t', parents: 'update' }, batch_size: 7 });

  const full = await tfsync([
    'projects',
    'start',
    '--config',
    config,
    '--key',
    '{"a":1,"b":"x"}',
    '{"a":2,"b":"y"}',
    ...DATABASES,
    '--url',
    service.url,
  ]);
  const incremental = await tfsync([
    'projects',
    'start',
    '--incremental',
    '--root',
    'public.t',
    '--key',
    '1',
    ...DATABASES,
    '--url',
    service.url,
  ]);
  const wrong = await tfsync([
    'projects',
    'start',
    '--root',
    'public.t',
    '--key',
    '{x',
    ...DATABASES,
    '--url',
    service.url,
  ]);

  expect([full.code, full.stdout, incremental.code, wrong.code]).toEqual([0, 'j\n', 0, 2]);
  expect(service.calls.map((c) => c.path)).toEqual(['/api/sync/full', '/api/sync/incremental']);
  const keys = [
    { a: 1, b: 'x' },
    { a: 2, b: 'y' },
  ];
  expect(service.calls[0]?.body).toMatchObject({
    config: { batch_size: 7, project: { root: 'public.t', parents: 'update', key: keys } },
  });
});
