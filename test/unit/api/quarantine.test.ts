import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import type { QuarantineRequest } from '../../../lib/orchestrator/list-quarantine.ts';
import { testApi } from './client.ts';

const JOB = randomUUID();
const path = `/api/sync/quarantine/${JOB}`;
const ROW = { table: 'public.t', key: ['a', 'b'], code: 'fk_missing' as const, at: '2026-11-23T10:00:00.000Z' };

test('pages go by filters and a token that fits no other question', async () => {
  const asked: QuarantineRequest[] = [];
  const last = { table: 3, key: ['a', 'b'] };
  const api = testApi({
    listQuarantine: async (request) => {
      asked.push(request);
      return request.after ? { rows: [] } : { rows: [ROW], last };
    },
  });

  const first = await api.call({ path, query: 'table=public.t&limit=1' });
  const token = first.json.next_token;
  const second = await api.call({ path, query: `table=public.t&limit=1&next_token=${token}` });
  const other = await api.call({ path, query: `next_token=${token}` });

  expect(first.json.rows).toEqual([ROW]);
  expect([second.status, second.json]).toEqual([200, { rows: [] }]);
  expect([other.status, other.json.code]).toEqual([400, 'cursor_invalid']);
  expect(asked).toMatchObject([{ jobId: JOB, filter: { table: 'public.t' }, limit: 1 }, { after: last }]);
});

test.each([
  ['GET', 'limit=0', undefined, 'out_of_range'],
  ['GET', 'code=none', undefined, 'invalid_enum'],
  ['POST', '', { code: 'none' }, 'invalid_enum'],
  ['POST', '', { rows: 1 }, 'unknown_field'],
] as const)('%s %s is refused', async (method, query, body, code) => {
  const api = testApi();

  const answer = await api.call({ method, path: body ? `${path}/retry` : path, query, ...(body && { body }) });

  expect(answer.status).toBe(400);
  expect(answer.json.errors[0].code).toBe(code);
  expect(api.commands).toEqual([]);
});

test('a retry answers with the new job, in the name of whoever asked', async () => {
  const api = testApi();

  const answer = await api.call({ method: 'POST', path: `${path}/retry`, body: { rule: 'range(price)' } });

  expect(answer.status).toBe(202);
  expect(answer.json).toMatchObject({ state: 'created', rows: 2, whole_tables: [] });
  expect(answer.headers.location).toBe(answer.json.status_url);
  expect(api.commands).toMatchObject([{ jobId: JOB, filter: { rule: 'range(price)' } }]);
});
