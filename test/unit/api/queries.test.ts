import { describe, expect, it } from 'vitest';
import { SyncError } from '../../../lib/model/errors.ts';
import { NO_COUNTS } from '../../../lib/model/job.ts';
import { jobConfigSchema } from '../../../lib/orchestrator/config-schema.ts';
import { memoryJobStore } from '../../contract/memory.ts';
import { sampleConflict, sampleJob, sampleProgress, sampleTable } from '../../contract/samples.ts';
import { errorsOf, testApi } from './client.ts';

describe('GET /api/sync/status/{job_id}', () => {
  async function running() {
    const api = testApi();
    const job = sampleJob({ state: 'running', started_at: '2026-11-23T10:00:00.000Z' });
    await api.jobs.create(job);
    await api.jobs.putTables([sampleTable(job.job_id)]);
    await api.jobs.putProgress(sampleProgress(job.job_id, { counts: { ...NO_COUNTS, read: 100, unchanged: 100 } }));
    return { api, job, path: `/api/sync/status/${job.job_id}` };
  }

  it('shows the job, without the name of its secret', async () => {
    const { api, job, path } = await running();

    const answer = await api.call({ path });

    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject({
      job_id: job.job_id,
      state: 'running',
      source: { host: 'source.example', version: '18.4' },
      seconds: 10,
      rows_per_second: 10,
      eta_seconds: 90,
    });
    expect(answer.text).not.toContain('secret_ref');
    expect(answer.text).not.toContain('system_identifier');
    expect(answer.headers['retry-after']).toBe('1');
  });

  it('answers 304 without a body until something happens, whatever the time', async () => {
    const { api, job, path } = await running();
    const first = await api.call({ path });
    const ask = () => api.call({ path, headers: { 'If-None-Match': `"other", ${first.headers.etag}` } });
    const later = testApi({ jobs: api.jobs, now: '2026-11-23T11:00:00.000Z' });

    expect(await ask()).toMatchObject({ status: 304, text: '', headers: { etag: first.headers.etag } });
    expect((await later.call({ path })).headers.etag).toBe(first.headers.etag);
    await api.jobs.putProgress(sampleProgress(job.job_id, { seq: 2, finished: true }));
    const changed = await ask();

    expect(changed.status).toBe(200);
    expect(changed.headers.etag).not.toBe(first.headers.etag);
    expect((await api.call({ path, headers: { 'if-none-match': '*' } })).status).toBe(304);
  });

  it('says how many conflicts of a job that has completed still wait, once the index can know', async () => {
    const ended = { state: 'completed_with_issues', ended_at: '2026-11-23T10:01:00.000Z', open_conflicts: 3 } as const;
    const job = sampleJob(ended);
    const jobs = memoryJobStore();
    await jobs.create(job);
    const ask = async (now: string, open: number) => {
      const api = testApi({ jobs, now });
      await api.conflicts.put(Array.from({ length: open }, () => sampleConflict(job.job_id)));
      await api.conflicts.put([sampleConflict(job.job_id, { state: 'resolved' })]);
      return (await api.call({ path: `/api/sync/status/${job.job_id}` })).json.open_conflicts;
    };

    expect(await ask('2026-11-23T10:01:05.000Z', 0)).toBe(3); // nothing of them is indexed yet
    expect(await ask('2026-11-23T10:02:00.000Z', 1)).toBe(1);
    expect(await ask('2026-11-23T10:02:00.000Z', 0)).toBe(0);
    const { api, path } = await running();
    expect((await api.call({ path })).json).not.toHaveProperty('open_conflicts');
  });

  it('does not ask to come back once the job has ended', async () => {
    const api = testApi();
    const job = sampleJob({ state: 'completed', ended_at: '2026-11-23T10:01:00.000Z' });
    await api.jobs.create(job);

    expect((await api.call({ path: `/api/sync/status/${job.job_id}` })).headers).not.toHaveProperty('retry-after');
  });

  it('takes an id in capitals', async () => {
    const { api, job } = await running();

    expect((await api.call({ path: `/api/sync/status/${job.job_id.toUpperCase()}` })).status).toBe(200);
  });

  it.each([
    ['not-a-uuid', 400, 'id_format'],
    ['%00', 400, 'id_format'],
    ['%zz', 400, 'id_format'],
    ['', 404, 'route_not_found'],
    ["'; drop table jobs", 400, 'id_format'],
    ['c0ffee00-0000-4000-8000-000000000000', 404, 'job_not_found'],
  ])('of %j is %i %s', async (id, status, code) => {
    const answer = await testApi().call({ path: `/api/sync/status/${id}` });

    expect(answer).toMatchObject({ status, json: { code } });
  });
});

