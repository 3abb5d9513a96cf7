import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify, stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { fakeService, JOB, jobStatus, ok, STARTED, tfsync } from './fake-service.ts';

const SOURCE = 'postgresql://sync:hunter2@prod/county';
const TARGET = 'postgresql://sync:hunter3@train/county';

test('starts a full sync with exactly the config asked for and prints the job id', async () => {
  await using service = await fakeService(STARTED);

  const ran = await tfsync(
    ['start', 'full', '--url', service.url, '--source', SOURCE, '--target', TARGET]
      .concat([
        '--config',
        '{"batch_size": 1, "triggers": "fire"}',
        '--batch-size',
        '500',
        '--max-delete-percent',
        '2.5',
      ])
      .concat(['--delete-mode', 'mirror', '--detection-strategy', 'anything']),
  );

  expect(ran).toMatchObject({ code: 0, stdout: `${JOB}\n` });
  expect(ran.stderr).toContain(`tfsync watch ${JOB}`);
  expect(service.calls).toMatchObject([{ method: 'POST', path: '/api/sync/full' }]);
  expect(service.calls[0]?.body).toEqual({
    source_connection: SOURCE,
    target_connection: TARGET,
    config: {
      batch_size: 500,
      triggers: 'fire',
      max_delete_percent: 2.5,
      delete_mode: 'mirror',
      detection_strategy: 'anything',
    },
  });
});

test('starts an incremental sync at a route of its own', async () => {
  await using service = await fakeService(STARTED);

  const ran = await tfsync(['start', 'incremental', '--url', service.url, '--source', SOURCE, '--target', TARGET]);

  expect(ran).toMatchObject({ code: 0, stdout: `${JOB}\n` });
  expect(service.calls).toMatchObject([{ method: 'POST', path: '/api/sync/incremental', body: { config: {} } }]);
});

test('reads connections and token from standard input and the environment', async () => {
  await using service = await fakeService(STARTED);

  const ran = await tfsync(['start', 'full', '--source', '-', '--token-file', '-'], {
    env: { TFSYNC_URL: service.url, TFSYNC_TARGET: TARGET },
    stdin: `secret-token\n${SOURCE}\n`,
  });

  expect(ran.code).toBe(0);
  expect(service.calls[0]).toMatchObject({
    headers: { authorization: 'Bearer secret-token' },
    body: { source_connection: SOURCE, target_connection: TARGET },
  });
});

test('takes the token of the local service, and never for another address', async () => {
  await using service = await fakeService(ok({ jobs: [] }));
  const cwd = mkdtempSync(join(tmpdir(), 'tfsync-cli-'));
  mkdirSync(join(cwd, '.terrafusion'));
  writeFileSync(join(cwd, '.terrafusion', 'token'), 'local-token\n');

  await tfsync(['jobs', '--url', service.url], { cwd });
  const other = service.url.replace('127.0.0.1', '127.0.0.1.nip.invalid');
  const elsewhere = await tfsync(['jobs', '--url', other], { cwd });
  await tfsync(['jobs', '--url', service.url], { cwd, env: { TFSYNC_TOKEN: 'own-token' } });
  rmSync(cwd, { recursive: true });

  expect(service.calls.map(({ headers }) => headers.authorization)).toEqual(['Bearer local-token', 'Bearer own-token']);
  expect(elsewhere.code).toBe(1);
});

test.each([
  ['completed', 0],
  ['completed_with_issues', 3],
  ['failed', 1],
  ['stopped', 1],
  ['paused', 1],
] as const)('waits until the job is %s and ends with %i', async (state, code) => {
  const running = jobStatus('running', [{ counts: { read: 400 }, segments: { total: 4, done: 1 } }]);
  const ended = jobStatus(state, [{ state: 'verified', counts: { read: 1000, inserted: 3, unchanged: 997 } }]);
  await using service = await fakeService(STARTED, ok(running), ok(running), ok(ended));

  const ran = await tfsync(['start', 'full', '--url', service.url, '--source', SOURCE, '--target', TARGET, '--wait']);

  expect(ran.code).toBe(code);
  expect(ran.stderr.split('\n')).toEqual([
    `Job ${JOB}`,
    '2.5 s  job running',
    '2.5 s  public.t0  apply 1/4, 400 of about 1,000 rows',
    `2.5 s  job ${state}`,
    '2.5 s  public.t0  verified: 3 new, 0 changed, 0 deleted, 997 equal',
    '',
  ]);
  expect(ran.stdout).toContain(`full sync  ${state}`);
  expect(service.calls.at(-1)?.path).toBe(`/api/sync/status/${JOB}`);
});

