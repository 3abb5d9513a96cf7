import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { groupsOf } from '../../../functions/api/caller.ts';
import { commandRoutes } from '../../../functions/api/routes/commands.ts';
import { conflictRoutes } from '../../../functions/api/routes/conflicts.ts';
import { environmentRoutes } from '../../../functions/api/routes/environments.ts';
import { routes } from '../../../functions/api/routes/index.ts';
import { mappingRoutes } from '../../../functions/api/routes/mappings.ts';
import { pairRoutes } from '../../../functions/api/routes/pairs.ts';
import { projectRoutes } from '../../../functions/api/routes/projects.ts';
import { quarantineRoutes } from '../../../functions/api/routes/quarantine.ts';
import { queryRoutes } from '../../../functions/api/routes/queries.ts';
import { scheduleRoutes } from '../../../functions/api/routes/schedules.ts';
import { suggestRoutes } from '../../../functions/api/routes/suggest.ts';
import { webhookRoutes } from '../../../functions/api/routes/webhooks.ts';
import { SyncError } from '../../../lib/model/errors.ts';
import { mayCall, ROLES } from '../../../lib/model/roles.ts';
import { jobConfigSchema } from '../../../lib/orchestrator/config-schema.ts';
import {
  sampleApproval,
  sampleApprovalRequest,
  sampleConflict,
  sampleEnvironment,
  sampleJob,
  sampleMapping,
  sampleResolution,
  sampleSchedule,
  sampleTable,
  sampleValidation,
} from '../../contract/samples.ts';
import { type Call, SOURCE, start, TARGET, testApi } from './client.ts';

