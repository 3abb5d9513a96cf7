import { expect, test } from 'vitest';
import { read } from '../../../examples/webhook-receiver.ts';
import { SyncError } from '../../../lib/model/errors.ts';
import { errorsOf, type TestApi, testApi } from './client.ts';

const URL = 'https://hooks.example/c4n4ry-path?token=c4n4ry-query';
const at = (name = 'ops') => `/api/sync/webhooks/${name}`;
const put = (body: object = { url: URL }, name = 'ops') => ({ method: 'PUT', path: at(name), body });
const key = async (api: TestApi) => (await api.kept.webhooks.get('ops'))?.secret_ref ?? '';

test('a webhook is made with a secret that is shown this once, and everywhere else neither it nor the URL', async () => {
  const api = testApi();

  const made = await api.call(put());
  const shown = await api.call({ path: at() });
  const list = await api.call({ path: '/api/sync/webhooks' });
  const again = await api.call(put());

  expect(made.status).toBe(201);
  expect(made.headers).toMatchObject({ location: at(), 'cache-control': 'no-store' });
  expect(made.json.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  const { secret: _, ...rest } = made.json;
  expect(rest).toEqual({
    name: 'ops',
    origin: 'https://hooks.example',
    events: ['job.ended', 'job.paused', 'job.resumed', 'conflicts.new', 'changes.lag'],
    paused: false,
    actor: 'ada',
    created_at: '2026-11-23T10:00:10.000Z',
    updated_at: '2026-11-23T10:00:10.000Z',
    given_up: 0,
  });
  expect(shown.json).toEqual(rest);
  expect(list.json).toEqual({ webhooks: [rest] });
  expect(again.status).toBe(200);
  expect(again.json.secret).toBeUndefined();
  const said = [made.text.replace(made.json.secret, ''), shown.text, list.text, again.text, ...api.logged].join();
  expect(said).not.toMatch(/whsec_|c4n4ry|secret_ref|seq/);
  expect(JSON.stringify(await api.kept.webhooks.list())).not.toMatch(/whsec_|c4n4ry/);
});

test('what is changed keeps its secret, and its URL unless another is given', async () => {
  const api = testApi();
  const { secret } = (await api.call(put())).json;

  const other = await api.call(put({ events: ['job.paused'], paused: true }));
  const moved = await api.call(put({ url: 'https://other.example/x' }));

  expect(other.json).toMatchObject({ events: ['job.paused'], paused: true, origin: 'https://hooks.example' });
  expect(moved.json).toMatchObject({ paused: false, origin: 'https://other.example' });
  const stored = api.kept.stored.get(await key(api));
  expect([stored?.url.reveal(), stored?.key.reveal()]).toEqual(['https://other.example/x', secret]);
  expect(api.kept.stored.size).toBe(1); // the one before is gone
});

test('a rotated secret is shown once, signs at once, and the one before for a day', async () => {
  const api = testApi();
  const { secret: old } = (await api.call(put())).json;

  const rotated = await api.call({ method: 'POST', path: `${at()}/rotate` });
  await api.call({ method: 'POST', path: `${at()}/test` });

  expect(rotated.status).toBe(200);
  expect(rotated.json.secret).not.toBe(old);
  expect(rotated.json).toMatchObject({
    rotated_at: '2026-11-23T10:00:10.000Z',
    overlap_until: '2026-11-24T10:00:10.000Z',
  });
  const [{ headers = {}, body = '' } = {}] = api.kept.posted;
  for (const secret of [old, rotated.json.secret]) read(secret, headers, body, Date.parse('2026-11-23T10:00:10Z'));
  expect((await api.call({ path: at() })).text).not.toContain('whsec_');
  expect(api.kept.stored.size).toBe(1);
});

test('a test is posted once, signed, and what came of it is said, whatever it is', async () => {
  const api = testApi();
  await api.call(put({ url: URL, paused: true }));
  api.kept.answers.push(204, 302, new SyncError('webhook_unreachable', 'the receiver gives no answer: tls'));
  const test = () => api.call({ method: 'POST', path: `${at()}/test` });

  expect((await test()).json).toEqual({ delivered: true, status: 204 });
  expect((await test()).json).toMatchObject({ delivered: false, status: 302, code: 'webhook_refused' });
  expect((await test()).json).toMatchObject({ delivered: false, code: 'webhook_unreachable' });
  expect(api.kept.posted).toHaveLength(3);
  expect(JSON.parse(api.kept.posted[0]?.body ?? '')).toMatchObject({ type: 'webhook.test', data: { webhook: 'ops' } });
  expect((await api.call({ path: at() })).json.last).toBeUndefined();
});

test('a webhook goes with its secret, and again', async () => {
  const api = testApi();
  await api.call(put());

  for (const status of [204, 204]) expect((await api.call({ method: 'DELETE', path: at() })).status).toBe(status);
  expect(api.kept.stored.size).toBe(0);
  expect((await api.call({ path: at() })).status).toBe(404);
});

test.each<[string, object, string[]]>([
  ['no URL', {}, ['required /url']],
  ['a URL that is none', { url: 'c4n4ry' }, ['webhook_url_invalid /url']],
  ['a URL without TLS', { url: 'http://hooks.example/c4n4ry' }, ['webhook_url_invalid /url']],
  ['a URL with a password', { url: 'https://a:c4n4ry@hooks.example' }, ['webhook_url_invalid /url']],
  ['a URL that is a number', { url: 5 }, ['type_string /url']],
  ['no event', { url: URL, events: [] }, ['invalid_request /events']],
  ['an unknown event', { url: URL, events: ['job.end'] }, ['invalid_enum /events/0']],
  ['the event that tests are', { url: URL, events: ['webhook.test'] }, ['invalid_enum /events/0']],
  ['a secret of its own', { url: URL, secret: 'c4n4ry' }, ['unknown_field /secret']],
  ['this machine', { url: 'https://127.0.0.1/c4n4ry' }, ['host_not_allowed']],
  ['metadata of the cloud', { url: 'https://169.254.169.254/c4n4ry' }, ['host_not_allowed']],
  ['a private address in another form', { url: 'https://0x0a000001/c4n4ry' }, ['host_not_allowed']],
])('%s is refused, and nothing is kept', async (_, body, errors) => {
  const api = testApi();

  const answer = await api.call(put(body));

  expect(errorsOf(answer)).toEqual(errors);
  expect(answer.text).not.toContain('c4n4ry');
  expect(api.kept.stored.size).toBe(0);
  expect(await api.kept.webhooks.list()).toEqual([]);
});

test('a host that the deployment does not name is refused before anybody is asked', async () => {
  const api = testApi({ webhookHosts: '*.corp.example' });

  expect(errorsOf(await api.call(put()))).toEqual(['host_not_allowed']);
  expect((await api.call(put({ url: 'https://hooks.corp.example/' }))).status).toBe(201);
});

test.each([
  ['GET', at('none')],
  ['POST', `${at('none')}/rotate`],
  ['POST', `${at('none')}/test`],
])('%s %s: there is none', async (method, path) => {
  const answer = await testApi().call({ method, path });

  expect([answer.status, ...errorsOf(answer)]).toEqual([404, 'webhook_not_found']);
});

test.each(['Ops', 'a b', '-a', 'a'.repeat(64), '..'])('%j is no name of a webhook', async (name) => {
  expect((await testApi().call(put({ url: URL }, encodeURIComponent(name)))).status).toBe(400);
});

test('of two who change it at once one is told so, and leaves no secret behind', async () => {
  const api = testApi();
  await api.call(put());

  const both = await Promise.all([
    api.call(put({ url: 'https://a.example/' })),
    api.call(put({ url: 'https://b.example/' })),
  ]);

  expect(both.map((a) => a.status).sort()).toEqual([200, 409]);
  expect(errorsOf(both.find((a) => a.status === 409) as (typeof both)[0])).toEqual(['webhook_busy']);
  expect([...api.kept.stored.keys()]).toEqual([await key(api)]);
});

test('if-match is of what people have put: what has changed since is neither changed nor deleted', async () => {
  let now = Date.parse('2026-11-23T10:00:00Z');
  const api = testApi({ clock: () => new Date(now++) });
  const asSeen = (etag: unknown, call: object) => ({ ...put(), ...call, headers: { 'if-match': String(etag) } });
  const made = await api.call({ ...put(), headers: { 'if-none-match': '*' } });
  const twice = await api.call({ ...put(), headers: { 'if-none-match': '*' } });
  const { etag } = (await api.call({ path: at() })).headers;
  const webhook = await api.kept.webhooks.get('ops');
  if (webhook) await api.kept.webhooks.advance({ ...webhook, seq: webhook.seq + 1, given_up: 7 }); // a delivery that failed

  const changed = await api.call(asSeen(etag, { body: { paused: true } }));
  const stale = await api.call(asSeen(etag, { body: { paused: false } }));
  const kept = await api.call(asSeen(etag, { method: 'DELETE', body: undefined }));
  const foreign = await api.call(asSeen('"x"', { body: { paused: false } }));

  expect([made.headers.etag, made.status, twice.status, changed.status]).toEqual([etag, 201, 412, 200]);
  for (const answer of [twice, stale, kept, foreign])
    expect([answer.status, answer.json.code]).toEqual([412, 'webhook_changed']);
  expect((await api.kept.webhooks.get('ops'))?.paused).toBe(true);
  expect((await api.call(asSeen(changed.headers.etag, { method: 'DELETE', body: undefined }))).status).toBe(204);
});
