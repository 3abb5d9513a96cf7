import { expect, test } from 'vitest';
import { fakeService, JOB, ok, tfsync } from './fake-service.ts';

const NASTY = '\u001b[2J\n\u202epwned';
const steering = /[^\P{C}\n]/u;
const ROW = {
  table: 'public.parcel',
  key: ['7'],
  code: 'rule_rejected',
  rule: 'range(price)',
  at: '2026-11-23T10:00:00Z',
};

test('lists rows with their rule and values, and names the next page', async () => {
  const rows = [
    { ...ROW, in_source: true, values: { price: '-1', owner: null } },
    { ...ROW, key: ['8'], in_source: false },
  ];
  await using service = await fakeService(ok({ rows, next_token: 'more' }));

  const { code, stdout, stderr } = await tfsync([
    'quarantine',
    'list',
    JOB,
    '--rule',
    'range(price)',
    '--limit',
    '2',
    '--url',
    service.url,
  ]);

  expect(code).toBe(0);
  expect(stdout).toContain('range(price)');
  expect(stdout).toContain('price=-1 owner=NULL');
  expect(stdout).toContain('the source has no such row now');
  expect(stderr).toContain('--next-token more');
  expect(service.calls.map((c) => `${c.method} ${c.path}`)).toEqual([
    `GET /api/sync/quarantine/${JOB}?rule=range%28price%29&limit=2`,
  ]);
});

test('says once for each reason what it means and what to do', async () => {
  const rows = [ROW, { ...ROW, key: ['8'] }, { ...ROW, key: ['9'], code: 'raised' }, { ...ROW, code: 'newer_reason' }];
  await using service = await fakeService(ok({ rows }));

  const { stdout } = await tfsync(['quarantine', JOB, '--url', service.url]);

  expect(stdout.split('\n\n').slice(1)).toEqual([
    `rule_rejected: A rule of the job does not let the row pass: see its name.\n  Mend the row in the source; then tfsync quarantine retry ${JOB}.`,
    'raised: A trigger of the target raised an error.\n  Use triggers: "suppress", or disable the trigger in the target; then run again.\n',
  ]);
});

test('lists without being told to', async () => {
  await using service = await fakeService(ok({ rows: [ROW] }));

  const { code, stdout } = await tfsync(['quarantine', JOB, '--table', 'public.parcel', '--url', service.url]);

  expect(code).toBe(0);
  expect(stdout).toContain('range(price)');
  expect(service.calls[0]?.path).toBe(`/api/sync/quarantine/${JOB}?table=public.parcel`);
});

test('starts a retry, and lets no name steer the terminal', async () => {
  const answer = { job_id: JOB, state: 'created', status_url: '/x', rows: 3, whole_tables: [NASTY] };
  await using service = await fakeService(ok(answer));

  const { code, stdout, stderr } = await tfsync([
    'quarantine',
    'retry',
    JOB,
    '--table',
    'public.parcel',
    '--url',
    service.url,
  ]);

  expect(code).toBe(0);
  expect(stdout.trim()).toBe(JOB);
  expect(stderr).toContain('3 rows are tried again');
  expect(stderr).not.toMatch(steering);
  expect(service.calls.map((c) => `${c.method} ${c.path}`)).toEqual([`POST /api/sync/quarantine/${JOB}/retry`]);
  expect(service.calls[0]?.body).toEqual({ table: 'public.parcel' });
});