test('draws over itself on a terminal and leaves the result on stdout', async () => {
  const running = jobStatus('running', [{ counts: { read: 400 } }]);
  const ended = jobStatus('completed', [{ state: 'verified', counts: { read: 1000, unchanged: 1000 } }]);
  await using service = await fakeService(ok(running), ok(ended));

  const ran = await tfsync(['watch', JOB, '--url', service.url], { tty: { columns: 60, rows: 20 } });

  const [first = '', second = ''] = ran.stderr.split('\x1b[6A\x1b[J');
  const bare = stripVTControlCharacters(first).split('\n');
  expect(bare.map((line) => line.length).every((n) => n <= 59)).toBe(true);
  expect(bare[0]).toBe(`Job ${JOB}  full sync  runnin`);
  expect(second).toContain('100 %');
  expect(ran.stderr.endsWith('\x1b[J')).toBe(true);
  expect(ran.stdout).toContain('Completed: source and target compare equal.');
});

test('uses no colours with NO_COLOR or --no-color', async () => {
  await using service = await fakeService(ok(jobStatus('completed', [{}])));
  const tty = { columns: 120, rows: 40 };

  const coloured = await tfsync(['status', JOB, '--url', service.url], { tty });
  const without = await tfsync(['status', JOB, '--url', service.url, '--no-color'], { tty });
  const env = await tfsync(['status', JOB, '--url', service.url], { tty, env: { NO_COLOR: '1' } });

  expect(coloured.stdout).toContain('\x1b[32mcompleted');
  expect(without.stdout + env.stdout).not.toContain('\x1b');
});

test('gives the answer as JSON and nothing else on stdout', async () => {
  const status = jobStatus('completed_with_issues', [{}]);
  await using service = await fakeService(ok(status));

  const ran = await tfsync(['watch', JOB, '--json', '--url', service.url]);

  expect(JSON.parse(ran.stdout)).toEqual(status);
  expect(ran.code).toBe(3);
});

test('lists jobs with the filters given, and says how to get the next page', async () => {
  const { tables, counts, config, ...summary } = jobStatus('failed', [], { ended_at: '2026-11-20T08:05:00.250Z' });
  const dry = { ...summary, dry_run: true, counts: { ...counts, inserted: 12 } };
  await using service = await fakeService(ok({ jobs: [summary, dry], next_token: 'abc' }));

  const ran = await tfsync(['jobs', '--url', service.url, '--status', 'failed', '--limit', '1']);

  expect(service.calls[0]?.path).toBe('/api/sync/jobs?status=failed&limit=1');
  expect(ran.stdout).toContain(
    `${JOB}  failed  county_production (127.0.0.1:5432)  county_training (127.0.0.1:5432)  2026-11-20 08:00:00Z  2026-11-20 08:05:00Z`,
  );
  expect(ran.stdout).toContain('2026-11-20 08:05:00Z  would write 12 new');
  expect(ran.stderr).toContain('--next-token abc');
});