const job = sampleJob({ config: jobConfigSchema.parse({ project: { root: 'public.parcels', key: 7 } }) });
const conflict = sampleConflict(job.job_id);
const resolution = sampleResolution(job.job_id);
const approval = sampleApprovalRequest();
const ofJob = `/api/sync/conflicts/${job.job_id}`;
const calls: Readonly<Record<string, Call>> = {
  'POST /api/sync/full': start(),
  'POST /api/sync/incremental': { ...start(), path: '/api/sync/incremental' },
  'POST /api/sync/stop/{job_id}': { method: 'POST', path: `/api/sync/stop/${job.job_id}` },
  'POST /api/sync/resume/{job_id}': { method: 'POST', path: `/api/sync/resume/${job.job_id}` },
  'GET /api/sync/validate/{job_id}/{table_name}': { path: `/api/sync/validate/${job.job_id}/public.parcels` },
  'POST /api/sync/validate/{job_id}/{table_name}': {
    method: 'POST',
    path: `/api/sync/validate/${job.job_id}/public.parcels`,
  },
  'GET /api/sync/schedules': { path: '/api/sync/schedules' },
  'GET /api/sync/schedules/{name}': { path: '/api/sync/schedules/nightly' },
  'PUT /api/sync/schedules/{name}': {
    method: 'PUT',
    path: '/api/sync/schedules/nightly',
    body: { ...(start().body as object), expression: 'rate(1 day)' },
  },
  'DELETE /api/sync/schedules/{name}': { method: 'DELETE', path: '/api/sync/schedules/nightly' },
  'GET /api/sync/webhooks': { path: '/api/sync/webhooks' },
  'GET /api/sync/webhooks/{name}': { path: '/api/sync/webhooks/ops' },
  'PUT /api/sync/webhooks/{name}': { method: 'PUT', path: '/api/sync/webhooks/ops', body: { paused: true } },
  'DELETE /api/sync/webhooks/{name}': { method: 'DELETE', path: '/api/sync/webhooks/ops' },
  'POST /api/sync/webhooks/{name}/rotate': { method: 'POST', path: '/api/sync/webhooks/ops/rotate' },
  'POST /api/sync/webhooks/{name}/test': { method: 'POST', path: '/api/sync/webhooks/ops/test' },
  'GET /api/sync/environments': { path: '/api/sync/environments' },
  'GET /api/sync/environments/{name}': { path: '/api/sync/environments/production' },
  'PUT /api/sync/environments/{name}': {
    method: 'PUT',
    path: '/api/sync/environments/production',
    body: { connection: SOURCE },
  },
  'DELETE /api/sync/environments/{name}': { method: 'DELETE', path: '/api/sync/environments/production' },
  'POST /api/sync/environments/{name}/test': { method: 'POST', path: '/api/sync/environments/production/test' },
  'GET /api/sync/approvals': { path: '/api/sync/approvals' },
  'GET /api/sync/approvals/{approval_id}': { path: `/api/sync/approvals/${approval.id}` },
  'POST /api/sync/approvals/{approval_id}/approve': {
    method: 'POST',
    path: `/api/sync/approvals/${approval.id}/approve`,
  },
  'POST /api/sync/approvals/{approval_id}/reject': {
    method: 'POST',
    path: `/api/sync/approvals/${approval.id}/reject`,
  },
  'GET /api/sync/jobs': { path: '/api/sync/jobs' },
  'GET /api/sync/status/{job_id}': { path: `/api/sync/status/${job.job_id}` },
  'GET /api/sync/conflicts/{job_id}': { path: ofJob },
  'GET /api/sync/conflicts/{job_id}/{conflict_id}': { path: `${ofJob}/${conflict.conflict_id}` },
  'POST /api/sync/conflicts/{job_id}/{conflict_id}/resolve': {
    path: `${ofJob}/${conflict.conflict_id}/resolve`,
    body: { side: 'source', expected: { source: conflict.prints.source, target: conflict.prints.target } },
  },
  'POST /api/sync/conflicts/{job_id}/resolve-all': {
    path: `${ofJob}/resolve-all`,
    body: { side: 'source', expected_count: 1 },
  },
  'GET /api/sync/conflicts/{job_id}/resolutions/{resolution_id}': {
    path: `${ofJob}/resolutions/${resolution.resolution_id}`,
  },
  'POST /api/sync/conflicts/{job_id}/resolutions/{resolution_id}/cancel': {
    method: 'POST',
    path: `${ofJob}/resolutions/${resolution.resolution_id}/cancel`,
  },
  'GET /api/sync/quarantine/{job_id}': { path: `/api/sync/quarantine/${job.job_id}` },
  'POST /api/sync/quarantine/{job_id}/retry': {
    method: 'POST',
    path: `/api/sync/quarantine/${job.job_id}/retry`,
  },
  'GET /api/sync/audit/{job_id}': { path: `/api/sync/audit/${job.job_id}` },
  'GET /api/sync/audit/{job_id}/report': { path: `/api/sync/audit/${job.job_id}/report` },
  'GET /api/sync/audit/{job_id}/export': { path: `/api/sync/audit/${job.job_id}/export` },
  'GET /api/sync/audit/{job_id}/verify': { path: `/api/sync/audit/${job.job_id}/verify` },
  'GET /api/sync/mappings': { path: '/api/sync/mappings' },
  'GET /api/sync/mappings/{name}': { path: '/api/sync/mappings/county' },
  'GET /api/sync/mappings/{name}/versions/{version}': { path: '/api/sync/mappings/county/versions/2' },
  'POST /api/sync/mappings/suggest': {
    path: '/api/sync/mappings/suggest',
    body: { name: 'county', source_connection: SOURCE, target_connection: TARGET },
  },
  'POST /api/sync/mappings/suggest-expression': {
    path: '/api/sync/mappings/suggest-expression',
    body: { source_connection: SOURCE, table: 'public.parcels', sentence: 'upper case of city' },
  },
  'PUT /api/sync/mappings/{name}': { method: 'PUT', path: '/api/sync/mappings/county', body: { mapping: {} } },
  'DELETE /api/sync/mappings/{name}/versions/{version}': {
    method: 'DELETE',
    path: '/api/sync/mappings/county/versions/2',
  },
  'POST /api/sync/mappings/{name}/approve': {
    path: '/api/sync/mappings/county/approve',
    headers: { 'if-match': '"2.2.1"' },
    body: { version: 2 },
  },
  'POST /api/sync/mappings/{name}/retire': {
    method: 'POST',
    path: '/api/sync/mappings/county/retire',
    headers: { 'if-match': '"2.2.1"' },
  },
  'POST /api/sync/pairs/drop': {
    path: '/api/sync/pairs/drop',
    body: { source_connection: SOURCE, target_connection: TARGET },
  },
  'POST /api/sync/pairs/slots': { path: '/api/sync/pairs/slots', body: { source_connection: SOURCE } },
  'POST /api/sync/projects/plan': {
    ...start({ project: { root: 'public.parcels', key: 7 } }),
    path: '/api/sync/projects/plan',
  },
  'GET /api/sync/projects/dashboard': { path: '/api/sync/projects/dashboard' },
  'GET /api/sync/projects/jobs': { path: '/api/sync/projects/jobs' },
  'GET /api/sync/projects/job/{job_id}': { path: `/api/sync/projects/job/${job.job_id}` },
  'GET /api/sync/projects/conflicts': { path: '/api/sync/projects/conflicts', query: `job_id=${job.job_id}` },
  'GET /api/v1/status': { path: '/api/v1/status' },
  'GET /api/sync/health': { path: '/api/sync/health' },
  'GET /api/sync/openapi.json': { path: '/api/sync/openapi.json' },
};