describe('GET /api/sync/status/{job_id}/{table_name}', () => {
  async function cut() {
    const api = testApi();
    const job = sampleJob({ state: 'running', epoch: 2 });
    await api.jobs.create(job);
    await api.jobs.putTables([
      sampleTable(job.job_id, { segments: 3, state: 'running' }),
      sampleTable(job.job_id, { table: 1, name: 'public.owners' }),
    ]);
    const counts = { ...NO_COUNTS, read: 10, unchanged: 10 };
    for (const over of [
      { segment: 2, epoch: 2, counts },
      { segment: 0, finished: true, counts },
      { table: 1, segment: 1, counts },
    ])
      await api.jobs.putProgress(sampleProgress(job.job_id, over));
    return { api, job, path: `/api/sync/status/${job.job_id}/public.parcels` };
  }

  it('tells how far each segment of the pass has come, by position, and of this table alone', async () => {
    const { api, path } = await cut();

    const { status, json, headers } = await api.call({ path });

    expect(status).toBe(200);
    expect(json).toMatchObject({ name: 'public.parcels', pass: 'apply', segments: { total: 3, done: 1 } });
    expect(json.begun).toMatchObject([
      { segment: 0, finished: true, epoch: 1, counts: { read: 10 }, updated_at: '2026-11-23T10:00:05.000Z' },
      { segment: 2, finished: false, epoch: 2 },
    ]);
    expect(headers['retry-after']).toBe('1');
  });

  it('adds up the rows of all passes of a segment, and tells of the last one', async () => {
    const { api, job, path } = await cut();
    const counts = { ...NO_COUNTS, read: 1, deleted: 1, kept: -1 };
    await api.jobs.putProgress(sampleProgress(job.job_id, { pass: 'delete', segment: 0, counts }));

    expect((await api.call({ path })).json).toMatchObject({
      pass: 'delete',
      begun: [
        { segment: 0, pass: 'delete', finished: false, counts: { read: 11, deleted: 1 } },
        { segment: 2, pass: 'apply' },
      ],
    });
  });

  it('answers 304 until something happens to the table', async () => {
    const { api, job, path } = await cut();
    const { etag } = (await api.call({ path })).headers;
    const ask = () => api.call({ path, headers: { 'if-none-match': String(etag) } });

    await api.jobs.putProgress(sampleProgress(job.job_id, { table: 1, seq: 9 }));
    expect(await ask()).toMatchObject({ status: 304, text: '' });
    await api.jobs.putProgress(sampleProgress(job.job_id, { segment: 2, epoch: 2, seq: 9, finished: true }));

    expect((await ask()).json).toMatchObject({ segments: { done: 2 } });
  });

  it('takes a bare name, and refuses one that is of no table', async () => {
    const { api, job } = await cut();
    const of = (name: string) => api.call({ path: `/api/sync/status/${job.job_id}/${name}` });

    expect((await of('parcels')).json).toMatchObject({ name: 'public.parcels' });
    expect(await of('gone')).toMatchObject({ status: 404, json: { code: 'table_unknown' } });
  });
});

