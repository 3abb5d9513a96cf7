import { expect, test } from 'vitest';
import { errorsOf, testApi } from './client.ts';

const SOURCE = 'postgresql://sync:c4n4ry@source.example/assessor';
const TARGET = 'postgresql://sync:c4n4ry@target.example/assessor';
const PAIR = `tfsync_${'ab'.repeat(16)}`;
const drop = (body: object) => ({ path: '/api/sync/pairs/drop', body });

test('a look needs a connection, and a drop the name of what was looked at; whoever asked is told on', async () => {
  const api = testApi();

  const look = await api.call(drop({ source_connection: SOURCE, target_connection: TARGET }));
  const done = await api.call(drop({ target_connection: TARGET, pair: PAIR, confirm: true }));

  expect([look.status, done.status]).toEqual([200, 200]);
  expect(done.json).toMatchObject({ pair: PAIR, confirmed: true, complete: true });
  expect(api.commands).toEqual([
    expect.objectContaining({
      confirm: false,
      actor: 'ada',
      said: { pair: { source: expect.anything(), target: expect.anything() } },
    }),
    expect.objectContaining({
      confirm: true,
      pair: PAIR,
      requestId: 'request-1',
      said: { pair: { target: expect.anything() } },
    }),
  ]);
});

test.each<[string, object, readonly string[]]>([
  ['nothing', {}, ['required /source_connection']],
  ['a drop of nothing', { confirm: true }, ['required /source_connection', 'required /pair']],
  ['a drop without a name', { source_connection: SOURCE, confirm: true }, ['required /pair']],
  ['a name that is none', { source_connection: SOURCE, pair: 'tfsync_%' }, ['invalid_request /pair']],
  ['a word too many', { source_connection: SOURCE, force: true }, ['unknown_field /force']],
])('%s is refused, and nothing is dropped', async (_, body, errors) => {
  const api = testApi();

  const answer = await api.call(drop(body));

  expect(answer.status).toBe(400);
  expect(errorsOf(answer)).toEqual(errors);
  expect(answer.text).not.toContain('c4n4ry');
  expect(api.commands).toEqual([]);
});

test('where a deployment wants verified TLS, no other connection is opened', async () => {
  const api = testApi({ settings: { tlsPolicy: 'verify_full' } });
  const open = `${SOURCE}?sslmode=disable`;

  const answers = [
    await api.call(drop({ source_connection: open, target_connection: TARGET })),
    await api.call({ path: '/api/sync/pairs/slots', body: { source_connection: open } }),
  ];

  for (const answer of answers) expect(errorsOf(answer)).toEqual(['tls_required /source_connection']);
  expect(api.commands).toEqual([]);
});
