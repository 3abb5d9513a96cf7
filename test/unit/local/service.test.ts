import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Service, startService } from '../../../local/service.ts';
import { writeMiniStack } from './mini-stack.ts';

let folder: string;
let assembly: string;
let service: Service;

const start = (dataDir: string, auth: 'token' | 'none' = 'token') =>
  startService({ port: 0, dataDir: join(folder, dataDir), auth, assembly });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tf-service-'));
  assembly = writeMiniStack(join(folder, 'cdk.out'));
  service = await start('a');
});
afterAll(async () => {
  await service.stop();
  rmSync(folder, { recursive: true });
});

function call(path: string, init: RequestInit & { token?: string } = {}, to = service): Promise<Response> {
  const { token = to.token, headers, ...rest } = init;
  const bearer = token === '' ? {} : { authorization: `Bearer ${token}` };
  return fetch(`${to.url}${path}`, { ...rest, headers: { 'content-type': 'application/json', ...bearer, ...headers } });
}

const alive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

async function runJob(id: string, items: readonly string[], to = service) {
  await call(`/jobs/${id}`, { method: 'POST', body: JSON.stringify({ items }) }, to);
  for (;;) {
    const job = (await (await call(`/jobs/${id}`, {}, to)).json()) as { status: string; output: string; cause: string };
    if (job.status !== 'RUNNING') return job;
    await pause(20);
  }
}

describe('the local service', () => {
  it('carries a job through gateway, function, machines, queue, worker and back', async () => {
    const job = await runJob('j1', ['a', 'b', 'c']);

    expect(JSON.parse(job.output)).toEqual({ items: [{ item: 'a' }, { item: 'b' }, { item: 'c' }] });
    const counters = async () =>
      (await (await fetch(`${service.controlUrl}/_local/counters`)).json()) as ReturnType<Service['counters']>;
    // a worker's answer ends the job before its message is deleted
    await expect
      .poll(async () => (await counters()).queues)
      .toEqual({ 'Mini-Queue': { received: 3, deleted: 3, failed: 0 } });
    const { states } = await counters();
    expect(states).toMatchObject({ tokens: 3, succeeded: 3, failed: 0, heartbeats: 3, executions: 2 });
    expect(service.peakMemory()['Mini-Worker']).toBeGreaterThan(0);
  });

  it('delivers a message again when its worker dies, and fails a job by the name the worker gave', async () => {
    const crashed = await runJob('j2', ['crash']);
    const failed = await runJob('j3', ['fail']);

    expect(crashed.status).toBe('SUCCEEDED');
    await expect.poll(() => service.counters().functions['Mini-Worker']?.crashes).toBe(1); // counted when the process is gone
    expect(JSON.parse(failed.cause)).toMatchObject({ Status: 'FAILED', Error: 'row_invalid' });
  });

  it('answers for the gateway itself: 401, 404, 413 and 500', async () => {
    const noToken = await call('/whoami', { token: '' });
    const forged = await call('/whoami', { token: `${service.token}x` });
    const large = await call('/jobs/x', { method: 'POST', body: 'x'.repeat(10 * 1024 * 1024 + 1) });

    expect([noToken.status, await noToken.json(), noToken.headers.get('www-authenticate')]).toEqual([
      401,
      { message: 'Unauthorized' },
      'Bearer',
    ]);
    expect(forged.headers.get('www-authenticate')).toContain('invalid_token');
    expect([large.status, await large.json()]).toEqual([413, { message: 'Request Entity Too Large' }]);
    expect(await (await call('/nowhere')).json()).toEqual({ message: 'Not Found' });
    expect(await (await call('/boom')).json()).toEqual({ message: 'Internal Server Error' });
  });

  it('shows who calls: the claims of the token, or none on an open route', async () => {
    expect(await (await call('/whoami')).json()).toMatchObject({ sub: 'local-admin', 'cognito:groups': '[admin]' });
    expect(await (await call('/open', { token: '' })).json()).toEqual({ authorizer: null });
  });

  it('keeps tables, queues and secrets over a restart, and secrets in a file for the owner only', async () => {
    const first = await start('b');
    await call('/secret/s1', { method: 'POST', body: '{"p":"w"}' }, first);
    await first.stop();
    const second = await start('b');
    const secret = (await (await call('/secret/s1', {}, second)).json()) as { SecretString: string };
    const job = await runJob('j1', ['x'], second);
    await second.stop();

    expect(secret.SecretString).toBe('{"p":"w"}');
    expect(job.status).toBe('SUCCEEDED');
    expect(statSync(join(folder, 'b', 'secrets.json')).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'b', 'issuer-key.pem')).mode & 0o777).toBe(0o600);
  });

  it('refuses a second service in the same folder, and leaves no process when it stops', async () => {
    const other = await start('c');
    await call('/open', {}, other);
    const pids = other.processes().map(({ pid }) => pid);

    await expect(start('c')).rejects.toThrow(/already runs/);
    await other.stop();

    expect(pids.length).toBeGreaterThan(0);
    expect(pids.filter(alive)).toEqual([]);
    expect(JSON.parse(readFileSync(join(folder, 'c', 'service.json'), 'utf8'))).toEqual({});
  });

  it('without sign-in makes every caller the administrator, but no page of another origin', async () => {
    const open = await start('d', 'none');
    const me = await call('/whoami', {}, open);
    const page = await call('/whoami', { headers: { origin: 'https://evil.example' } }, open);
    await open.stop();

    expect(await me.json()).toMatchObject({ sub: 'local-admin' });
    expect([page.status, page.headers.get('content-type')]).toEqual([403, 'application/problem+json']);
    expect(await page.json()).toMatchObject({ code: 'origin_not_allowed', status: 403 });
  });

  it('makes one dependency unreachable and reachable again', async () => {
    service.setOutage('states', true);
    const down = await call('/jobs/none');
    service.setOutage('states', false);

    expect(down.status).toBe(500);
    expect((await runJob('j9', ['x'])).status).toBe('SUCCEEDED');
  });
});
