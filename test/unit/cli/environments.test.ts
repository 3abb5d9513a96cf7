import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { viewOf } from '../../../functions/api/environment-view.ts';
import { sampleApprovalRequest, sampleEnvironment } from '../../contract/samples.ts';
import { fakeService, JOB, ok, tfsync } from './fake-service.ts';

const CONNECTION = 'postgresql://sync:hunter2@prod/county';
const view = viewOf(sampleEnvironment({ description: 'the \u001b[31mred one', sends_to: [], protected: true }));

test('lists environments with their rules, and nothing that steers a terminal', async () => {
  await using service = await fakeService(ok({ environments: [view] }));

  const ran = await tfsync(['environments', '--url', service.url]);

  expect(ran.stdout).toMatch(
    /production +county \(prod\.example:5432\) +read-only, protected +nobody +\* +the \?\[31mred one/,
  );
  expect(ran.stdout).not.toContain('\u001b');
});

test('a new one is put as new; one that is there keeps what is not said, and is changed as it was seen', async () => {
  const problem = { code: 'environment_not_found', detail: 'x', errors: [], title: 'x', status: 404 };
  await using fresh = await fakeService({ status: 404, body: problem }, { status: 201, body: { ...view, jobs: 0 } });
  await using known = await fakeService(
    { status: 200, body: view, headers: { etag: '"3.7"' } },
    ok({ ...view, jobs: 2 }),
  );
  const put = ['environments', 'put', 'production', '--connection', '-'];

  await tfsync([...put, '--writable', '--url', fresh.url], { stdin: `${CONNECTION}\n` });
  const ran = await tfsync(['environments', 'put', 'production', '--no-protected', '--url', known.url]);

  expect(fresh.calls[1]).toMatchObject({
    method: 'PUT',
    path: '/api/sync/environments/production',
    headers: { 'if-none-match': '*' },
    body: { connection: CONNECTION, writable: true },
  });
  expect(known.calls[1]?.headers['if-match']).toBe('"3.7"');
  expect(known.calls[1]?.body).toEqual({
    description: view.description,
    colour: 'red',
    writable: false,
    protected: false,
    sends_to: [],
    receives_from: ['*'],
  });
  expect(ran.stderr).toContain('2 jobs go on with the new connection');
});

test('names an environment that is not there yet: it may be a typing error', async () => {
  const put = { ...view, jobs: 0 };
  const list = { environments: [view, { ...view, name: 'staging' }] };
  await using service = await fakeService(
    { status: 404, body: { status: 404, code: 'environment_not_found', detail: 'x', errors: [] } },
    ok(put),
    ok(list),
  );
  const receives = ['--receives-from', 'prodction', 'staging', '*', '--connection', CONNECTION];

  const ran = await tfsync(['environments', 'put', 'production', ...receives, '--url', service.url]);

  expect([ran.code, ran.stderr.match(/There is no environment .*/g)]).toEqual([
    0,
    ['There is no environment prodction yet.'],
  ]);
});

test('a start takes names in place of connections, and never both', async () => {
  await using service = await fakeService({ status: 202, body: { job_id: JOB, state: 'created', status_url: '/x' } });
  const names = ['--source-env', 'production', '--target-env', 'training'];

  const ran = await tfsync(['start', 'full', ...names, '--url', service.url]);
  const both = await tfsync(['start', 'full', ...names, '--source', CONNECTION, '--url', service.url]);

  expect([ran.code, both.code]).toEqual([0, 2]);
  expect(service.calls.map((c) => c.body)).toEqual([
    { source_environment: 'production', target_environment: 'training', config: {} },
  ]);
});

test('a refused start says what a colleague has to do, and the colleague does it', async () => {
  const { id } = sampleApprovalRequest();
  const body = {
    code: 'approval_required',
    detail: 'x',
    errors: [],
    title: 'x',
    status: 409,
    facts: { approval_id: id },
  };
  await using refusing = await fakeService({ status: 409, body });
  await using deciding = await fakeService(ok({ state: 'approved' }));
  const names = ['--source-env', 'production', '--target-env', 'training'];

  const start = await tfsync(['start', 'full', ...names, '--url', refusing.url]);
  const approve = await tfsync(['approvals', 'approve', id, '--note', 'ticket 7', '--url', deciding.url]);

  expect(start.code).toBe(2);
  expect(start.stderr).toContain(`tfsync approvals approve ${id}`);
  expect(approve.stdout).toBe('approved\n');
  expect(deciding.calls).toMatchObject([
    { method: 'POST', path: `/api/sync/approvals/${id}/approve`, body: { note: 'ticket 7' } },
  ]);
});

test('a test prints each GRANT once, and what no GRANT mends', async () => {
  const grant = 'GRANT SELECT ON public.t TO sync;';
  const missing = { code: 'privilege_missing', message: 'no SELECT', hint: `${grant}  (or not)` };
  const sides = { as_target: { problems: [], grants: [] }, optional: { problems: [], grants: [] } };
  const hidden = { code: 'rls_partial_view', message: 'Row security hides rows.', hint: 'Use BYPASSRLS.' };
  const body = {
    ...{ name: 'training', version: '18.4', role: 'sync', same_database: false, tables: 2 },
    ...sides,
    as_source: { problems: [missing, missing, hidden], grants: [grant] },
  };
  await using service = await fakeService(ok(body));

  const ran = await tfsync(['environments', 'test', 'training', '--table', 'public.t', '--url', service.url]);

  expect(service.calls[0]?.body).toEqual({ tables: ['public.t'] });
  expect(ran.stdout.match(/GRANT/g)).toHaveLength(1);
  expect(ran.stdout).toContain('Row security hides rows. Use BYPASSRLS.');
  expect(ran.stdout).toContain('another database than when it was put');
});

test('the certificates of a file go with the connection, and not without it', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'tfsync-ca-'));
  const file = join(folder.path, 'ca.pem');
  await writeFile(file, 'CERTIFICATE\n');
  const missing = {
    status: 404,
    body: { code: 'environment_not_found', detail: 'x', errors: [], title: 'x', status: 404 },
  };
  const authorities = [{ subject: 'CN=ours', fingerprint: 'AA', valid_to: '2030-01-01T00:00:00.000Z' }];
  await using service = await fakeService(missing, { status: 201, body: { ...view, authorities, jobs: 0 } });
  await using started = await fakeService({ status: 202, body: { job_id: JOB, state: 'created', status_url: '/x' } });
  const put = ['environments', 'put', 'production', '--ca-certificate'];
  const both = { TFSYNC_SOURCE: CONNECTION, TFSYNC_TARGET: CONNECTION, TFSYNC_TARGET_CA: file };

  const ran = await tfsync([...put, file, '--connection', CONNECTION, '--url', service.url]);
  const alone = await tfsync([...put, file, '--url', service.url]);
  const noFile = await tfsync([...put, `${file}.x`, '--connection', CONNECTION, '--url', service.url]);
  await tfsync(['start', 'full', '--url', started.url], { env: both });

  expect(service.calls[1]?.body).toMatchObject({ connection: { url: CONNECTION, ca_certificate: 'CERTIFICATE' } });
  expect(ran.stdout).toContain('verified by CN=ours, valid to 2030-01-01 00:00:00Z');
  expect([alone.code, noFile.code]).toEqual([2, 2]);
  expect(alone.stderr).toContain('--ca-certificate needs --connection');
  expect(noFile.stderr).toContain('The certificate file');
  expect(started.calls[0]?.body).toMatchObject({
    source_connection: CONNECTION,
    target_connection: { url: CONNECTION, ca_certificate: 'CERTIFICATE' },
  });
});
