import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server, type Socket, connect as tcpConnect } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createPair, type TestPair } from '../support/databases.ts';
import { type Answer, type E2eService, hold, startBody, startService, untilWaiting } from './support.ts';

// Rows 6 to 11, 13, 15 to 17 and 19 to 25 of security.md, and what the issue names besides. After each refusal nothing may
// have been written anywhere.

const canary = `canary${randomUUID().replaceAll('-', '')}`;
let service: E2eService;
let pair: TestPair;
beforeAll(async () => {
  service = await startService();
  pair = await createPair();
  for (const { client } of [pair.source, pair.target])
    await client.query('create table t (id int primary key, x text)');
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
  await pair[Symbol.asyncDispose]();
});

/** The wrong bodies with the right ends at hand. */
type Body = (ends: { readonly source_connection: string; readonly target_connection: string }) => unknown;
interface Refusal {
  readonly name: string;
  readonly body: Body;
  readonly status: number;
  /** `code field`, or `code side` where no field of the body is to blame; sorted. */
  readonly errors: readonly string[];
  readonly hint?: RegExp;
}

const source =
  (text: string): Body =>
  (ends) => ({ ...ends, source_connection: text });
const config =
  (fields: Record<string, unknown>): Body =>
  (ends) => ({ ...ends, config: fields });
const bad = (name: string, body: Body, ...errors: readonly string[]): Refusal => ({ name, body, status: 400, errors });
const at = '/source_connection';
const as = `postgresql://sync:${canary}`;

const refusals: readonly Refusal[] = [
  // not a JSON object
  bad('an empty body', () => '', 'body_invalid_json'),
  bad('broken JSON', () => `{"source_connection": "${as}@h/db", `, 'body_invalid_json'),
  bad('a JSON array', () => '[]', 'body_invalid_json'),
  bad('a JSON null', () => 'null', 'body_invalid_json'),
  bad('NaN, which is no JSON', () => '{"config": {"batch_size": NaN}}', 'body_invalid_json'),
  // row 6, 7
  {
    ...bad(
      'a misspelt field',
      ({ source_connection, ...rest }) => ({ ...rest, sorce_connection: source_connection }),
      'required /source_connection',
      'unknown_field /sorce_connection',
    ),
    hint: /did you mean source_connection/,
  },
  bad('no source', ({ target_connection }) => ({ target_connection }), 'required /source_connection'),
  bad('nothing at all', () => ({}), 'required /source_connection', 'required /target_connection'),
  // row 8
  bad('another database system', source(`mysql://sync:${canary}@host/db`), `connection_scheme ${at}`),
  bad('one word', source(canary), `connection_invalid ${at}`),
  bad('an empty connection', source(''), `connection_invalid ${at}`),
  bad('a number as connection', (ends) => ({ ...ends, source_connection: 5 }), `type_string ${at}`),
  // row 9
  bad('port 99999', source(`${as}@host:99999/db`), `connection_port ${at}`),
  bad('port 0', source(`${as}@host:0/db`), `connection_port ${at}`),
  bad('port abc', source(`${as}@host:abc/db`), `connection_port ${at}`),
  // row 10
  bad('no database', source(`${as}@host`), `connection_database_required ${at}`),
  bad('no user', source('postgresql://host/db'), `connection_user_required ${at}`),
  bad(
    'neither database nor user',
    source('postgresql://host'),
    `connection_database_required ${at}`,
    `connection_user_required ${at}`,
  ),
  // row 11
  bad('a host as parameter', source(`${as}@host/db?host=169.254.169.254`), `connection_param_not_allowed ${at}`),
  bad('any other parameter', source(`${as}@host/db?options=-c%20x`), `connection_param_not_allowed ${at}`),
  bad('a password as parameter', source(`postgresql://sync@host/db?${canary}=1`), `connection_param_not_allowed ${at}`),
  // row 13
  bad('a socket path', source(`${as}@%2Fvar%2Frun%2Fpostgresql/db`), `connection_socket_not_allowed ${at}`),
  bad('a socket URL', source(`socket:/var/run/${canary}`), `connection_socket_not_allowed ${at}`),
  // row 15
  bad('two hosts', source(`${as}@h1,h2:5432/db`), `connection_multihost ${at}`),
  // row 22
  bad('batch_size 0', config({ batch_size: 0 }), 'out_of_range /config/batch_size'),
  bad('batch_size -1', config({ batch_size: -1 }), 'out_of_range /config/batch_size'),
  bad('batch_size 1.5', config({ batch_size: 1.5 }), 'type_integer /config/batch_size'),
  bad('batch_size as text', config({ batch_size: '1000' }), 'type_integer /config/batch_size'),
  bad('batch_size 1e9', config({ batch_size: 1e9 }), 'out_of_range /config/batch_size'),
  // row 23, 24
  {
    ...bad('a misspelt strategy', config({ detection_strategy: 'hahs' }), 'invalid_enum /config/detection_strategy'),
    hint: /did you mean "hash"/,
  },
  bad('no conflict strategy', config({ conflict_strategy: null }), 'type_string /config/conflict_strategy'),
  bad('a list of strategies', config({ conflict_strategy: [] }), 'type_string /config/conflict_strategy'),
  // row 25
  bad('41 tables at once', config({ max_parallel_tables: 41 }), 'out_of_range /config/max_parallel_tables'),
  bad('no operation at once', config({ max_parallel_operations: 0 }), 'out_of_range /config/max_parallel_operations'),
  // everything at once
  bad(
    'six mistakes at once',
    () => ({
      source_connection: `mysql://sync:${canary}@host/db`,
      target_connection: `${as}@h1,h2`,
      config: { batch_size: 0, detection_strategy: 'hahs', batchsize: 1 },
    }),
    'connection_database_required /target_connection',
    'connection_multihost /target_connection',
    'connection_scheme /source_connection',
    'invalid_enum /config/detection_strategy',
    'out_of_range /config/batch_size',
    'unknown_field /config/batchsize',
  ),
  // row 19
  {
    name: 'the same database twice',
    body: ({ source_connection }) => ({ source_connection, target_connection: source_connection }),
    status: 400,
    errors: ['same_database'],
  },
];

