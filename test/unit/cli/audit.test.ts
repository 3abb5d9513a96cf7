import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { link, START } from '../../../lib/audit/chain.ts';
import { pace, reportOf } from '../../../lib/audit/report.ts';
import { fakeService, JOB, ok, tfsync } from './fake-service.ts';

const event = (seq: number, data: object = {}, type = 'chunk.applied') => ({
  job_id: JOB,
  stream: 'job',
  seq,
  type,
  at: `2026-11-23T10:00:${String(seq).padStart(2, '0')}.000Z`,
  actor: 'ada\u001b[2J',
  data: { table: 'public.t', inserted: 2, updated: 0, ...data },
});
const records = link(START, [event(1), event(2), event(3, { code: 'lock_timeout' }, 'healing.row_isolated')]);
const ROOT = { events: 3, hash: 'ab'.repeat(32), at: '2026-11-23T11:00:00.000Z' };

const FIRST = { events: 2, hash: 'ef'.repeat(32), at: '2026-11-23T10:00:00.000Z' };

const verification = (over: object = {}) => ({
  job_id: JOB,
  state: 'intact',
  events: 3,
  hash: ROOT.hash,
  sealed: true,
  root: ROOT,
  roots: [FIRST, ROOT],
  faults: [],
  faults_in_all: 0,
  ...over,
});

function folder() {
  const path = mkdtempSync(join(tmpdir(), 'tfsync-audit-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

test('lists events, asks for what was filtered, and lets nothing steer the terminal', async () => {
  const events = records.map((r) => ({ ...r, severity: 'info' }));
  await using service = await fakeService(ok({ events, next_token: 'abc' }));

  const ran = await tfsync(
    ['audit', JOB, '--url', service.url, '--type', 'chunk', '--table', 'public.t', '--severity', 'warning'].concat([
      '--from',
      '2026-11-23',
      '--limit',
      '3',
      '--text',
      'a b',
    ]),
  );

  expect(ran.code).toBe(0);
  expect(ran.stdout).toMatch(/NO +AT +EVENT +ACTOR +WHAT/);
  expect(ran.stdout).toContain('table=public.t inserted=2');
  expect(ran.stdout).not.toContain('\u001b');
  expect(ran.stderr).toContain('--next-token abc');
  expect(service.calls[0]?.path).toBe(
    `/api/sync/audit/${JOB}?type=chunk&table=public.t&severity=warning&from=2026-11-23&text=a+b&limit=3`,
  );
  const json = await tfsync(['audit', JOB, '--url', service.url, '--json']);
  expect(JSON.parse(json.stdout)).toEqual({ events, next_token: 'abc' });
});

test('verify goes on step by step and prints the root', async () => {
  await using service = await fakeService(
    ok(verification({ state: 'checking', events: 2, sealed: false, next_token: 'n1' })),
    ok(verification()),
  );

  const ran = await tfsync(['audit', 'verify', JOB, '--url', service.url]);

  expect(ran).toMatchObject({ code: 0, stdout: expect.stringMatching(/^intact\nevents {2}3\n/) });
  expect(ran.stdout).toContain(`root    ${ROOT.hash} at event 3`);
  expect(service.calls.map((c) => c.path)).toEqual([
    `/api/sync/audit/${JOB}/verify?`,
    `/api/sync/audit/${JOB}/verify?next_token=n1`,
  ]);
});

test('verify ends with 1 and names the faults of every step', async () => {
  const fault = (seq: number) => ({ code: 'altered', seq, message: 'An event is not the one that was written there.' });
  await using service = await fakeService(
    ok(verification({ state: 'broken', faults: [fault(1)], faults_in_all: 1, next_token: 'n1' })),
    ok(verification({ state: 'broken', faults: [fault(3)], faults_in_all: 5 })),
  );

  const ran = await tfsync(['audit', 'verify', JOB, '--url', service.url]);

  expect(ran.code).toBe(1);
  expect(ran.stdout).toMatch(/^BROKEN\n[\s\S]*event 1: altered[\s\S]*event 3: altered/);
  expect(ran.stderr).toContain('3 more faults');
});

test.each([
  [ROOT.hash, 0],
  [ROOT.hash.toUpperCase(), 0],
  [FIRST.hash, 0], // decisions came behind the root that somebody noted
  ['cd'.repeat(32), 1],
])('verify --root %s ends with %i', async (root, code) => {
  await using service = await fakeService(ok(verification()));

  expect((await tfsync(['audit', 'verify', JOB, '--root', root, '--url', service.url])).code).toBe(code);
});

test('report adds up the parts and writes a page of its own', async () => {
  using dir = folder();
  const first = reportOf(JOB, { after: 0, through: 2 }, records.slice(0, 2));
  const second = reportOf(JOB, { after: 2, through: 3 }, records.slice(2));
  await using service = await fakeService(
    ok({ ...first, ...pace(first), next_token: 'n1' }),
    ok({ ...second, ...pace(second), root: ROOT }),
  );
  const file = join(dir.path, 'report.html');

  const ran = await tfsync(['audit', 'report', JOB, '--format', 'html', '--output', file, '--url', service.url]);

  const page = readFileSync(file, 'utf8');
  expect(ran).toMatchObject({ code: 0, stdout: '' });
  expect(page).toMatch(/^<!doctype html>/);
  expect(page).toContain(ROOT.hash);
  expect(page).toContain('1 to 3');
  expect(existsSync(`${file}.part`)).toBe(false);
  expect(service.calls.map((c) => c.path)).toEqual([
    `/api/sync/audit/${JOB}/report?format=json`,
    `/api/sync/audit/${JOB}/report?format=json&next_token=n1`,
  ]);
});

test('export joins the parts to one file, which has its name only once it is whole', async () => {
  using dir = folder();
  const file = join(dir.path, 'events.csv');
  const problem = { title: 'x', status: 503, detail: 'not now', code: 'unavailable', errors: [] };
  await using service = await fakeService(
    { status: 200, type: 'text/csv', body: 'seq\r\n1\r\n', headers: { 'x-next-token': 'n1' } },
    { status: 503, type: 'application/problem+json', body: problem },
    { status: 200, type: 'text/csv', body: 'seq\r\n1\r\n', headers: { 'x-next-token': 'n1' } },
    { status: 200, type: 'text/csv', body: '2\r\n' },
  );
  const args = ['audit', 'export', JOB, '--format', 'csv', '--output', file, '--url', service.url];

  expect((await tfsync(args)).code).toBe(1);
  expect([existsSync(file), existsSync(`${file}.part`)]).toEqual([false, true]);
  expect((await tfsync(args)).code).toBe(0);
  expect(readFileSync(file, 'utf8')).toBe('seq\r\n1\r\n2\r\n');
  expect(service.calls.at(-1)?.path).toBe(`/api/sync/audit/${JOB}/export?format=csv&next_token=n1`);
  expect((await tfsync([...args.slice(0, 6), join(dir.path, 'no/such/folder'), ...args.slice(7)])).code).toBe(2);
});

test.each(['abc', '', 'g'.repeat(64)])(
  'a root that cannot be one is refused, and nobody is called a forger: %j',
  async (root) => {
    const ran = await tfsync(['audit', 'verify', JOB, '--root', root, '--url', 'http://127.0.0.1:1']);

    expect([ran.code, ran.stdout]).toEqual([2, '']);
    expect(ran.stderr).toContain('--root needs a hash of 64 hexadecimal digits');
  },
);
