import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { pairChecks, serviceChecks } from '../../../cli/checks.ts';
import type { PairCheck } from '../../../lib/model/pair-check.ts';
import { type Answer, fakeService, ok, tfsync } from './fake-service.ts';

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
const DATABASES = ['--source', 'postgresql://s', '--target', 'postgresql://t'];
const NASTY = '\u001b[2J\u202epwned';

const health = (down?: string) => ({
  status: down ? 'degraded' : 'ok',
  version,
  dependencies: ['jobs', 'queue'].map((name) => ({
    name,
    status: name === down ? 'down' : 'up',
    latency_ms: 7,
    ...(name === down && { error: 'timeout' }),
  })),
});

const side = (statements: readonly string[] = []) => ({
  host: 'db.example',
  port: 5432,
  database: 'county',
  user: 'sync',
  answers: true,
  connect_ms: 31,
  version: '16.4',
  connections: { limit: 97, in_use: 5 },
  statements,
});

const check = (over: object = {}): PairCheck =>
  ({
    version,
    actor: 'anna',
    roles: ['operator'],
    connection_budget: 20,
    problems: [],
    warnings: [],
    ...over,
  }) as PairCheck;

const both = (over: object = {}) => check({ source: side(), target: side(), ...over });

const LACKS = {
  source: side([`GRANT SELECT ON public."odd;${NASTY}" TO sync;`]),
  problems: [
    {
      code: 'privilege_missing',
      side: 'source',
      message: 'The source role lacks SELECT.',
      hint: 'GRANT SELECT ON public."odd" TO sync;',
    },
    { code: 'no_tables', message: 'There is no table in both.' },
  ],
};

test('all is well: each check has a line, and the command ends with 0', async () => {
  await using service = await fakeService(ok(health()), ok(both()));

  const { code, stdout } = await tfsync(['doctor', ...DATABASES, '--detection-strategy', 'cdc', '--url', service.url]);

  expect(code).toBe(0);
  expect(service.calls.map((c) => `${c.method} ${c.path}`)).toEqual(['GET /api/sync/health', 'POST /api/sync/doctor']);
  expect(service.calls[1]?.body).toEqual({
    source_connection: 'postgresql://s',
    target_connection: 'postgresql://t',
    config: { detection_strategy: 'cdc' },
  });
  expect(stdout).toMatch(/^ok +service +answers/m);
  expect(stdout).toMatch(/^ok +dependency queue +answers in 7 ms/m);
  expect(stdout).toMatch(/^ok +sign-in +anna, operator/m);
  expect(stdout).toMatch(/^ok +source +county at db\.example:5432 as sync, PostgreSQL 16\.4, 31 ms/m);
  expect(stdout).toMatch(/^ok +job +a start with this config would be accepted/m);
  expect(stdout).not.toMatch(/^(warning|failed)/m);
});

test('without databases, the service and the sign-in alone are looked at', async () => {
  await using service = await fakeService(ok(health()), ok(check()));

  const { code, stdout } = await tfsync(['doctor', '--json', '--url', service.url]);

  const { healthy, checks } = JSON.parse(stdout) as { healthy: boolean; checks: { name: string }[] };
  expect([code, healthy]).toEqual([0, true]);
  expect(checks.map((c) => c.name)).toEqual(['service', 'clock', 'dependency jobs', 'dependency queue', 'sign-in']);
});

