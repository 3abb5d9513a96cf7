import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { jobConfigSchema } from '../../../lib/orchestrator/config-schema.ts';
import { sampleConflict, sampleJob } from '../../contract/samples.ts';
import { errorsOf, start, testApi } from './client.ts';

const PROJECT = { root: 'public.parcels', key: 7 };
const ofProject = (id: string, over: object = {}) =>
  sampleJob({ job_id: id, config: jobConfigSchema.parse({ project: PROJECT }), ...over });
const [ONE, TWO, THREE] = [1, 2, 3].map((n) => `00000000-0000-4000-8000-00000000000${n}`) as [string, string, string];

async function withJobs() {
  const api = testApi();
  await api.jobs.create(ofProject(ONE, { created_at: '2026-11-23T10:00:00.000Z' }));
  await api.jobs.create(sampleJob({ job_id: TWO, created_at: '2026-11-23T10:01:00.000Z' }));
  await api.jobs.create(ofProject(THREE, { created_at: '2026-11-23T10:02:00.000Z', state: 'failed' }));
  return api;
}

test('a plan is asked for as a start would be, and refused like one', async () => {
  const seen: unknown[] = [];
  const api = testApi({
    planProject: async (request) => {
      seen.push(request.config.project);
      return { root: 'public.parcels', parents: 'insert', tables: [], excluded: [], missing_indexes: [] };
    },
  });

  const answer = await api.call({ ...start({ project: PROJECT }), path: '/api/sync/projects/plan' });
  const wrong = await api.call({ ...start({ project: { key: 7, rot: 'x' } }), path: '/api/sync/projects/plan' });
  const viewer = await api.call({
    ...start({ project: PROJECT }),
    path: '/api/sync/projects/plan',
    groups: '[viewer]',
  });

  expect([answer.status, answer.json.root]).toEqual([200, 'public.parcels']);
  expect(seen).toEqual([{ ...PROJECT, parents: 'insert' }]);
  expect([wrong.status, errorsOf(wrong)]).toEqual([400, expect.arrayContaining(['required /config/project/root'])]);
  expect(viewer.status).toBe(403);
  expect(api.started).toEqual([]);
});

test('lists, dashboard and status show the jobs of projects and no others', async () => {
  const api = await withJobs();

  const jobs = await api.call({ path: '/api/sync/projects/jobs' });
  const dashboard = await api.call({ path: '/api/sync/projects/dashboard' });
  const one = await api.call({ path: `/api/sync/projects/job/${ONE}` });
  const other = await api.call({ path: `/api/sync/projects/job/${TWO}` });

  expect(jobs.json.jobs.map((j: { job_id: string; root: string }) => [j.job_id, j.root])).toEqual([
    [THREE, 'public.parcels'],
    [ONE, 'public.parcels'],
  ]);
  expect(dashboard.json).toMatchObject({
    looked_at: 3,
    states: { failed: 1, created: 1 },
    roots: [{ root: 'public.parcels', jobs: 2, last: { job_id: THREE } }],
  });
  expect([one.status, one.json.config.project]).toEqual([200, { ...PROJECT, parents: 'insert' }]);
  expect([other.status, other.json.code]).toEqual([404, 'job_not_found']);
});

test('the list of the jobs of projects takes the filters of the other list, and a page is of them alone', async () => {
  const api = await withJobs();
  const list = async (query: string) => {
    const { status, json } = await api.call({ path: '/api/sync/projects/jobs', query });
    return [status, json.jobs?.map((j: { job_id: string }) => j.job_id), json.next_token !== undefined];
  };

  const first = await api.call({ path: '/api/sync/projects/jobs', query: 'limit=1' });
  expect(await list('limit=1')).toEqual([200, [THREE], true]);
  expect((await list(`limit=1&next_token=${first.json.next_token}`)).slice(0, 2)).toEqual([200, [ONE]]);
  expect(await list('text=PARCELS')).toEqual([200, [THREE, ONE], false]);
  expect(await list('text=nothing')).toEqual([200, [], false]);
  expect(await list('status=failed')).toEqual([200, [THREE], false]);
  expect(await list('to=2026-11-23T10:01:30Z')).toEqual([200, [ONE], false]);
  expect((await list('from=yesterday'))[0]).toBe(400);
});

test('conflicts are those of the job of a project', async () => {
  const api = await withJobs();

  const own = await api.call({ path: '/api/sync/projects/conflicts', query: `job_id=${ONE}` });
  const other = await api.call({ path: '/api/sync/projects/conflicts', query: `job_id=${TWO}` });

  expect([own.status, own.json]).toEqual([200, { conflicts: [] }]);
  expect(other.status).toBe(404);
});

test('without a job they are the open ones of all projects, each once, page by page', async () => {
  const api = await withJobs();
  for (let n = 0; n < 25; n++)
    await api.jobs.create(sampleJob({ job_id: randomUUID(), created_at: `2026-11-23T10:01:${10 + n}.000Z` }));
  const of = (conflict_id: string, opened_by: string, seen_by: string, over: object = {}) =>
    sampleConflict(opened_by, { conflict_id, seen_by, ...over });
  await api.conflicts.put([
    of('a', ONE, ONE),
    of('b', ONE, ONE),
    of('seen-again', ONE, THREE),
    of('closed', THREE, THREE, { state: 'resolved' }),
    of('no-project', TWO, TWO),
  ]);

  const pages: string[][] = [];
  let token: string | undefined;
  do {
    const query = new URLSearchParams({ limit: '1', ...(token !== undefined && { next_token: token }) });
    const page = await api.call({ path: '/api/sync/projects/conflicts', query: query.toString() });
    expect(page.status).toBe(200);
    pages.push(page.json.conflicts.map((c: { conflict_id: string }) => c.conflict_id));
    token = page.json.next_token;
  } while (token !== undefined && pages.length < 20);
  const made = await api.call({ path: '/api/sync/projects/conflicts', query: 'next_token=made' });

  expect(pages.flat().sort()).toEqual(['a', 'b', 'seen-again']);
  expect(pages.flat()[0]).toBe('seen-again');
  expect([made.status, made.json.code]).toEqual([400, 'cursor_invalid']);
});

test('the status of the services names both, and is degraded where something behind them is down', async () => {
  const up = { name: 'jobs', check: async () => undefined };
  const down = { name: 'queue', check: () => Promise.reject(new Error('gone')) };

  const well = await testApi({ dependencies: [up] }).call({ path: '/api/v1/status' });
  const ill = await testApi({ dependencies: [up, down] }).call({ path: '/api/v1/status' });
  const nobody = await testApi().call({ path: '/api/v1/status', groups: null });

  expect(well.status).toBe(200);
  expect(
    well.json.services.map((s: { name: string; status: string; version: string }) => [s.name, s.status, s.version]),
  ).toEqual([
    ['database_sync', 'ok', '1.2.3'],
    ['project_sync', 'ok', '1.2.3'],
  ]);
  expect([ill.status, ill.json.services[1].status]).toEqual([503, 'degraded']);
  expect(nobody.status).toBe(401);
});
