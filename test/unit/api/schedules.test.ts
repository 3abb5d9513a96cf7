import { expect, test } from 'vitest';
import { sampleSchedule } from '../../contract/samples.ts';
import { errorsOf, start, testApi } from './client.ts';

const put = (over: object = {}, name = 'nightly') => ({
  method: 'PUT',
  path: `/api/sync/schedules/${name}`,
  body: { ...(start().body as object), expression: 'cron(0 2 ? * MON-FRI *)', ...over },
});

test('a schedule is made with defaults filled in, and answers when it runs next', async () => {
  const api = testApi();

  const answer = await api.call(put({ timezone: 'America/Chicago', config: { detection_strategy: 'timestamp' } }));

  expect(answer.status).toBe(201);
  expect(answer.headers.location).toBe('/api/sync/schedules/nightly');
  expect(api.commands[0]).toMatchObject({
    name: 'nightly',
    expression: 'cron(0 2 ? * MON-FRI *)',
    timezone: 'America/Chicago',
    flexible_minutes: 0,
    mode: 'incremental',
    overlap: 'skip',
    paused: false,
    actor: 'ada',
    config: { detection_strategy: 'timestamp', batch_size: 1000 },
    pair: { source: { host: 'source.example' }, target: { host: 'target.example' } },
  });
  expect(answer.json.next_runs).toEqual([
    '2026-11-24T08:00:00.000Z',
    '2026-11-25T08:00:00.000Z',
    '2026-11-26T08:00:00.000Z',
  ]);
});

test('one that is there is changed, also without its connections', async () => {
  const api = testApi();
  await api.schedules.create(sampleSchedule());
  const { body } = put({ source_connection: undefined, target_connection: undefined, paused: true });

  const answer = await api.call({ ...put(), body });

  expect(answer.status).toBe(200);
  expect(answer.json).toMatchObject({ paused: true, next_runs: [] });
  expect(api.commands[0]).not.toHaveProperty('pair');
});

test('what is shown holds no secret and no inner number', async () => {
  const api = testApi();
  const runs = [
    { due: '2026-11-23T02:00:00.000Z', at: '2026-11-23T02:00:01.000Z', outcome: 'started' as const, job_id: 'j' },
  ];
  await api.schedules.create(sampleSchedule({ runs }));

  const list = await api.call({ path: '/api/sync/schedules' });
  const one = await api.call({ path: '/api/sync/schedules/nightly' });

  expect(list.json.schedules).toEqual([one.json]);
  expect(Object.keys(one.json).sort()).toEqual(
    ['actor', 'config', 'created_at', 'expression', 'flexible_minutes', 'mode', 'name', 'next_runs', 'overlap'].concat([
      'paused',
      'runs',
      'source',
      'target',
      'timezone',
      'updated_at',
    ]),
  );
  expect(one.json.runs).toEqual(runs);
  expect(one.text).not.toMatch(/secret|armed|revision|seq/);
});

test.each<[string, object, string[]]>([
  ['no expression', { expression: undefined }, ['required /expression']],
  ['five fields', { expression: 'cron(0 2 * * ?)' }, ['schedule_invalid /expression']],
  ['a time that is over', { expression: 'cron(0 2 1 1 ? 2020)' }, ['schedule_invalid /expression']],
  ['at(...)', { expression: 'at(2027-01-01T00:00:00)' }, ['schedule_invalid /expression']],
  ['an expression that is a number', { expression: 5 }, ['type_string /expression']],
  ['an unknown zone', { timezone: 'Mars/Olympus' }, ['timezone_unknown /timezone']],
  ['an offset', { timezone: '+02:00' }, ['timezone_unknown /timezone']],
  ['another overlap', { overlap: 'cancel' }, ['invalid_enum /overlap']],
  ['a window of two days', { flexible_minutes: 2880 }, ['out_of_range /flexible_minutes']],
  ['one connection', { target_connection: undefined }, ['required /target_connection']],
  ['a typo', { expresion: 'x' }, ['unknown_field /expresion']],
  ['a config that no start takes', { config: { batch_size: 0 } }, ['out_of_range /config/batch_size']],
  [
    'several at once',
    { expression: 'x', timezone: 'x', mode: 'x' },
    ['schedule_invalid /expression', 'timezone_unknown /timezone', 'invalid_enum /mode'],
  ],
])('%s is refused, and nothing is changed', async (_, over, errors) => {
  const api = testApi();

  const answer = await api.call(put(over));

  expect(answer.status).toBe(400);
  expect(errorsOf(answer).sort()).toEqual([...errors].sort());
  expect(answer.text).not.toContain('c4n4ry');
  expect(api.commands).toEqual([]);
});

test.each(['Nightly', 'a b', '-x', 'a'.repeat(64), '%2e%2e', 'a.b'])('a schedule cannot be called %s', async (name) => {
  const answer = await testApi().call(put({}, name));

  expect([answer.status, answer.json.code]).toEqual([400, 'id_format']);
});

test('one that is not there is not found', async () => {
  const answer = await testApi().call({ path: '/api/sync/schedules/nightly' });

  expect([answer.status, answer.json.code]).toEqual([404, 'schedule_not_found']);
});

test('a deletion answers nothing', async () => {
  const api = testApi();
  const answer = await api.call({ method: 'DELETE', path: '/api/sync/schedules/nightly' });

  expect([answer.status, answer.text]).toEqual([204, '']);
  expect(api.commands).toEqual([{ name: 'nightly' }]);
});

test('a schedule has an etag, which a change and a deletion may be made to depend on', async () => {
  const api = testApi();
  const schedule = sampleSchedule({ name: 'nightly', revision: 3, created_at: '2026-11-23T10:00:00.000Z' });
  await api.schedules.create(schedule);
  const path = '/api/sync/schedules/nightly';

  const { etag } = (await api.call({ path })).headers;
  const seen = { 'if-match': String(etag) };
  const changed = await api.call({ ...put(), headers: seen });
  await api.call({ method: 'DELETE', path, headers: seen });
  await api.call({ ...put(), headers: { 'if-none-match': '*' } });
  await api.call({ ...put(), headers: { 'if-match': 'W/"3"' } }); // none of ours: nothing is of that version

  expect(etag).toBe(`"3.${Date.parse(schedule.created_at)}"`);
  expect(changed.headers.etag).toMatch(/^"\d+\.\d+"$/);
  const version = { revision: 3, created_at: schedule.created_at };
  expect(api.commands.map((c) => (c as { seen?: unknown }).seen)).toEqual([
    version,
    version,
    'absent',
    { revision: 0, created_at: '' },
  ]);
});