test('what is missing is printed as statements on lines of their own, and what steers a terminal is not', async () => {
  await using service = await fakeService(ok(health()), ok(both(LACKS)));

  const { code, stdout } = await tfsync(['doctor', ...DATABASES, '--url', service.url]);

  expect(code).toBe(1);
  expect(stdout).toMatch(/^failed +source +The source role lacks SELECT\. \(privilege_missing\)/m);
  expect(stdout).toMatch(
    /^failed +job +There is no table in both\. \(no_tables\)\n +See docs\/errors\.md, no_tables\./m,
  );
  expect(stdout).toMatch(/^-- in the source, by an owner of it:\nGRANT SELECT ON public\."odd;\?/m);
  expect(stdout).not.toMatch(/[^\P{C}\n]/u);
});

test('warnings about tables are told by what is alike, and keep nobody from starting', async () => {
  const warnings = ['a', 'b', 'c', 'd'].map((name) => ({
    code: 'trigger_in_target',
    object: `public.${name}.stamp`,
    message: 'm',
    hint: 'Use triggers: "suppress".',
  }));
  await using service = await fakeService(ok(health()), ok(both({ warnings })));

  const { code, stdout } = await tfsync(['doctor', ...DATABASES, '--url', service.url]);

  expect(code).toBe(0);
  expect(stdout).toMatch(
    /^warning +tables +public\.a\.stamp, public\.b\.stamp, public\.c\.stamp and 1 more: Triggers .* \(trigger_in_target\)\n +Use triggers/m,
  );
  expect(stdout).toMatch(/^ok +job +a start with this config would be accepted/m);
});

test('each statement is printed once, in its block, and a remedy that is none below its problem', async () => {
  const lacks = (side: string, table: string) => ({
    code: 'privilege_missing',
    side,
    message: `No SELECT on ${table}.`,
    hint: `GRANT SELECT ON ${table} TO sync;`,
  });
  const problems = [
    lacks('source', 'public.a'),
    lacks('source', 'public.b'),
    { ...lacks('target', 'public.a'), hint: 'GRANT SELECT ON public.a TO t; -- a remark' },
    { code: 'rls_partial_view', side: 'target', message: 'Row security.', hint: 'Use a role with BYPASSRLS.' },
  ];
  const hints = (of: string) => problems.flatMap((p) => (p.side === of && p.hint.startsWith('GRANT') ? [p.hint] : []));
  const found = both({ source: side(hints('source')), target: side(hints('target')), problems });
  await using service = await fakeService(ok(health()), ok(found));

  const { stdout } = await tfsync(['doctor', ...DATABASES, '--url', service.url]);

  expect(stdout.match(/GRANT/g)).toHaveLength(3);
  expect(stdout).toMatch(/Row security\. \(rls_partial_view\)\n +Use a role with BYPASSRLS\.$/m);
  expect(stdout.split('\n\n').slice(1)).toEqual([
    '-- in the source, by an owner of it:\nGRANT SELECT ON public.a TO sync;\nGRANT SELECT ON public.b TO sync;',
    '-- in the target, by an owner of it:\nGRANT SELECT ON public.a TO t; -- a remark\n',
  ]);
});

const REFUSED: readonly (readonly [string, Answer, RegExp])[] = [
  ['no token', { status: 401, body: { message: 'Unauthorized' } }, /failed +sign-in .*unauthenticated.*\n.*login/],
  ['a role too low', { status: 403, body: { message: 'Forbidden' } }, /failed +sign-in .*forbidden.*\n.*operator/],
];

test.each(REFUSED)('%s is a finding after those of the service', async (_, answer, expected) => {
  await using service = await fakeService(ok(health()), answer);

  const { code, stdout } = await tfsync(['doctor', '--url', service.url]);

  expect(code).toBe(1);
  expect(stdout).toMatch(/^ok +service/m);
  expect(stdout).toMatch(expected);
});

test('a service that is not there is a finding; a config that is wrong is the command line, exit 2', async () => {
  const away = await tfsync(['doctor', '--url', 'http://127.0.0.1:1']);
  const problem = { title: 'x', status: 400, detail: 'No such field.', code: 'unknown_field', errors: [] };
  await using service = await fakeService(ok(health()), { status: 400, body: problem });
  const wrong = await tfsync(['doctor', ...DATABASES, '--url', service.url]);

  expect([away.code, away.stdout]).toEqual([1, expect.stringMatching(/^failed +service +Nothing answers/)]);
  expect([wrong.code, wrong.stdout]).toEqual([2, '']);
});

test('what is down, another version and clocks that are apart are told', () => {
  const seen = { health: { ...health('queue'), version: '9.9.9' } as never, clientVersion: '1.0.0', clientMs: 100_000 };
  const results = (serviceMs: number) => serviceChecks({ ...seen, serviceMs }).map((c) => `${c.name} ${c.result}`);

  expect(results(100_000)).toEqual([
    'service ok',
    'version warning',
    'clock ok',
    'dependency jobs ok',
    'dependency queue failed',
  ]);
  expect(results(160_000)).toContain('clock ok');
  expect(results(161_000)).toContain('clock warning');
  expect(results(39_000)).toContain('clock warning');
});

test('a server that does not answer, and one with too little room', () => {
  const target = { ...side(), answers: false, connections: undefined, version: undefined };
  const found = check({
    source: { ...side(), connections: { limit: 30, in_use: 11 } },
    target,
    problems: [{ code: 'target_unavailable', side: 'target', message: 'Nothing listens there.' }],
  });

  const checks = pairChecks(found);

  expect(checks.map((c) => `${c.name} ${c.result}`)).toEqual([
    'sign-in ok',
    'source ok',
    'source connections warning',
    'target failed',
  ]);
  expect(checks.at(-1)?.message).toContain('county at db.example:5432 as sync: Nothing listens there.');
  const many = pairChecks(both({ problems: [{ code: 'no_tables', message: 'There is no table in both.' }], more: 7 }));
  expect(many.at(-1)).toEqual({ name: 'job', result: 'failed', message: '7 more problems are not shown' });
  const roomy = pairChecks(both({ source: { ...side(), connections: { limit: 30, in_use: 10 } } }));
  expect(roomy.find((c) => c.name === 'source connections')?.result).toBe('ok');
});
