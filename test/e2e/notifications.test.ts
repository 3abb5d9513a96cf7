import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { receiver } from '../../examples/webhook-receiver.ts';
import { type Notification, notification } from '../../lib/model/notification.ts';
import { synthesize } from '../../local/synth.ts';
import { readAssembly } from '../../local/template/assembly.ts';
import { createPair, type TestPair } from '../support/databases.ts';
import { alarmMetrics, sumOf, toldFigures, valuesOf } from '../support/figures.ts';
import { type E2eService, scratchFolder, startService, until } from './support.ts';

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

const put = (what: 'webhooks' | 'schedules', name: string, body: object) =>
  service.call(`/api/sync/${what}/${name}`, {
    method: 'PUT',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  });

/** A webhook of the service, and what it leads to: the receiver of docs/notifications.md, on this machine. */
async function listen(name: string, path: string) {
  const had: Notification[] = [];
  const ids: unknown[] = [];
  const refused: number[] = [];
  const down: number[] = [];
  let believe: Server | undefined;
  const server = createServer((request, response) => {
    ids.push(request.headers['webhook-id']);
    const status = down.shift();
    if (status !== undefined) return void response.writeHead(status).end();
    response.on('finish', () => response.statusCode !== 204 && refused.push(response.statusCode));
    believe?.emit('request', request, response);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
  const made = await put('webhooks', name, { url });
  const secret: string = made.body.secret;
  believe = receiver(secret, (one) => had.push(notification.parse(one)));
  return {
    ...{ made, secret, had, ids, refused },
    /** Statuses of the next answers, in place of its own. */
    down,
    of: (jobId: string) => had.flatMap((n) => (n.type !== 'webhook.test' && n.job.id === jobId ? [n] : [])),
    async [Symbol.asyncDispose]() {
      await service.call(`/api/sync/webhooks/${name}`, { method: 'DELETE' });
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

type Listener = Awaited<ReturnType<typeof listen>>;
const types = (listener: Listener, jobId: string) => listener.of(jobId).map((n) => n.type);
const heard = (listener: Listener, jobId: string, ...wanted: ReturnType<typeof types>) =>
  until(`${wanted.join(' and ')} of ${jobId}`, () => wanted.every((type) => types(listener, jobId).includes(type)));

async function pairOf(source: string, target: string): Promise<TestPair> {
  const pair = await createPair();
  for (const db of [pair.source, pair.target]) await db.client.query('create table t (id int primary key, x text)');
  await pair.source.client.query(`insert into t ${source}`);
  await pair.target.client.query(`insert into t ${target}`);
  return pair;
}

/** Everything that the service has written beside its secrets: tables, queues, logs. */
function filesOf(path: string): string {
  const files = readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((f) => f !== 'secrets.json');
  return files
    .map((f) => join(path, f))
    .filter((f) => statSync(f).isFile())
    .map((f) => readFileSync(f, 'latin1'))
    .join('\n');
}

test('a job that finds conflicts tells a receiver of its end and of them, signed, each once, and again where it was down', async () => {
  await using listener = await listen('ops', '/c4n4ry-path?token=c4n4ry-query');
  await using pair = await pairOf(`values (1, 'r0w-c4n'), (2, 'b'), (3, 'c')`, `values (1, 'x'), (2, 'y')`);
  const tested = await service.post('/api/sync/webhooks/ops/test', {});
  listener.down.push(503); // what comes first is delivered five seconds later

  const jobId = await service.startFull(pair, { conflict_strategy: 'manual' });
  const status = await service.waitForEnd(jobId);
  await heard(listener, jobId, 'job.ended', 'conflicts.new');
  const shown = await until('the last delivery to be noted', async () => {
    const { body } = await service.get('/api/sync/webhooks/ops');
    return body.last?.outcome === 'delivered' && body.last?.attempt === 2 ? body : undefined;
  });

  expect([listener.made.status, tested.body]).toEqual([201, { delivered: true, status: 204 }]);
  expect(status.state).toBe('completed_with_issues');
  expect(types(listener, jobId).sort()).toEqual(['conflicts.new', 'job.ended']);
  const [ended] = listener.of(jobId).filter((n) => n.type === 'job.ended');
  expect(ended?.data).toMatchObject({ state: 'completed_with_issues', open_conflicts: 2 });
  expect(ended?.data).toHaveProperty('counts', status.counts);
  const [conflicts] = listener.of(jobId).filter((n) => n.type === 'conflicts.new');
  expect(conflicts?.data).toEqual({
    open: 2,
    by_table: [{ table: 'public.t', type: 'update_differing', open: 2 }],
    more: false,
  });
  expect(listener.refused).toEqual([]); // every signature was good
  expect(listener.ids.filter((id) => id === shown.last.id)).toHaveLength(2);
  expect(shown.given_up).toBe(0);

  const kept = [filesOf(service.dataDir), JSON.stringify(await service.items()), service.output()].join('\n');
  expect(kept).toContain(jobId); // it does look
  expect(kept).not.toContain('c4n4ry');
  expect(kept).not.toContain(listener.secret.replace('whsec_', ''));
  expect(JSON.stringify(listener.had)).not.toMatch(/r0w-c4n|127\.0\.0\.1|postgres/);
});

test('a pause, a resume and a stop are told too, what the service was killed over when it is back', async () => {
  await using listener = await listen('night', '/');
  await using pair = await pairOf('select i from generate_series(1, 20) i', 'select i from generate_series(1, 300) i');

  const jobId = await service.startFull(pair, { delete_mode: 'mirror' });
  await heard(listener, jobId, 'job.paused');
  const resumed = await service.post(`/api/sync/resume/${jobId}`, { confirm_deletes: 280 });
  const { state } = await service.waitForEnd(jobId);
  await heard(listener, jobId, 'job.resumed', 'job.ended');
  const told = listener.of(jobId);

  await pair.source.client.query('insert into t values (1000)');
  await pair.target.client.query('begin; lock table t in share mode');
  const second = await service.startFull(pair);
  await until('the second job to run', async () => (await service.status(second)).state === 'running');
  await service.post(`/api/sync/stop/${second}`, {});
  await service.end('SIGKILL', 'all'); // a stop is told within a minute: nobody has been told yet
  await pair.target.client.query('commit');
  expect(types(listener, second)).toEqual([]);
  service = await startService({ dataDir: folder.path });
  await heard(listener, second, 'job.ended');

  expect([resumed.status, state]).toEqual([202, 'completed']);
  expect(told.map((n) => n.type).sort()).toEqual(['job.ended', 'job.paused', 'job.resumed']);
  expect(told.find((n) => n.type === 'job.paused')?.data).toMatchObject({ code: 'confirm_required' });
  const epochs = (type: string) => told.flatMap((n) => (n.type === type ? [n.job.epoch] : []));
  expect([epochs('job.paused'), epochs('job.resumed')]).toEqual([[2], [3]]);
  expect(listener.of(second).map((n) => n.data)).toMatchObject([{ state: 'stopped' }]);
  expect(listener.refused).toEqual([]);
});

test('every metric that an alarm reads is in the logs, with the figures of the jobs', async () => {
  await using listener = await listen('watch', '/');
  await using pair = await pairOf('select i from generate_series(1, 40) i', 'select i from generate_series(1, 30) i');
  await using other = await pairOf('select i from generate_series(1, 20) i', 'select i from generate_series(1, 300) i');
  await using bad = await pairOf(`values (1, 'x')`, 'select 1 where false');
  await pair.target.client.query(`update t set x = 'edited' where id <= 3`);
  await bad.target.client.query(`alter table t add check (x <> 'x')`);
  const begunMs = Date.now(); // one machine, one clock
  const told = () => toldFigures(service.dataDir, begunMs);
  const watched = alarmMetrics(readAssembly((await synthesize()).folder).template.Resources); // as the service runs it

  const ends = { source_connection: bad.source.url, target_connection: bad.target.url };
  await put('schedules', 'refused', { ...ends, expression: 'rate(1 minute)' });
  const [done, waits, fails] = await Promise.all([
    service.startFull(pair, { detection_strategy: 'cdc', conflict_strategy: 'manual' }),
    service.startFull(other, { delete_mode: 'mirror' }),
    service.startFull(bad, { max_quarantined_rows: 0 }),
  ]);
  const status = await service.waitForEnd(done);
  const failed = await service.waitForEnd(fails);
  await until('the other job to pause', async () => (await service.status(waits)).state === 'paused');
  await bad.target.client.query('drop table t');
  await fetch(`${service.places().controlUrl}/_local/scheduler/advance?seconds=60`, { method: 'POST' });
  await service.get(`/api/sync/audit/${done}/verify`);
  const missing = async () => {
    for (const name of ['EveryMinute', 'EveryDay']) // a schedule that is at work already passes over it
      await fetch(`${service.places().controlUrl}/_local/schedules/fire?name=${name}`, { method: 'POST' });
    const now = told();
    const counted = [
      'ScheduledRunsRefused',
      'JobsWaitingForPerson',
      'ConflictsOpened',
      'ConflictsOpen',
      'JobsFailed',
    ] as const;
    return [
      ...watched.filter((name) => valuesOf(now, name).length === 0),
      ...counted.filter((name) => sumOf(now, name) === 0),
    ];
  };
  await expect.poll(missing, { timeout: 90_000, interval: 1_000 }).toEqual([]);
  const seen = told();
  const own = seen.filter((line) => line.job_id === done);

  expect(watched.length).toBeGreaterThan(10);
  expect([status.state, failed.state]).toEqual(['completed_with_issues', 'failed']);
  const { read, inserted, updated, conflicts } = status.counts;
  expect([read, inserted, updated, conflicts]).toEqual([40, 10, 0, 3]);
  expect(
    ['RowsRead', 'RowsInserted', 'RowsUpdated', 'RowsInConflict'].map((name) => sumOf(own, name as 'RowsRead')),
  ).toEqual([read, inserted, updated, conflicts]);
  expect(Math.min(...valuesOf(own, 'ChunkMilliseconds'))).toBeGreaterThanOrEqual(0);
  expect(sumOf(own, 'ConflictsOpened')).toBe(3);
  expect(sumOf(own, 'JobsCompletedWithIssues')).toBe(1);
  expect(Math.max(...valuesOf(own, 'RetainedWalBytes'))).toBeGreaterThan(0);
  expect(
    sumOf(
      seen.filter((line) => line.job_id === fails),
      'JobsFailed',
    ),
  ).toBe(1);
  expect(Math.max(...valuesOf(seen, 'ConflictsOpen'))).toBeGreaterThanOrEqual(3);
  expect(valuesOf(seen, 'AuditTrailsBroken')).toEqual([0]);
  expect(sumOf(seen, 'WebhooksDelivered')).toBeGreaterThan(0);
  expect(listener.refused).toEqual([]);
  await service.call('/api/sync/schedules/refused', { method: 'DELETE' });
  await service.post('/api/sync/pairs/drop', {
    source_connection: pair.source.url,
    target_connection: pair.target.url,
    confirm: true,
  });
});