describe('GET /api/sync/jobs', () => {
  async function withJobs(count: number) {
    const api = testApi();
    for (let i = 0; i < count; i++) {
      const state = i % 2 ? ('completed' as const) : ('failed' as const);
      await api.jobs.create(sampleJob({ state, created_at: `2026-11-23T10:00:${String(i).padStart(2, '0')}.000Z` }));
    }
    return api;
  }

  it('gives 20 jobs a page, newest first, and the way to the next', async () => {
    const api = await withJobs(25);

    const first = await api.call({ path: '/api/sync/jobs' });
    const second = await api.call({ path: '/api/sync/jobs', query: `next_token=${first.json.next_token}` });

    expect(first.json.jobs).toHaveLength(20);
    expect(first.json.jobs[0].created_at).toBe('2026-11-23T10:00:24.000Z');
    expect(second.json.jobs).toHaveLength(5);
    expect(second.json).not.toHaveProperty('next_token');
    expect(first.text).not.toContain('secret_ref');
  });

  it('tells what a job had left for people when it ended', async () => {
    const api = testApi();
    const ended = { state: 'completed_with_issues' as const, ended_at: '2026-11-23T10:01:00.000Z' };
    await api.jobs.create(sampleJob({ ...ended, open_conflicts: 23, quarantined: 4 }));

    const { json } = await api.call({ path: '/api/sync/jobs' });

    expect(json.jobs).toMatchObject([{ open_conflicts: 23, quarantined: 4 }]);
  });

  it('tells what a job wrote once it has completed, and that a dry run wrote nothing', async () => {
    const api = testApi();
    const counts = { ...NO_COUNTS, read: 9, inserted: 2, unchanged: 7 };
    const config = jobConfigSchema.parse({ dry_run: true });
    await api.jobs.create(sampleJob({ created_at: '2026-11-23T10:00:01.000Z' }));
    await api.jobs.create(sampleJob({ state: 'completed', config, counts, created_at: '2026-11-23T10:00:02.000Z' }));

    const { json } = await api.call({ path: '/api/sync/jobs' });

    expect(json.jobs[0]).toMatchObject({ dry_run: true, counts });
    expect(json.jobs[1]).not.toHaveProperty('dry_run');
    expect(json.jobs[1]).not.toHaveProperty('counts');
  });

  it('takes limit and status', async () => {
    const api = await withJobs(5);

    const answer = await api.call({ path: '/api/sync/jobs', query: 'limit=1&status=completed' });

    expect(answer.json.jobs).toMatchObject([{ state: 'completed', created_at: '2026-11-23T10:00:03.000Z' }]);
    expect(answer.json.next_token).toEqual(expect.any(String));
  });

  it('takes text, names of both sides and times, over pages of the store', async () => {
    const api = testApi();
    const job = (n: number, over: object = {}) =>
      api.jobs.create(sampleJob({ created_at: `2026-11-23T10:00:${String(n).padStart(2, '0')}.000Z`, ...over }));
    const environments = { source: { names: ['Production'], asked: true } };
    for (let n = 0; n < 30; n++) await job(n, { actor: 'night' });
    await job(40, { actor: 'Lovelace', environments });
    await job(50, { actor: 'night', failure: { code: 'same_database', message: '' }, state: 'failed' });
    const seconds = async (query: string) => {
      const answer = await api.call({ path: '/api/sync/jobs', query });
      return answer.json.jobs.map((j: { created_at: string }) => Number(j.created_at.slice(17, 19)));
    };

    expect(await seconds('text=LOVE')).toEqual([40]);
    expect(await seconds('text=same_data')).toEqual([50]);
    expect(await seconds('source=Production')).toEqual([40]);
    expect(await seconds('source=production')).toEqual([]); // names are as they are
    expect(await seconds('target=Production')).toEqual([]);
    expect(await seconds('from=2026-11-23T10:00:28Z&to=2026-11-23T10:00:40Z')).toEqual([29, 28]);
    expect(await seconds('to=2026-11-23T10:00:02Z&limit=2')).toEqual([1, 0]);
    expect((await api.call({ path: '/api/sync/jobs', query: 'text=nobody' })).json).toEqual({ jobs: [] });
  });

  it('pages of filtered jobs hold each of them once, however far they lie apart', async () => {
    const api = testApi();
    const hours = (n: number) => new Date(Date.parse('2026-11-23T10:00:00Z') + n * 3_600_000).toISOString();
    for (let n = 0; n < 230; n++)
      await api.jobs.create(sampleJob({ actor: n % 45 < 2 ? 'lovelace' : 'bob', created_at: hours(n) }));

    const seen: string[] = [];
    let token: string | undefined;
    do {
      const more = token === undefined ? '' : `&next_token=${encodeURIComponent(token)}`;
      const { json } = await api.call({ path: '/api/sync/jobs', query: `limit=1&text=lovelace${more}` });
      expect(json.jobs.length).toBeLessThanOrEqual(1);
      seen.push(...json.jobs.map((j: { created_at: string }) => j.created_at));
      token = json.next_token;
    } while (token !== undefined);

    expect(seen).toEqual([226, 225, 181, 180, 136, 135, 91, 90, 46, 45, 1, 0].map(hours));
    const late = await api.call({ path: '/api/sync/jobs', query: `from=${hours(228)}` });
    expect([late.json.jobs.length, late.json.next_token]).toEqual([2, undefined]); // all others are older
  });

  it.each([
    ['text=', ['invalid_request /text']],
    ['from=yesterday', ['range_invalid /from']],
    ['to=2026-02-30', ['range_invalid /to']],
    ['limit=0', ['out_of_range /limit']],
    ['limit=101', ['out_of_range /limit']],
    ['limit=10000', ['out_of_range /limit']],
    ['limit=-1', ['out_of_range /limit']],
    ['limit=1.5', ['type_integer /limit']],
    ['limit=abc', ['type_integer /limit']],
    ['limit=', ['type_integer /limit']],
    ['limit=1e2', ['type_integer /limit']],
    ['limit=5&limit=6', ['invalid_request']],
    ['status=done', ['invalid_enum /status']],
    ['next_token=x', ['cursor_invalid /next_token']],
    ['next_token=', ['cursor_invalid /next_token']],
    ['state=failed', ['unknown_field /state']],
    ['__proto__=1', ['unknown_field /__proto__']],
    ['limit=0&status=x&stat=1', ['unknown_field /stat', 'out_of_range /limit', 'invalid_enum /status']],
  ])('refuses ?%s', async (query, errors) => {
    const answer = await testApi().call({ path: '/api/sync/jobs', query });

    expect(answer.status).toBe(400);
    expect(errorsOf(answer)).toEqual(errors);
  });

  it('says 503 and when to come back while the store does not answer', async () => {
    const failing = { ...memoryJobStore(), list: () => Promise.reject(new SyncError('unavailable', 'jobs table')) };

    const answer = await testApi({ jobs: failing }).call({ path: '/api/sync/jobs' });

    expect(answer).toMatchObject({ status: 503, json: { code: 'unavailable' }, headers: { 'retry-after': '5' } });
  });
});

