import { expect, test } from 'vitest';
import type { ConflictDetail, ResolutionView } from '../../../lib/model/conflict-answers.ts';
import { fakeService, JOB, ok, tfsync } from './fake-service.ts';

const CONFLICT = 'c'.repeat(32);
const RESOLUTION = '11111111-2222-4333-8444-555555555555';
/** What a row may hold: terminal control, a line break, text that runs backwards, a formula, markup. */
const NASTY = '\u001b[2J\u001b]0;pwned\u0007\n\u202egnp.exe\u0000=cmd()<b>';

const detail: ConflictDetail = {
  conflict_id: CONFLICT,
  table: 'public.\u001b[31mt',
  key: [NASTY],
  type: 'update_differing',
  state: 'open',
  reason: 'Both sides changed name.',
  changed: ['name'],
  preview: [],
  expected: { source: 'a', target: 'b' },
  opened_by: JOB,
  seen_by: JOB,
  opened_at: '2026-11-23T10:00:00.000Z',
  seen_at: '2026-11-23T10:00:00.000Z',
  sides: { source: 'row', target: 'row', base: 'row' },
  fields: [
    { column: 'name', type: 'text', differs: true, source: NASTY, target: null, base: 'x'.repeat(99) },
    { column: 'id', type: 'int4', differs: false, source: '7', target: '7' },
  ],
  suggestion: { decision: { side: 'source' }, reason: `Because ${NASTY}` },
};

const resolution = (over: Partial<ResolutionView>): ResolutionView => ({
  resolution_id: RESOLUTION,
  job_id: JOB,
  state: 'completed',
  decision: {},
  filter: {},
  actor: 'ada',
  expected_count: 5,
  listed: 5,
  counts: { applied: 5, stale: 0, already_resolved: 0, failed: 0 },
  failures: [],
  created_at: '',
  updated_at: '',
  ended_at: '2026-11-23T11:00:00.000Z',
  ...over,
});
const counts = (applied: number, stale = 0) => ({ applied, stale, already_resolved: 0, failed: 0 });
const STATUS_URL = `/api/sync/conflicts/${JOB}/resolutions/${RESOLUTION}`;
const started = { status: 202, body: { resolution_id: RESOLUTION, state: 'listing', status_url: STATUS_URL } };

const steering = /[^\P{C}\n]/u; // control and format characters but the line ends of our own

test('shows a conflict as a table of three columns, changed ones first, and nothing that steers a terminal', async () => {
  await using service = await fakeService(ok(detail), ok({ conflicts: [detail] }));

  const shown = await tfsync(['conflict', JOB, CONFLICT, '--url', service.url]);
  const listed = await tfsync(['conflicts', JOB, '--url', service.url]);

  expect(shown.code).toBe(0);
  expect(shown.stdout).toMatch(
    /COLUMN +BASE +SOURCE +TARGET\n\* name +x{40}… +\?\[2J\?\]0;pwned\?\?\?gnp\.exe\?=cmd\(\)<b> +NULL\n {2}id +- +7 +7\n/,
  );
  expect(shown.stdout).toContain('Suggested: source.');
  expect(shown.stdout).not.toMatch(steering);
  expect(listed.stdout).not.toMatch(steering);
});

test('lists with filters, and tells how to go on', async () => {
  await using service = await fakeService(ok({ conflicts: [detail], next_token: 'abc' }));

  const ran = await tfsync([
    'conflicts',
    JOB,
    '--url',
    service.url,
    '--status',
    'open',
    '--table',
    'public.t',
    '--opened-from',
    '2026-11-23',
    '--limit',
    '1',
  ]);

  expect(ran.code).toBe(0);
  expect(service.calls[0]?.path).toBe(
    `/api/sync/conflicts/${JOB}?table=public.t&opened_from=2026-11-23&status=open&limit=1`,
  );
  expect(ran.stdout).toContain(CONFLICT);
  expect(ran.stdout).not.toMatch(steering);
  expect(ran.stderr).toContain('--next-token abc');
});

