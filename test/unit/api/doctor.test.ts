import { expect, test } from 'vitest';
import { errorsOf, start, testApi } from './client.ts';

const PATH = '/api/sync/doctor';

test('who asks is told who they are, and nothing is looked at without databases', async () => {
  const api = testApi();

  const answer = await api.call({ method: 'POST', path: PATH, groups: '[operator other]' });

  expect(answer.status).toBe(200);
  expect(answer.json).toMatchObject({ roles: ['operator'], problems: [] });
  expect(answer.json.connection_budget).toBeGreaterThan(0);
  expect(api.commands).toEqual([]);
});

test('databases and config are looked at as a start would, and refused like one', async () => {
  const api = testApi();
  const config = { detection_strategy: 'cdc', triggers: 'suppress' };

  const answer = await api.call({ ...start(config), path: PATH });
  const wrong = await api.call({ ...start({ batch_sise: 7 }), path: PATH });
  const half = await api.call({ ...start({}), path: PATH, body: { source_environment: 'production' } });
  const viewer = await api.call({ ...start({}), path: PATH, groups: '[viewer]' });

  expect(answer.status).toBe(200);
  expect(api.commands).toMatchObject([{ config, pair: { source: {}, target: {} } }]);
  expect([wrong.status, errorsOf(wrong)]).toEqual([400, [expect.stringContaining('batch_sise')]]);
  expect([half.status, errorsOf(half)]).toEqual([400, ['required /target_connection']]);
  expect(viewer.status).toBe(403);
  expect(api.started).toEqual([]);
});