test('prints every problem of a refused request with its code, place and hint, and no password', async () => {
  const problem = {
    type: 'https://terrafusion.example/errors/invalid_request',
    title: 'One or more fields are not as expected.',
    status: 400,
    detail: '2 problems; see errors[].',
    instance: '/api/sync/full',
    code: 'invalid_request',
    request_id: 'req-1',
    errors: [
      {
        code: 'out_of_range',
        message: 'expected 1 to 10000, found 0',
        field: '/config/batch_size',
        hint: 'Use 1 to 10000.',
      },
      {
        code: 'table_not_found',
        message: 'the target lacks it',
        side: 'target',
        object: 'public.parcels',
        hint: 'Create it.',
      },
    ],
  };
  await using service = await fakeService({ status: 400, body: problem, type: 'application/problem+json' });

  const ran = await tfsync(['start', 'full', '--url', service.url, '--source', SOURCE, '--target', TARGET]);

  expect(ran).toEqual({
    code: 2,
    stdout: '',
    stderr: [
      'error: 2 problems (invalid_request, HTTP 400):',
      '  /config/batch_size: expected 1 to 10000, found 0 (out_of_range)',
      '    Use 1 to 10000.',
      '  public.parcels: the target lacks it (table_not_found)',
      '    Create it.',
      '  request req-1',
      '',
    ].join('\n'),
  });
});

const refusedWith = async (status: number, detail: string, errors: readonly object[]) => {
  const body = { title: 't', status, detail, code: 'x', instance: '/api/sync/full', request_id: 'req-1', errors };
  await using service = await fakeService({ status, body, type: 'application/problem+json' });
  return (await tfsync(['start', 'full', '--url', service.url, '--source', SOURCE, '--target', TARGET])).stderr;
};

test('one problem is told once, with its field in front', async () => {
  const message = 'expected 1 to 10000, found 0';
  const problem = { code: 'out_of_range', message, field: '/config/batch_size', hint: 'Use 1 to 10000.' };

  expect(await refusedWith(400, message, [problem])).toBe(
    `error: /config/batch_size: ${message} (x, HTTP 400)\n    Use 1 to 10000.\n  request req-1\n`,
  );
  expect(await refusedWith(404, 'there is no job', [{ code: 'x', message: 'there is no job' }])).toBe(
    'error: there is no job (x, HTTP 404)\n  request req-1\n',
  );
});

test('what owners have to run is printed in a block for each side, to be pasted', async () => {
  const lacks = (side: string, hint: string) => ({
    code: 'privilege_missing',
    side,
    message: `No right in ${side}.`,
    hint,
  });
  const errors = [
    lacks('source', 'GRANT SELECT ON public.a TO s;'),
    lacks('source', 'GRANT SELECT ON public."b;" TO s;'),
    lacks('target', 'GRANT CREATE ON DATABASE "odd; name" TO t; -- a remark'),
    { code: 'rls_partial_view', side: 'target', message: 'Hidden rows.', hint: 'Use BYPASSRLS.' },
  ];

  expect((await refusedWith(422, '4 problems; see errors[].', errors)).split('\n')).toEqual([
    'error: 4 problems (x, HTTP 422):',
    '  No right in source. (privilege_missing)',
    '  No right in source. (privilege_missing)',
    '  No right in target. (privilege_missing)',
    '  Hidden rows. (rls_partial_view)',
    '    Use BYPASSRLS.',
    '  request req-1',
    '',
    '-- in the source, by an owner of it:',
    'GRANT SELECT ON public.a TO s;',
    'GRANT SELECT ON public."b;" TO s;',
    '',
    '-- in the target, by an owner of it:',
    'GRANT CREATE ON DATABASE "odd; name" TO t; -- a remark',
    '',
  ]);
});

test.each([
  [{ status: 401, body: { message: 'Unauthorized' } }, 2, 'TFSYNC_TOKEN'],
  [{ status: 403, body: { message: 'Forbidden' } }, 2, 'forbidden'],
  [{ status: 429, body: { message: 'Too Many Requests' } }, 1, 'Try again later'],
  [{ status: 502, body: '<html>', type: 'text/html' }, 1, 'Try again later'],
  [{ status: 404, body: '<html>', type: 'text/html' }, 1, 'is not TerraFusion Sync'],
  [{ status: 200, body: 'AirTunes', type: 'text/plain' }, 1, 'is not TerraFusion Sync'],
  [{ status: 302, body: '' }, 1, 'is not TerraFusion Sync'],
])('explains the answer %o', async (answer, code, text) => {
  await using service = await fakeService(answer);

  const ran = await tfsync(['jobs', '--url', service.url]);

  expect(ran.code).toBe(code);
  expect(ran.stderr).toContain(text);
});