describe('an id of a job', () => {
  const ofAJob = routes.filter((route) => route.path.includes('{job_id}'));
  const called = async (route: (typeof routes)[number], id: string) => {
    const name = `${route.method} ${route.path}`;
    const call = calls[name];
    if (!call) throw new Error(`add a call of ${name} to this test`);
    const unknown = () => Promise.reject(new SyncError('job_not_found', 'there is no job with this id'));
    const api = testApi({
      stopJob: unknown,
      resumeJob: unknown,
      validateTable: unknown,
      listQuarantine: unknown,
      retryQuarantine: unknown,
    });
    await api.conflicts.put([conflict]);
    await api.resolutions.create(resolution);
    return api.call({ ...call, path: call.path?.replace(job.job_id, id) ?? '' });
  };

  it.each(ofAJob)('that is none is refused: $method $path', async (route) => {
    for (const id of ['x', "'; drop table jobs", '00000000-0000-0000-0000-00000000000g', 'x'.repeat(300)]) {
      const answer = await called(route, encodeURIComponent(id));
      expect([answer.status, answer.json.code]).toEqual([400, 'id_format']);
    }
  });

  it.each(ofAJob)('that nobody knows is not found: $method $path', async (route) => {
    const answer = await called(route, randomUUID());
    expect(answer.status).toBe(404);
    expect(['job_not_found', 'conflict_not_found', 'resolution_not_found']).toContain(answer.json.code);
  });
});

describe('roles', () => {
  const matrix = routes.flatMap((route) =>
    [...ROLES, 'nobody', undefined].map((role) => ({ route, role, name: `${route.method} ${route.path}` })),
  );

  it.each(matrix)('$role calling $name', async ({ route, role, name }) => {
    const call = calls[name];
    if (!call) throw new Error(`add a call of ${name} to this test`);
    const api = testApi();
    await api.jobs.create(job);
    await api.jobs.putTables([sampleTable(job.job_id, { name: 'public.parcels' })]);
    await api.jobs.putValidations([sampleValidation(job.job_id)]);
    await api.conflicts.put([conflict]);
    api.engine.add([conflict]);
    await api.resolutions.create(resolution);
    await api.schedules.create(sampleSchedule());
    await api.kept.add('ops');
    await api.environments.put(sampleEnvironment());
    await api.approvals.put(approval);
    for (const version of [1, 2]) await api.mappings.put(sampleMapping(version));
    await api.mappings.approve('county', { rev: 1, approvals: [sampleApproval(1)] });
    const allowed = mayCall(route.role, role === undefined ? [] : [role]);

    const answer = await api.call({ ...call, groups: role === undefined ? null : `[${role}]` });

    if (allowed) expect(answer.status).toBeLessThan(300);
    else expect(answer).toMatchObject(role === undefined ? unauthenticated : forbidden(route.role));
    expect(api.commands).toHaveLength(allowed && route.method !== 'GET' ? 1 : 0);
  });

  const unauthenticated = { status: 401, json: { code: 'unauthenticated' }, headers: { 'www-authenticate': 'Bearer' } };
  const forbidden = (needed: string) => ({
    status: 403,
    json: { code: 'forbidden', detail: expect.stringContaining(needed), facts: { needed_role: needed } },
  });

  it('are checked before the body is looked at', async () => {
    const answer = await testApi().call({ path: '/api/sync/full', raw: 'not JSON', groups: 'viewer' });

    expect(answer.status).toBe(403);
  });

  it.each([
    ['[admin operator]', ['admin', 'operator']],
    ['admin', ['admin']],
    ['[admin]', ['admin']],
    ['[]', []],
    ['', []],
    ['[x,admin y]', ['x,admin', 'y']],
    [['admin', 5], ['admin']],
    [5, []],
    [undefined, []],
  ])('come from the groups claim %j as %j', (groups, expected) => {
    expect(groupsOf({ 'cognito:groups': groups })).toEqual(expected);
    expect(groupsOf(undefined)).toEqual([]);
  });
});

describe('the actor', () => {
  it.each([
    [{}, 'ada'],
    [{ username: undefined, email: 'ada@county.example' }, 'ada@county.example'],
    [{ username: '', email: 5 }, 'id-1'],
    [{ username: 'a\nb\u001b[31m' }, 'a b [31m'],
  ])('of %j is %j', async (claims, expected) => {
    const api = testApi();

    await api.call({ ...start(), claims });

    expect(api.started[0]?.actor).toBe(expected);
  });

  it('never comes from the body', async () => {
    const api = testApi();

    expect((await api.call(start(undefined, { actor: 'eve' }))).status).toBe(400);
    expect((await api.call({ ...start(), claims: { username: undefined, sub: undefined } })).status).toBe(401);
    expect(api.started).toEqual([]);
  });
});