function expectProblem(answer: Answer, status: number): void {
  expect([answer.status, answer.text]).toEqual([status, expect.any(String)]);
  expect(answer.type).toBe('application/problem+json');
  expect(answer.body).toMatchObject({ status, instance: '/api/sync/full', request_id: expect.any(String) });
  expect(answer.body.type).toContain(answer.body.code);
}

interface Item {
  readonly code: string;
  readonly field?: string;
  readonly side?: string;
  readonly object?: string;
  readonly hint?: string;
}

const errorsOf = ({ body }: Answer) =>
  (body.errors as Item[]).map((e) => [e.code, e.field ?? e.object ?? e.side ?? ''].join(' ').trim()).sort();

async function expectNothingWritten(): Promise<void> {
  expect(Object.values(await service.items()).flat()).toEqual([]);
  const secrets = join(service.dataDir, 'secrets.json');
  expect(existsSync(secrets) ? readFileSync(secrets, 'utf8') : '{}').toBe('{}');
  for (const { client } of [pair.source, pair.target]) {
    const { rows } = await client.query(`select to_regnamespace('tf_sync') as ns`);
    expect(rows[0].ns).toBeNull();
  }
  expect((await service.counters()).states.executions).toBe(0);
}

function expectNoPassword(): void {
  expect(service.answers.filter((text) => text.includes(canary))).toEqual([]);
  expect(service.output()).not.toContain(canary);
  const logs = join(service.dataDir, 'logs');
  for (const name of readdirSync(logs)) expect(readFileSync(join(logs, name), 'utf8')).not.toContain(canary);
}

/** The right ends. A test that changes the databases works on its own pair. */
const ends = (of = pair) => ({ source_connection: of.source.url, target_connection: of.target.url });