test('rides out a restart of the service while it watches', async () => {
  const down = { status: 503, body: '', type: 'text/plain' };
  await using service = await fakeService(ok(jobStatus('running', [{}])), down, down, ok(jobStatus('completed', [{}])));

  const ran = await tfsync(['watch', JOB, '--url', service.url]);

  expect(ran.code).toBe(0);
  expect(ran.stderr.match(/Trying again/g)).toHaveLength(1);
});

test('leaves the job alone when interrupted and says how to go on watching', async () => {
  await using service = await fakeService(ok(jobStatus('running', [{}])));

  const ran = await tfsync(['watch', JOB, '--url', service.url], { interruptAt: 3 });

  expect(ran.code).toBe(130);
  expect(ran.stderr).toContain(`tfsync watch ${JOB}`);
  expect(service.calls.every(({ method }) => method === 'GET')).toBe(true);
});

test.each([
  [['jbs'], 'Did you mean jobs?'],
  [['start', 'full', '--batch-sise', '3'], 'Did you mean --batch-size?'],
  [['start', 'full', '--batch-size', 'many'], 'It must be a number'],
  [['start', 'full', '--triggers', 'never'], 'fire, suppress'],
  [['start', 'full', '--target', TARGET], 'TFSYNC_SOURCE'],
  [['start', 'full', '--source', '-', '--target', TARGET], 'no line for the source'],
  [['start', 'full', '--source', SOURCE, '--target', TARGET, '--config', '[1]'], 'needs a JSON object'],
  [['status'], 'job'],
  [['jobs', '--url', 'ftp://x'], '--url needs'],
  [['jobs', '--token-file', '/nowhere/token'], 'missing or empty'],
])('refuses the command line %j', async (args, text) => {
  const ran = await tfsync(args);

  expect(ran.code).toBe(2);
  expect(ran.stdout).toBe('');
  expect(ran.stderr).toContain(text);
  expect(ran.stderr).not.toContain('hunter');
});

test('begins its help with examples and names the exit codes', async () => {
  for (const args of [['--help'], ['start', 'full', '--help'], ['status', '--help']]) {
    const { code, stdout } = await tfsync(args);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Example/);
    expect(stdout).toContain('130  interrupted');
  }
});

test('runs as a program', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['cli/tfsync.ts', '--version']);

  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test('a call that the gateway turns away is made again, a command too, and not for ever', async () => {
  const away = { status: 429, body: { message: 'Too Many Requests' } };
  const begun = { status: 202, body: { job_id: JOB, state: 'created', status_url: '/x' } };
  await using busy = await fakeService(away, away, begun);
  await using always = await fakeService(away);
  const env = { TFSYNC_SOURCE: 'postgresql://u@h/a', TFSYNC_TARGET: 'postgresql://u@h/b' };

  const ran = await tfsync(['start', 'full', '--url', busy.url], { env });
  const gaveUp = await tfsync(['start', 'full', '--url', always.url], { env });
  const interrupted = await tfsync(['start', 'full', '--url', always.url], { env, interruptAt: 2 });

  expect([ran.code, busy.calls.length]).toEqual([0, 3]);
  expect(new Set(busy.calls.map((call) => JSON.stringify(call.body))).size).toBe(1);
  expect([gaveUp.code, interrupted.code, always.calls.length]).toEqual([1, 130, 12]);
  expect(gaveUp.stderr).toContain('gets too many calls now. Try again later.');
});

test.each([
  ['@/nofile.json', 'error: --config: cannot read /nofile.json (ENOENT).'],
  ['{"batch_size": }', /^error: --config is not JSON: Unexpected token '}'/],
  ['[1]', 'error: --config needs a JSON object, or @'],
])('says what is wrong with --config %s', async (config, expected) => {
  const ran = await tfsync(['start', 'full', '--source', SOURCE, '--target', TARGET, '--config', config]);

  expect(ran.code).toBe(2);
  expect(ran.stderr).toEqual(
    typeof expected === 'string' ? expect.stringContaining(expected) : expect.stringMatching(expected),
  );
});

test('no option has a default that is none', async () => {
  expect((await tfsync(['start', 'full', '--help'])).stdout).not.toContain('undefined');
});
