import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeProtectedHeader, SignJWT } from 'jose';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { CANARY } from '../support/canaries.ts';
import { createPair, type TestPair } from '../support/databases.ts';
import { type Answer, auditEvents, type E2eService, startService } from './support.ts';

// Two persons, two environments, the whole service.

let service: E2eService;
let pair: TestPair;
const tokens: Record<'ada' | 'bob', string> = { ada: '', bob: '' };
beforeAll(async () => {
  service = await startService();
  pair = await createPair();
  const key = createPrivateKey(readFileSync(join(service.dataDir, 'issuer-key.pem'), 'utf8'));
  const kid = decodeProtectedHeader(service.token).kid ?? '';
  const now = Math.floor(Date.now() / 1000);
  for (const name of ['ada', 'bob'] as const) {
    const claims = { sub: `id-${name}`, username: name, 'cognito:groups': ['operator'], iat: now, exp: now + 600 };
    const issued = { ...claims, iss: `${service.places().controlUrl}/issuer`, aud: 'terrafusion-local' };
    tokens[name] = await new SignJWT(issued).setProtectedHeader({ alg: 'RS256', kid }).sign(key);
  }
  for (const { client } of [pair.source, pair.target])
    await client.query('create table t (id int primary key, v text)');
  await pair.source.client.query(`insert into t values (1, '${CANARY} a'), (2, '${CANARY} b')`);
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
  await pair[Symbol.asyncDispose]();
});

const send = (method: string, path: string, body?: object, init: { token?: string; etag?: string } = {}) =>
  service.call(path, {
    method,
    token: init.token,
    headers: {
      ...(body && { 'content-type': 'application/json' }),
      ...(init.etag !== undefined && { 'if-match': init.etag }),
    },
    ...(body && { body: JSON.stringify(body) }),
  });
const at = (name: string) => `/api/sync/environments/${name}`;
const etagOf = async (name: string) => (await service.get(at(name))).headers.get('etag') ?? '';
const rows = async () => (await pair.target.client.query('select id from t order by id')).rows.map((r) => r.id);
const NAMES = { source_environment: 'production', target_environment: 'training' };

test('an admin names two databases; an operator copies one into the other once a second person has approved it', async () => {
  const made = await send('PUT', at('production'), { connection: pair.source.url, colour: 'red' });
  await send('PUT', at('training'), { connection: pair.target.url, writable: true, protected: true });
  expect([made.status, made.headers.get('location')]).toEqual([201, at('production')]);
  expect((await send('PUT', at('mine'), { connection: pair.target.url }, { token: tokens.ada })).status).toBe(403);

  const asked = await send('POST', '/api/sync/full', NAMES, { token: tokens.ada });
  expect([asked.status, asked.body.code]).toEqual([409, 'approval_required']);
  const id = asked.body.facts.approval_id;
  const own = await send('POST', `/api/sync/approvals/${id}/approve`, undefined, { token: tokens.ada });
  expect([own.status, own.body.code]).toEqual([403, 'approval_by_requester']);
  const seen = async (token: string) => (await service.call('/api/sync/approvals', { token })).body.approvals[0].own;
  expect([await seen(tokens.ada), await seen(tokens.bob)]).toEqual([true, undefined]);
  expect(await rows()).toEqual([]);
  const yes = await send('POST', `/api/sync/approvals/${id}/approve`, { note: 'ticket 7' }, { token: tokens.bob });
  expect([yes.status, yes.body.state, yes.body.decided_by]).toEqual([200, 'approved', 'bob']);

  const started = await send('POST', '/api/sync/full', NAMES, { token: tokens.ada });
  expect(started.status).toBe(202);
  const job = await service.waitForEnd(started.body.job_id);

  expect(job).toMatchObject({
    state: 'completed',
    source: { environments: ['production'] },
    target: { environments: ['training'] },
    approval: { id, asked_by: 'ada', approved_by: 'bob' },
  });
  expect(await rows()).toEqual(['1', '2']);
  const [created] = await auditEvents(service, started.body.job_id);
  expect(created).toMatchObject({
    type: 'job.created',
    actor: 'ada',
    data: { environments: { target: { names: ['training'], asked: true } }, approval: { approved_by: 'bob' } },
  });
  expect((await send('POST', '/api/sync/full', NAMES, { token: tokens.ada })).body.code).toBe('approval_required');
});