describe('GET /api/sync/health', () => {
  const up = { name: 'jobs_table', check: async () => undefined };

  it('is ok when everything answers', async () => {
    const answer = await testApi({ dependencies: [up] }).call({ path: '/api/sync/health', groups: null });

    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({
      status: 'ok',
      dependencies: [{ name: 'jobs_table', status: 'up', latency_ms: expect.any(Number) }],
      version: '1.2.3',
    });
  });

  it('names what is down by a short code, and waits for nothing longer than 2 s', async () => {
    const startedMs = performance.now();
    const refused = Object.assign(new Error('connect c4n4ry:8000'), { code: 'ECONNREFUSED' });
    const dependencies = [
      up,
      { name: 'a', check: () => Promise.reject(refused) },
      { name: 'b', check: () => new Promise(() => {}) },
      {
        name: 'c',
        check: () => {
          throw new SyncError('internal', 'the environment variable C is not set');
        },
      },
      { name: 'd', check: () => Promise.reject(Object.assign(new Error('c4n4ry'), { name: 'c4n4ry is\nodd' })) },
    ];

    const answer = await testApi({ dependencies }).call({ path: '/api/sync/health' });

    expect(answer.status).toBe(503);
    expect(answer.json.status).toBe('degraded');
    expect(answer.json.dependencies.map((d: Record<string, unknown>) => [d.name, d.status, d.error])).toEqual([
      ['jobs_table', 'up', undefined],
      ['a', 'down', 'ECONNREFUSED'],
      ['b', 'down', 'timeout'],
      ['c', 'down', 'internal'],
      ['d', 'down', 'unknown'],
    ]);
    expect(answer.text).not.toContain('c4n4ry');
    expect(performance.now() - startedMs).toBeLessThan(3000);
  });
});
