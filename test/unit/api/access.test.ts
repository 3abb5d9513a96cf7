import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { commandRoutes } from '../../../functions/api/routes/commands.ts';
import { conflictRoutes } from '../../../functions/api/routes/conflicts.ts';
import { environmentRoutes } from '../../../functions/api/routes/environments.ts';
import { fleetRoutes } from '../../../functions/api/routes/fleet.ts';
import { describing, routes } from '../../../functions/api/routes/index.ts';
import { mappingRoutes } from '../../../functions/api/routes/mappings.ts';
import { pairRoutes } from '../../../functions/api/routes/pairs.ts';
import { projectRoutes } from '../../../functions/api/routes/projects.ts';
import { quarantineRoutes } from '../../../functions/api/routes/quarantine.ts';
import { queryRoutes } from '../../../functions/api/routes/queries.ts';
import { scheduleRoutes } from '../../../functions/api/routes/schedules.ts';
import { suggestRoutes } from '../../../functions/api/routes/suggest.ts';
import { uninstallRoutes } from '../../../functions/api/routes/uninstalls.ts';
import { webhookRoutes } from '../../../functions/api/routes/webhooks.ts';
import { listOf } from '../../../lib/model/caller.ts';
import { SyncError } from '../../../lib/model/errors.ts';
import { mayCall, ROLES } from '../../../lib/model/roles.ts';
import {
  sampleApproval,
  sampleEnvironment,
  sampleMapping,
  sampleSchedule,
  sampleTable,
  sampleValidation,
} from '../../contract/samples.ts';
import { approval, calls, conflict, job, ofJob, resolution } from './calls.ts';
import { type Call, start, testApi } from './client.ts';

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
    expect(listOf(groups)).toEqual(expected);
  });

  it('come from the claim that the deployment names, and from no other', async () => {
    const api = testApi({ settings: { rolesClaim: 'roles' } });
    const asAdmin = { path: '/api/sync/jobs', groups: '[admin]' };

    expect((await api.call(asAdmin)).status).toBe(403);
    expect((await api.call({ ...asAdmin, groups: '[]', claims: { roles: '[viewer]' } })).status).toBe(200);
  });
});

describe('the actor', () => {
  it.each([
    [{}, 'ada'],
    [{ username: undefined, email: 'ada@county.example' }, 'ada@county.example'],
    [{ username: '', email: 5 }, 'id-1'],
    [{ username: undefined, preferred_username: 'ada@county' }, 'ada@county'],
    [{ username: undefined, email: 'ada@county.example', preferred_username: 'countess' }, 'ada@county.example'],
    [{ username: 'ada', token_use: 'access', client_id: 'c1', aud: undefined }, 'ada'], // Amazon Cognito's access token
    [{ username: undefined, 'cognito:username': 'ada', email: 'ada@county.example', aud: 'c1' }, 'ada@county.example'], // and its ID token
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
    expect(fleetRoutes.every((r) => r.runs === 'fleet')).toBe(true);
    expect(uninstallRoutes.every((r) => r.runs === 'uninstall')).toBe(true);
    expect(describing.every((r) => r.runs === 'openapi')).toBe(true);
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
      ...fleetRoutes,
      ...uninstallRoutes,
      ...queryRoutes,
      ...describing,
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