test('whoever asks for a pair of databases may be told names: a plan, a draft of a mapping, slots, and what a pair keeps', async () => {
  const { source_environment } = NAMES;
  const project = { project: { root: 'public.t', key: 1 } };
  const unknown = { ...NAMES, target_environment: 'nowhere' };
  const draft = { name: 'by-name', ...NAMES, model: false, preview_rows: 0 };
  const expression = { source_environment, table: 'public.t', sentence: 'first 2 characters of v' };
  const calls: readonly (readonly [string, object, number, string | undefined])[] = [
    ['/api/sync/projects/plan', { ...NAMES, config: project }, 200, undefined],
    ['/api/sync/projects/plan', { ...unknown, config: project }, 404, 'environment_not_found'],
    ['/api/sync/projects/plan', { source_environment, config: project }, 400, 'required'],
    ['/api/sync/mappings/suggest', draft, 201, undefined],
    ['/api/sync/mappings/suggest', { ...draft, ...unknown }, 404, 'environment_not_found'],
    ['/api/sync/mappings/suggest-expression', expression, 200, undefined],
    ['/api/sync/pairs/slots', { source_environment }, 200, undefined],
    ['/api/sync/pairs/slots', { source_environment: 'nowhere' }, 404, 'environment_not_found'],
    ['/api/sync/pairs/slots', {}, 400, 'required'],
    ['/api/sync/pairs/drop', NAMES, 200, undefined],
    ['/api/sync/pairs/drop', { ...NAMES, source_connection: pair.source.url }, 400, 'invalid_request'],
    ['/api/sync/pairs/drop', unknown, 404, 'environment_not_found'],
  ];

  for (const [path, body, status, code] of calls) {
    const answer = await send('POST', path, body);
    const said = answer.body.errors?.[0]?.code ?? answer.body.code;
    expect([path, answer.status, said, answer.status >= 400 && answer.text]).toEqual([
      path,
      status,
      code,
      expect.anything(),
    ]);
  }
  const started = await send('POST', '/api/sync/full', { ...unknown });
  expect([started.status, started.body.code]).toEqual([404, 'environment_not_found']);
});

test('its password is in no answer, item or line of the log', async () => {
  const password = 'c4n4ry-9f31';
  const role = `canary_${pair.target.name}`;
  await pair.target.client.query(`create role ${role} login superuser password '${password}'`);
  const url = new URL(pair.target.url);
  url.username = role;
  url.password = password;

  const put = await send(
    'PUT',
    at('training'),
    { connection: url.href, writable: true },
    { etag: await etagOf('training') },
  );
  const tested = await send('POST', `${at('training')}/test`);
  const started = await send('POST', '/api/sync/full', NAMES);
  await service.waitForEnd(started.body.job_id);

  expect([put.status, put.body.user, tested.body.role]).toEqual([200, role, role]);
  expect(tested.body.as_target).toEqual({ problems: [], grants: [] });
  const kept = JSON.stringify(await service.items());
  expect(kept).toContain(role); // it is the right place to look
  for (const text of [kept, service.output(), ...service.answers]) expect(text).not.toContain(password);
  await pair.target.client.query(`drop owned by ${role}; drop role ${role}`);
});

test('a schedule is approved as it is put, and a changed one needs a new approval', async () => {
  const put = (over: object = {}, token = tokens.ada): Promise<Answer> =>
    send(
      'PUT',
      '/api/sync/schedules/often',
      { ...NAMES, expression: 'rate(1 minute)', mode: 'full', ...over },
      { token },
    );
  await send(
    'PUT',
    at('training'),
    { connection: pair.target.url, writable: true, protected: true },
    { etag: await etagOf('training') },
  );
  const asked = await put();
  expect(asked.body.code).toBe('approval_required');
  await send('POST', `/api/sync/approvals/${asked.body.facts.approval_id}/approve`, undefined, { token: tokens.bob });

  expect((await put()).status).toBe(201);
  expect((await put({ paused: true })).status).toBe(200);
  expect((await put({ paused: false })).status).toBe(200); // as it was approved
  expect((await put({ config: { batch_size: 7 } })).body.code).toBe('approval_required');
  const shown = await service.get('/api/sync/schedules/often');
  expect(shown.body).toMatchObject({ approval: { approved_by: 'bob' }, config: { batch_size: 1000 } });
  const inUse = await send('DELETE', at('training'), undefined, { etag: await etagOf('training') });
  expect([inUse.status, inUse.body.code]).toEqual([409, 'environment_in_use']);
});