describe('paths and methods', () => {
  it.each([
    ['GET', '/api/sync/full', 405, 'POST'],
    ['POST', '/api/sync/jobs', 405, 'GET'],
    ['DELETE', '/api/sync/health', 405, 'GET'],
    ['GET', `${ofJob}/resolve-all`, 405, 'POST'],
    ['POST', ofJob, 405, 'GET'],
    ['POST', `${ofJob}/${conflict.conflict_id}`, 405, 'GET'],
    ['GET', `${ofJob}/${conflict.conflict_id}/resolve`, 405, 'POST'],
    ['GET', `${ofJob}/${conflict.conflict_id}/x`, 404, undefined],
    ['GET', '/api/sync', 404, undefined],
    ['GET', '/api/sync/jobs/', 404, undefined],
    ['GET', '/api/sync/jobs/x', 404, undefined],
    ['GET', '//api/sync/jobs', 404, undefined],
  ])('%s %s is %i', async (method, path, status, allow) => {
    const answer = await testApi().call({ method, path, groups: null });

    expect(answer.status).toBe(status);
    expect(answer.json.code).toBe(status === 405 ? 'method_not_allowed' : 'route_not_found');
    expect(answer.headers.allow).toBe(allow);
  });

  it('are declared once, each by the function that serves it', () => {
    expect(new Set(routes.map((r) => `${r.method} ${r.path}`)).size).toBe(routes.length);
    expect(commandRoutes.every((r) => r.runs === 'commands')).toBe(true);
    expect(conflictRoutes.every((r) => r.runs === 'conflicts')).toBe(true);
    expect(mappingRoutes.every((r) => r.runs === 'mappings')).toBe(true);
    expect(projectRoutes.every((r) => r.runs === 'projects')).toBe(true);
    expect(suggestRoutes.every((r) => r.runs === 'suggest')).toBe(true);
    expect(environmentRoutes.every((r) => r.runs === 'environments')).toBe(true);
    expect(scheduleRoutes.every((r) => r.runs === 'schedules')).toBe(true);
    expect(webhookRoutes.every((r) => r.runs === 'webhooks')).toBe(true);
    expect(queryRoutes.every((r) => r.runs === 'queries')).toBe(true);
    expect(quarantineRoutes.every((r) => r.runs === 'quarantine')).toBe(true);
    expect(pairRoutes.every((r) => r.runs === 'pairs')).toBe(true);
    expect(routes).toEqual([
      ...commandRoutes,
      ...conflictRoutes,
      ...quarantineRoutes,
      ...environmentRoutes,
      ...scheduleRoutes,
      ...webhookRoutes,
      ...mappingRoutes,
      ...suggestRoutes,
      ...pairRoutes,
      ...projectRoutes,
      ...queryRoutes,
    ]);
  });
});

describe('every answer', () => {
  it.each([
    calls['GET /api/sync/jobs'],
    { path: '/nowhere' },
    { path: '/api/sync/jobs', groups: null },
    start(),
    start(5),
  ])('has the security headers: %#', async (call) => {
    const { headers } = await testApi().call(call as Call);

    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.stringContaining("default-src 'none'"),
      'strict-transport-security': expect.stringContaining('max-age='),
      'referrer-policy': 'no-referrer',
    });
  });

  it('that refuses a role leaves a line with who asked for what, and no event', async () => {
    const api = testApi();

    await api.call({ path: `/api/sync/stop/${job.job_id}`, raw: 'c4n4ry', groups: '[viewer other]' });
    await api.call({ method: 'POST', path: '/api/sync/stop/c4n4ry', groups: '[viewer]' });

    expect(api.logged.map((line) => JSON.parse(line))).toMatchObject([
      {
        level: 'warn',
        route: 'POST /api/sync/stop/{job_id}',
        code: 'forbidden',
        actor: 'ada',
        roles: ['viewer', 'other'],
        needed_role: 'operator',
        job_id: job.job_id,
      },
      { level: 'warn', actor: 'ada', needed_role: 'operator' },
    ]);
    expect(api.logged.join('')).not.toContain('c4n4ry'); // a path may hold anything
    expect(api.commands).toEqual([]);
  });

  it('leaves one log line without path, query or body', async () => {
    const api = testApi();

    await api.call({ path: `/api/sync/status/${job.job_id}`, query: 'c4n4ry=1' });
    await api.call(start({ batch_size: 'c4n4ry' }));

    expect(api.logged).toHaveLength(2);
    expect(JSON.parse(api.logged[0] ?? '')).toEqual({
      level: 'info',
      message: 'api call',
      request_id: 'request-1',
      route: 'GET /api/sync/status/{job_id}',
      duration_ms: expect.any(Number),
      status: 400,
      code: 'unknown_field',
    });
    expect(api.logged.join('')).not.toContain('c4n4ry');
  });
});