test.each([
  [['--source'], { side: 'source' }],
  [['--target', '--note', 'why'], { side: 'target', note: 'why' }],
  [['--strategy', 'newer_wins'], { strategy: 'newer_wins' }],
  [
    ['--field', 'a=source', '--field', 'b=null', '--value', 'c=x=y', '--value', 'd='],
    { fields: { a: { side: 'source' }, b: { value: null }, c: { value: 'x=y' }, d: { value: '' } } },
  ],
])('resolves %j on the rows that it has shown', async (options, body) => {
  const conflict = { ...detail, state: 'resolved' };
  await using service = await fakeService(ok(detail), ok({ outcome: 'applied', conflict }));

  const ran = await tfsync(['resolve', JOB, CONFLICT, '--url', service.url, ...options]);

  expect(ran.code).toBe(0);
  expect(service.calls[1]).toMatchObject({ method: 'POST', path: `/api/sync/conflicts/${JOB}/${CONFLICT}/resolve` });
  expect(service.calls[1]?.body).toEqual({ ...body, expected: detail.expected });
  expect(ran.stderr).toContain('* name');
  expect(ran.stderr).not.toMatch(steering);
});

test.each([
  [[], /Say one of/],
  [['--source', '--target'], /Say one of/],
  [['--source', '--field', 'a=source'], /Say one of/],
  [['--field', 'source'], /--field needs column=/],
  [['--value', '=x'], /--value needs column=/],
])('refuses resolve %j without a call', async (options, message) => {
  await using service = await fakeService(ok(detail));

  const ran = await tfsync(['resolve', JOB, CONFLICT, '--url', service.url, ...options]);

  expect(ran).toMatchObject({ code: 2, stderr: expect.stringMatching(message) });
  expect(service.calls).toEqual([]);
});

test('resolve-all counts, orders with that count and follows the order', async () => {
  const going = resolution({ state: 'deciding', counts: counts(2) });
  const { ended_at: _, ...open } = going;
  await using service = await fakeService(ok({ preview: true, count: 5 }), started, ok(open), ok(resolution({})));

  const ran = await tfsync([
    'resolve-all',
    JOB,
    '--url',
    service.url,
    '--strategy',
    'newer_wins',
    '--table',
    'public.t',
    '--yes',
    '--note',
    'n',
  ]);

  expect(ran).toMatchObject({ code: 0, stdout: expect.stringContaining('completed: 5 applied') });
  const decision = { strategy: 'newer_wins', filter: { table: 'public.t' } };
  expect(service.calls.map((c) => c.body)).toEqual([
    { ...decision, preview: true },
    { ...decision, expected_count: 5, note: 'n' },
    undefined,
    undefined,
  ]);
  expect(ran.stderr).toContain('deciding: 2 applied');
});

test.each([
  [resolution({ counts: counts(4, 1) }), 3],
  [resolution({ state: 'failed', failure: { code: 'target_busy', message: 'A job holds the table.' } }), 1],
  [resolution({ state: 'refused' }), 1],
])('resolve-all says by its exit code how the order ended: %#', async (ended, code) => {
  await using service = await fakeService(ok({ preview: true, count: 5 }), started, ok(ended));

  expect((await tfsync(['resolve-all', JOB, '--url', service.url, '--source', '--yes'])).code).toBe(code);
});

test('an order is cancelled by the id that resolve-all prints', async () => {
  await using service = await fakeService(ok(resolution({ state: 'cancelled', counts: counts(2) })));
  const { resolution_id } = resolution({});

  const ran = await tfsync(['cancel-resolve-all', JOB, resolution_id, '--url', service.url]);

  expect(ran).toMatchObject({
    code: 0,
    stdout: 'cancelled: 2 applied, 0 moved meanwhile, 0 decided before, 0 left open of 5\n',
  });
  expect(service.calls).toMatchObject([
    { method: 'POST', path: `/api/sync/conflicts/${JOB}/resolutions/${resolution_id}/cancel` },
  ]);
});

test('resolve-all decides nothing unless somebody agrees', async () => {
  await using service = await fakeService(ok({ preview: true, count: 5 }));

  const ran = await tfsync(['resolve-all', JOB, '--url', service.url, '--source']);

  expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') });
  expect(service.calls).toHaveLength(1);
});