/** An end whose URL has other parts. */
function with_(
  url: string,
  parts: Partial<Pick<URL, 'password' | 'port' | 'hostname' | 'pathname' | 'search'>>,
): string {
  return Object.assign(new URL(url), parts).href;
}

describe('is refused and writes nothing', () => {
  afterEach(async () => {
    await expectNothingWritten();
    expectNoPassword();
  });

  test.for(refusals)('$name', async ({ body, status, errors, hint }) => {
    const answer = await service.post('/api/sync/full', body(ends()));

    expectProblem(answer, status);
    expect(errorsOf(answer)).toEqual(errors);
    expect((answer.body.errors as Item[]).map((e) => e.code)).toContain(answer.body.code);
    if (hint) expect((answer.body.errors as Item[]).map((e) => e.hint)).toContainEqual(expect.stringMatching(hint));
  });

  // row 16
  test('a server that is not there, has no name, or does not speak; all in the same words', async () => {
    await using silent = await listen(() => {});
    const places = [{ port: '1' }, { hostname: 'no-such-host.invalid' }, { port: String(silent.port) }];

    const answers = [];
    for (const place of places) {
      const source_connection = with_(pair.source.url, { ...place, password: canary });
      answers.push(await service.post('/api/sync/full', { ...ends(), source_connection }));
    }

    for (const answer of answers) {
      expectProblem(answer, 422);
      expect(answer.body.code).toBe('connection_unreachable');
      expect(answer.body.errors).toMatchObject([{ side: 'source', field: at }]);
    }
    expect(new Set(answers.map(({ body }) => body.detail)).size).toBe(1);
  });

  // row 17
  test('a wrong password and a database that is not there, at once', async () => {
    const answer = await service.post('/api/sync/full', {
      source_connection: with_(pair.source.url, { password: canary }),
      target_connection: with_(pair.target.url, { pathname: '/no_such_database' }),
    });

    expectProblem(answer, 422);
    expect(answer.body.errors).toMatchObject([
      { code: 'connection_auth_failed', side: 'source', field: '/source_connection' },
      { code: 'database_not_found', side: 'target', field: '/target_connection' },
    ]);
  });

  // row 20
  test('a read-only target', async () => {
    await pair.target.client.query(`alter database ${pair.target.name} set default_transaction_read_only = on`);

    const answer = await service.post('/api/sync/full', ends()).finally(async () => {
      await pair.target.client.query('set default_transaction_read_only = off');
      await pair.target.client.query(`alter database ${pair.target.name} reset default_transaction_read_only`);
    });

    expectProblem(answer, 422);
    expect(errorsOf(answer)).toEqual(['target_read_only target']);
  });

  // row 21
  test('a server that is too old', async () => {
    const { rows } = await pair.source.client.query('show server_version_num');
    await using old = await listen((client) => relay(client, pair.source.url, rows[0].server_version_num, '130014'));

    const source_connection = with_(pair.source.url, { port: String(old.port), hostname: '127.0.0.1' });
    const answer = await service.post('/api/sync/full', { ...ends(), source_connection });

    expectProblem(answer, 422);
    expect(errorsOf(answer)).toEqual(['server_unsupported source']);
    expect(answer.body.detail).toMatch(/PostgreSQL 13\b.*14/);
  });

  test('a server that is not PostgreSQL', async () => {
    await using web = await listen((client) =>
      client.once('data', () => client.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
    );
    await using mysql = await listen((client) => client.write('\x4a\0\0\0\x0a8.0.36\0garbage and more garbage'));

    const answers = [];
    for (const { port } of [web, mysql]) {
      // without sslmode, as most are: a client's first word is then one that every server answers in its own way
      const source_connection = with_(pair.source.url, { port: String(port), hostname: '127.0.0.1', search: '' });
      answers.push(await service.post('/api/sync/full', { ...ends(), source_connection }));
    }

    for (const answer of answers) {
      expectProblem(answer, 422);
      expect(answer.body.code).toBe('server_unsupported');
      expect(answer.body.errors).toMatchObject([{ side: 'source', field: at }]);
      expect(answer.body.detail).toMatch(/not PostgreSQL.*14/);
    }
  });

  test('a table without a key, a table and a column that the target lacks, at once', async () => {
    await using odd = await createPair();
    await odd.source.client.query(
      'create table keyless (x int); create table lost (id int primary key); create table t (id int primary key, gone text)',
    );
    await odd.target.client.query('create table keyless (x int); create table t (id int primary key)');

    const answer = await service.post('/api/sync/full', startBody(odd));

    expectProblem(answer, 422);
    expect(errorsOf(answer)).toEqual([
      'column_not_found public.t.gone',
      'no_key public.keyless',
      'table_not_found public.lost',
    ]);
    expect((answer.body.errors as Item[]).every((e) => e.hint)).toBe(true);
    const { rows } = await odd.target.client.query(`select to_regnamespace('tf_sync') as ns`);
    expect(rows[0].ns).toBeNull();
  });

  test('a body of another type or encoding, or larger than 256 KiB', async () => {
    const post = (body: string, headers: Record<string, string>) =>
      service.call('/api/sync/full', { method: 'POST', body, headers });
    const json = { 'content-type': 'application/json' };

    const plain = await post(JSON.stringify(ends()), { 'content-type': 'text/plain' });
    const packed = await post('{}', { ...json, 'content-encoding': 'gzip' });
    const large = await post(JSON.stringify({ ...ends(), pad: 'x'.repeat(300 * 1024) }), json);

    expect([plain.status, plain.body.code]).toEqual([415, 'unsupported_media_type']);
    expect([packed.status, packed.body.code]).toEqual([415, 'unsupported_media_type']);
    expect([large.status, large.body.code]).toEqual([413, 'body_too_large']);
  });
});

test('a second job on the same target table is refused, names the first, and writes nothing', async () => {
  await using busy = await createPair();
  for (const { client } of [busy.source, busy.target]) {
    await client.query('create table t (id int primary key, x text); insert into t values (1, current_database())');
  }
  await using row = await hold(busy.target, 'select from t for update');
  const first = await service.startFull(busy);
  await untilWaiting(busy.target, first, /update "public"."t"/);
  const written = await counts(busy);

  const second = await service.post('/api/sync/full', startBody(busy));
  const after = await counts(busy);
  await row.release();
  const ended = await service.waitForEnd(first);

  expectProblem(second, 409);
  expect(second.body).toMatchObject({ code: 'target_busy', facts: { job_id: first } });
  expect(after).toEqual(written);
  expect(ended.state).toBe('completed');
});

/** How much is written down about jobs. */
async function counts(busy: TestPair) {
  const { rows } = await busy.target.client.query(
    'select (select count(*) from tf_sync.job) as jobs, (select count(*) from tf_sync.lease) as leases, (select count(*) from tf_sync.outbox) as events',
  );
  const items = Object.entries(await service.items()).find(([table]) => /jobs/i.test(table))?.[1] ?? [];
  return { ...rows[0], jobIds: new Set(items.map((item) => item.job_id)).size };
}

/** A TCP server of the test on a free port. */
async function listen(onClient: (client: Socket) => void): Promise<AsyncDisposable & { readonly port: number }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((client) => {
    sockets.add(client);
    client.on('error', () => {}); // the other side may leave as it likes
    onClient(client);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('expected a TCP address');
  return {
    port: address.port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}

/** Passes everything on to the real server, and its answers back with `found` replaced by a text of the same length. */
function relay(client: Socket, url: string, found: string, replaced: string): void {
  const { hostname, port } = new URL(url);
  const server = tcpConnect(Number(port), hostname);
  server.on('error', () => client.destroy());
  client.on('close', () => server.destroy());
  client.pipe(server);
  server.on('data', (part) => client.write(Buffer.from(part.toString('latin1').replaceAll(found, replaced), 'latin1')));
  server.on('close', () => client.end());
}
