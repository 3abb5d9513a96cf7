import { expect, it } from 'vitest';
import { SyncError } from '../../../lib/model/errors.ts';
import { sampleJob } from '../../contract/samples.ts';
import { type Call, start, testApi } from './client.ts';

const keyed = (key: string, call: Call = start()): Call => ({ ...call, headers: { 'idempotency-key': key } });

it('the same key and body is the same answer, and one job', async () => {
  const api = testApi();

  const first = await api.call(keyed('k1'));
  const again = await api.call(keyed('k1'));

  expect([first.status, again.status]).toEqual([202, 202]);
  expect(again.json).toEqual(first.json);
  expect(again.headers.location).toBe(first.headers.location);
  expect(api.started).toHaveLength(1);
  await api.call(keyed('k2'));
  await api.call(start());
  expect(api.started).toHaveLength(3);
});

it('another body under the same key is refused, and starts nothing', async () => {
  const api = testApi();
  await api.call(keyed('k1'));

  const other = await api.call(keyed('k1', start({ batch_size: 7 })));

  expect([other.status, other.json.code]).toEqual([422, 'idempotency_mismatch']);
  expect(api.started).toHaveLength(1);
});

it('a key is of one caller and one route', async () => {
  const api = testApi();
  await api.call(keyed('k1'));

  await api.call({ ...keyed('k1'), claims: { sub: 'id-2' } });
  await api.call({ ...keyed('k1'), path: '/api/sync/incremental' });

  expect(api.started).toHaveLength(3);
});

it.each(['', 'x'.repeat(256), 'a b', 'é', 'a\u0007'])('a key that is none is refused: %j', async (key) => {
  const api = testApi();

  expect((await api.call(keyed(key))).json.code).toBe('idempotency_key_invalid');
  expect(api.started).toEqual([]);
});

it('of calls at once one is worked on, and the others are told so', async () => {
  const gate = Promise.withResolvers<void>();
  const api = testApi({
    startJob: async ({ jobId }) => {
      await gate.promise;
      return sampleJob({ job_id: jobId });
    },
  });

  const first = api.call(keyed('k1'));
  const others = await Promise.all([api.call(keyed('k1')), api.call(keyed('k1'))]);
  gate.resolve();

  expect((await first).status).toBe(202);
  expect(others.map((o) => [o.status, o.json.code])).toEqual(Array(2).fill([409, 'idempotency_in_flight']));
  expect(api.started).toHaveLength(1);
});

it('a refused call is not kept, and one that failed is tried again under its own job', async () => {
  const errors = ['target_busy', 'unavailable', undefined] as const;
  let n = 0;
  const api = testApi({
    startJob: async ({ jobId }) => {
      const code = errors[n++];
      if (code) throw new SyncError(code, 'not now');
      return sampleJob({ job_id: jobId });
    },
  });

  const statuses: number[] = [];
  for (const _ of errors) statuses.push((await api.call(keyed('k1'))).status);

  expect(statuses).toEqual([409, 503, 202]);
  const [refused, failed, done] = api.started.map((s) => s.jobId);
  expect(refused).not.toBe(failed);
  expect(done).toBe(failed);
});

it('where the answer was lost after the job was stored, the job is found and none is started', async () => {
  const now = { ms: Date.parse('2026-11-23T10:00:00Z') };
  let lost = true;
  const api = testApi({
    clock: () => new Date(now.ms),
    startJob: async ({ jobId }) => {
      const job = sampleJob({ job_id: jobId });
      await api.jobs.create(job);
      if (lost) throw new SyncError('internal', 'the function died here');
      return job;
    },
  });
  expect((await api.call(keyed('k1'))).status).toBe(500);
  lost = false;

  const again = await api.call(keyed('k1'));

  expect([again.status, again.json.job_id]).toEqual([202, api.started[0]?.jobId]);
  expect(api.started).toHaveLength(1);

  now.ms += 25 * 3_600_000;
  await api.call(keyed('k1'));
  expect(api.started).toHaveLength(2); // after a day it is a new call
});
