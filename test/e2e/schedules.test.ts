import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compareDatabases, summary } from '../support/compare.ts';
import { createPair, type TestPair } from '../support/databases.ts';
import { auditEvents, type E2eService, runNode, scratchFolder, startService, until } from './support.ts';

let folder: ReturnType<typeof scratchFolder>;
let service: E2eService;
beforeAll(async () => {
  folder = scratchFolder();
  service = await startService({ dataDir: folder.path });
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

interface Run {
  readonly due: string;
  readonly outcome: string;
  readonly job_id?: string;
  readonly code?: string;
}

const body = (pair: TestPair, over: object = {}) => ({
  source_connection: pair.source.url,
  target_connection: pair.target.url,
  expression: 'rate(1 minute)',
  ...over,
});

const put = (name: string, what: object) =>
  service.call(`/api/sync/schedules/${name}`, {
    method: 'PUT',
    body: JSON.stringify(what),
    headers: { 'content-type': 'application/json' },
  });

const shown = async (name: string) => (await service.get(`/api/sync/schedules/${name}`)).body;
const runsOf = async (name: string): Promise<readonly Run[]> => (await shown(name)).runs;

/** Puts the emulated scheduler's clock forward: nobody waits for a minute. */
const minutesPass = async (n = 1) => {
  await fetch(`${service.places().controlUrl}/_local/scheduler/advance?seconds=${60 * n}`, { method: 'POST' });
};

/** The newest run, once there are so many and each has its outcome. */
const settled = (name: string, count: number) =>
  until(`${count} runs of ${name}`, async () => {
    const runs = await runsOf(name);
    return runs.length >= count && runs.every((r) => r.outcome !== 'starting') ? runs : undefined;
  });

async function pairWithRows(): Promise<TestPair> {
  const pair = await createPair();
  for (const db of [pair.source, pair.target])
    await db.client.query(`create table t (id int primary key, x text, updated_at timestamptz default now())`);
  await pair.source.client.query(`insert into t select i, 'v' || i from generate_series(1, 50) i`);
  return pair;
}

test('a schedule fires on time, twice, starts ordinary jobs as itself, and skips a run that would overlap', async () => {
  await using pair = await pairWithRows();
  const config = { detection_strategy: 'timestamp' };
  const made = await put('nightly', body(pair, { config }));
  const early = await runsOf('nightly');

  await minutesPass();
  const [first] = await settled('nightly', 1);
  const one = await service.waitForEnd(first?.job_id ?? '');
  await pair.source.client.query(`insert into t values (900, 'new')`);
  await minutesPass();
  const [second] = await settled('nightly', 2);
  const two = await service.waitForEnd(second?.job_id ?? '');

  await pair.source.client.query(`insert into t values (901, 'newer')`);
  await pair.target.client.query('begin; lock table t in share mode');
  await minutesPass();
  const [third] = await settled('nightly', 3);
  await minutesPass();
  const [fourth] = await settled('nightly', 4);
  await pair.target.client.query('commit');
  await service.waitForEnd(third?.job_id ?? '');
  await put('nightly', { expression: 'rate(1 minute)', paused: true, config });
  await minutesPass(3);

  expect(made.status).toBe(201);
  expect(made.body.next_runs).toHaveLength(3);
  expect(early).toEqual([]);
  expect([first, second, third, fourth].map((r) => r?.outcome)).toEqual(['started', 'started', 'started', 'skipped']);
  expect(fourth).toMatchObject({ code: 'schedule_overlap', job_id: third?.job_id });
  const dues = [first, second, third, fourth].map((r) => Date.parse(r?.due ?? ''));
  expect(dues.map((ms, i) => ms - (dues[i - 1] ?? ms))).toEqual([0, 60_000, 60_000, 60_000]);
  expect([one, two]).toMatchObject([
    { state: 'completed', mode: 'incremental', counts: { inserted: 50 } },
    { state: 'completed', mode: 'incremental', counts: { inserted: 1 } },
  ]);
  expect(await runsOf('nightly')).toHaveLength(4); // paused, it starts nothing
  expect((await auditEvents(service, second?.job_id ?? ''))[0]).toMatchObject({
    type: 'job.created',
    actor: 'schedule:nightly',
  });
  expect(summary(await compareDatabases(pair.source.client, pair.target.client))).toEqual({});
});

test('a run that waits is started when what is in its way has ended, and a schedule survives a restart of everything', async () => {
  await using pair = await pairWithRows();
  await put('queued', body(pair, { overlap: 'queue', mode: 'full', expression: 'cron(* * * * ? *)' }));
  await pair.target.client.query('begin; lock table t in share mode');
  await minutesPass();
  const [first] = await settled('queued', 1);
  await minutesPass();
  const [second] = await settled('queued', 2);

  await service.post(`/api/sync/stop/${first?.job_id}`, {});
  await service.waitForEnd(first?.job_id ?? '');
  await pair.target.client.query('commit');
  await service.end('SIGKILL', 'all');
  service = await startService({ dataDir: folder.path }); // its first look at runs that wait is at once
  const runs = await until('the second run to start', async () => {
    const all = await runsOf('queued');
    return all.find((r) => r.due === second?.due)?.outcome === 'started' ? all : undefined;
  });
  await service.waitForEnd(runs.find((r) => r.due === second?.due)?.job_id ?? '');
  const after = await shown('queued');

  expect([first?.outcome, second?.outcome]).toEqual(['started', 'waiting']);
  expect(runs.filter((r) => r.due === second?.due)).toHaveLength(1);
  expect(after.next_runs).toHaveLength(3);
  expect(summary(await compareDatabases(pair.source.client, pair.target.client))).toEqual({});
  await service.call('/api/sync/schedules/queued', { method: 'DELETE' });
});

test('what is refused leaves nothing; what is kept is a secret; what is deleted is gone, on the command line too', async () => {
  await using pair = await pairWithRows();
  const away = body(pair, { source_connection: 'postgresql://u:c4n4ry@127.0.0.1:1/d' });
  const refused = await put('gone', away);
  await put('weekly', body(pair, { expression: 'cron(0 3 ? * 2#1 *)', timezone: 'America/Chicago' }));
  const tfsync = (...args: string[]) =>
    runNode([
      'cli/tfsync.ts',
      '--url',
      service.url,
      '--token-file',
      join(service.dataDir, 'token'),
      'schedules',
      ...args,
    ]);

  const list = await tfsync();
  const paused = await tfsync('pause', 'weekly');
  const items = JSON.stringify(await service.items());
  const deleted = await tfsync('delete', 'weekly');
  const missing = await service.get('/api/sync/schedules/weekly');

  expect([refused.status >= 400, (await service.get('/api/sync/schedules/gone')).status]).toEqual([true, 404]);
  expect(refused.body.errors[0]).toMatchObject({ field: '/source_connection' });
  expect(list.stdout).toMatch(/weekly.*cron\(0 3 \? \* 2#1 \*\).*America\/Chicago/);
  expect(paused.stdout).toContain('paused');
  expect(items).toContain('weekly');
  expect(items).not.toContain(new URL(pair.source.url).password || 'no password at all');
  expect(items).not.toContain('c4n4ry');
  expect([deleted.code, missing.status]).toEqual([0, 404]);
});
