import { expect, test } from 'vitest';
import { fleetOrder, testApi } from './client.ts';

const put = { source_environment: 'production', target_environment: 'training' };

test('a list of pairs is paged by a token that is good for the same filters alone', async () => {
  const api = testApi();

  const { json } = await api.call({ path: '/api/sync/pairs', query: 'group=counties&overdue_hours=24&limit=20' });
  expect(json.pairs[0]).toMatchObject({ name: 'county', state: 'never' });
  expect(json.pairs[0].config).toBeUndefined();
  const next = `next_token=${json.next_token}`;
  const same = await api.call({ path: '/api/sync/pairs', query: `group=counties&overdue_hours=24&${next}` });
  const other = await api.call({ path: '/api/sync/pairs', query: next });

  expect(same.status).toBe(200);
  expect(api.asked).toEqual([
    { filter: { group: 'counties', overdue_hours: 24 }, page: { limit: 20, after: undefined } },
    { filter: { group: 'counties', overdue_hours: 24 }, page: { limit: 50, after: 'county' } },
  ]);
  expect([other.status, other.json.code]).toEqual([400, 'cursor_invalid']);
});

test.each([
  ['group=UPPER', 400],
  ['state=broken', 400],
  ['limit=101', 400],
  ['overdue_hours=0', 400],
  ['colour=red', 400],
])('GET /api/sync/pairs?%s is %i', async (query, status) => {
  expect((await testApi().call({ path: '/api/sync/pairs', query })).status).toBe(status);
});

test.each([
  [{ ...put, groups: ['b', 'a', 'b'] }, 201],
  [{ ...put, config: { batch_size: 0 } }, 400],
  [{ ...put, source_connection: 'postgresql://u:c4n4ry@h/d' }, 400],
  [{ source_environment: 'production' }, 400],
  [{ ...put, groups: ['with space'] }, 400],
])('PUT of a pair %j is %i', async (body, status) => {
  const api = testApi();
  const answer = await api.call({ method: 'PUT', path: '/api/sync/pairs/county', body });

  expect(answer.status).toBe(status);
  expect(JSON.stringify(answer.json)).not.toContain('c4n4ry');
  if (status === 201) expect(api.commands).toMatchObject([{ name: 'county', groups: ['a', 'b'] }]);
  else expect(api.commands).toEqual([]);
});

test('a pair is not called like a command of the same path', async () => {
  const named = (name: string) => testApi().call({ method: 'PUT', path: `/api/sync/pairs/${name}`, body: put });

  expect((await named('slot')).status).toBe(201);
  for (const name of ['drop', 'slots', 'UPPER']) expect((await named(name)).json.code).toBe('id_format');
});

test('an order is first a preview; with its count it is one, once under its key', async () => {
  const api = testApi();
  const ask = (body: object) => api.call({ path: '/api/sync/fleet', body, headers: { 'idempotency-key': 'k' } });

  const preview = await testApi().call({ path: '/api/sync/fleet', body: { action: 'stop', filter: { group: 'a' } } });
  const first = await ask({ action: 'start', dry_run: true, at_once: 7, note: 'why', expected_count: 1 });
  const again = await ask({ action: 'start', dry_run: true, at_once: 7, note: 'why', expected_count: 1 });

  expect(preview.json).toEqual({ preview: true, count: 1, pairs: ['county'] });
  expect(first.status).toBe(202);
  expect(again.json).toEqual(first.json);
  expect(api.commands).toMatchObject([
    {
      work: { action: 'start', dry_run: true },
      filter: {},
      atOnce: 7,
      note: 'why',
      expectedCount: 1,
      actor: 'ada',
      subject: 'id-1',
    },
  ]);
});

test.each([
  [{ action: 'stop', mode: 'full' }],
  [{ action: 'start', schedule: { expression: 'rate(1 day)' } }],
  [{ action: 'schedule', expected_count: 1 }],
  [{ action: 'schedule', expected_count: 1, schedule: { expression: 'rate(0 days)' } }],
  [{ action: 'delete' }],
  [{ action: 'start', at_once: 0 }],
  [{ action: 'start', filter: { names: [] } }],
])('an order %j is refused', async (body) => {
  const api = testApi();

  expect((await api.call({ path: '/api/sync/fleet', body })).status).toBe(400);
  expect(api.commands).toEqual([]);
});

test('an order shows what came of the pages before and of the one that is worked on', async () => {
  const { json } = await testApi().call({ path: `/api/sync/fleet/${fleetOrder.order_id}` });

  expect(json).toMatchObject({ action: 'start', count: 3, done: 2, failed: 1, failures: [{ pair: 'county' }] });
  expect(json.subject).toBeUndefined();
});