test('an etag that is not the present one changes nothing', async () => {
  const stale = await send('PUT', at('training'), { writable: false }, { etag: '"1.1"' });
  const none = await send('PUT', at('training'), { writable: false });

  expect([stale.status, stale.body.code]).toEqual([412, 'environment_changed']);
  expect([none.status, none.body.code]).toEqual([400, 'required']);
  expect((await service.get(at('training'))).body.writable).toBe(true);
});

test('pairs that are kept: one order starts them all, once each; another gives them schedules', async () => {
  const ends = [await createPair(), await createPair(), await createPair()];
  try {
    for (const [i, { source, target }] of ends.entries()) {
      for (const { client } of [source, target]) await client.query('create table t (id int primary key, v text)');
      await source.client.query(`insert into t select n, 'v' from generate_series(1, ${10 * (i + 1)}) n`);
      await send('PUT', at(`county-${i}`), { connection: source.url });
      await send('PUT', at(`practice-${i}`), { connection: target.url, writable: true });
      const names = { source_environment: `county-${i}`, target_environment: `practice-${i}` };
      const put = await send('PUT', `/api/sync/pairs/pair-${i}`, { ...names, groups: ['counties'], mode: 'full' });
      expect([put.status, put.text]).toEqual([201, expect.any(String)]);
    }
    const nowhere = { source_environment: 'nowhere', target_environment: 'practice-0' };
    expect((await send('PUT', '/api/sync/pairs/lost', nowhere)).body.code).toBe('environment_not_found');
    const filter = { group: 'counties' };
    const order = async (work: object) => {
      const { body: preview } = await send('POST', '/api/sync/fleet', { ...work, filter });
      expect(preview).toMatchObject({ preview: true, count: 3 });
      const given = await send('POST', '/api/sync/fleet', { ...work, filter, expected_count: 3 });
      expect([given.status, given.text]).toEqual([202, expect.any(String)]);
      return vi.waitFor(
        async () => {
          const { body } = await service.get(given.body.status_url);
          expect(body.state).toBe('completed');
          return body;
        },
        { timeout: 60_000, interval: 200 },
      );
    };
    const pairs = async () => (await service.get('/api/sync/pairs?group=counties')).body.pairs;

    expect(await order({ action: 'start' })).toMatchObject({ done: 3, skipped: 0, failed: 0, failures: [] });
    for (const { last } of await pairs()) await service.waitForEnd(last.job_id);
    expect((await pairs()).map((p: { state: string }) => p.state)).toEqual(['completed', 'completed', 'completed']);
    for (const [i, { target }] of ends.entries())
      expect((await target.client.query('select count(*) as n from t')).rows[0].n).toBe(String(10 * (i + 1)));

    const timing = { schedule: { expression: 'rate(1 day)', spread_minutes: 30 } };
    expect(await order({ action: 'schedule', ...timing })).toMatchObject({ done: 3, failed: 0, failures: [] });
    expect((await service.get('/api/sync/schedules/pair-1')).body).toMatchObject({
      flexible_minutes: 30,
      mode: 'full',
    });
    expect((await pairs())[2].schedule).toMatchObject({ expression: 'rate(1 day)', next_run: expect.any(String) });
    expect(await order({ action: 'unschedule' })).toMatchObject({ done: 3 });
    await fetch(`${service.places().controlUrl}/_local/schedules/fire?name=EveryMinuteSchedules`, { method: 'POST' });
    await vi.waitFor(async () => expect((await pairs())[0].schedule).toBeUndefined(), { timeout: 30_000 });
  } finally {
    for (const end of ends) await end[Symbol.asyncDispose]();
  }
});
