import { chmodSync, chownSync, copyFileSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, type SecureContext, setDefaultCACertificates, TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Connection, SslMode } from '../../lib/model/connection.ts';
import { asProblem, type SyncError } from '../../lib/model/errors.ts';
import { Secret } from '../../lib/model/secret.ts';
import type { TlsPolicy } from '../../lib/model/tls.ts';
import { connect } from '../../lib/postgres/connect.ts';
import { openSession } from '../../lib/postgres/session.ts';
import { trustIn } from '../../lib/postgres/trust.ts';
import { startPostgres } from '../../local/postgres.ts';
import { fakeServer } from '../support/hostile-server.ts';
import { ON_ONE_MACHINE } from '../support/rules.ts';

const FIXTURES = new URL('../fixtures/tls/', import.meta.url);
const pem = (name: string) => readFileSync(new URL(name, FIXTURES), 'utf8');

const roots = getCACertificates('default');
beforeAll(() => setDefaultCACertificates([...roots, pem('ca.pem')]));
afterAll(() => setDefaultCACertificates(roots));

const connectionTo = (port: number, rest: Partial<Connection> = {}): Connection => ({
  host: 'localhost',
  port,
  database: 'postgres',
  user: 'postgres',
  password: new Secret('c4n4ry'),
  ...rest,
});

async function outcome(connection: Connection, tls: TlsPolicy, question = 'select 1', trust?: () => SecureContext) {
  const options = {
    side: 'source',
    applicationName: 't',
    rules: { ...ON_ONE_MACHINE, tls, ...(trust && { trust }) },
    statementTimeoutMs: 5_000,
  } as const;
  try {
    const session = await openSession(connection, options);
    const rows = await session.query(question);
    await session.end();
    return rows[0]?.join(' ');
  } catch (error) {
    return (error as SyncError).code;
  }
}

/** A server that takes the request for TLS and shows this certificate; `heard` is what came through the encryption. */
function tlsServer(certificate: string, minMax: { maxVersion?: 'TLSv1.1' } = {}) {
  const heard: string[] = [];
  const server = fakeServer((socket) => {
    socket.write('S');
    const secure = new TLSSocket(socket, {
      isServer: true,
      key: pem('server.key'),
      cert: pem(certificate),
      ...(minMax.maxVersion && { minVersion: 'TLSv1', ciphers: 'ALL:@SECLEVEL=0', ...minMax }),
    });
    secure.on('error', () => undefined); // the client hangs up on purpose
    secure.on('data', (chunk: Buffer) => {
      heard.push(chunk.toString('latin1'));
      secure.destroy();
    });
  });
  return { server, heard };
}

test.each<[string, string, Partial<Connection>]>([
  ['of another host', 'other.pem', {}],
  ['that has expired', 'expired.pem', {}],
  ['signed by itself', 'selfsigned.pem', {}],
  ['for the name, where the address is asked for', 'selfsigned.pem', { host: '127.0.0.1' }],
])('a certificate %s is refused before anything is said', async (_what, certificate, rest) => {
  const { server, heard } = tlsServer(certificate);
  await using listening = await server;

  expect(await outcome(connectionTo(listening.port, rest), 'verify_full')).toBe('tls_verify_failed');
  expect(await outcome(connectionTo(listening.port, { ...rest, sslmode: 'verify-full' }), 'as_asked')).toBe(
    'tls_verify_failed',
  );
  expect(heard).toEqual([]);
});

test('an authority is believed that the file of the deployment names, and no file is no error', async () => {
  setDefaultCACertificates(roots);
  const { port, password } = await realServer('good.pem');
  const connection = connectionTo(port, { password });
  const withFile = (file: string | undefined) => outcome(connection, 'verify_full', 'select 1', trustIn(file));

  expect(await withFile(undefined)).toBe('tls_verify_failed');
  expect(await withFile(join(dataDir, 'none.pem'))).toBe('tls_verify_failed');
  expect(await withFile(fileURLToPath(new URL('ca.pem', FIXTURES)))).toBe('1');
  setDefaultCACertificates([...roots, pem('ca.pem')]);
});

test('an authority that the connection names is believed, and nobody else is', async () => {
  setDefaultCACertificates(roots);
  const { port, password } = await realServer('good.pem');
  const named = (name: string | undefined, rest: Partial<Connection> = {}) => {
    const authorities = name === undefined ? {} : { authorities: pem(name) };
    return outcome(connectionTo(port, { password, ...authorities, ...rest }), 'as_asked');
  };

  expect(await named('ca.pem')).toBe('1');
  expect(await named('selfsigned.pem')).toBe('tls_verify_failed');
  expect(await named('selfsigned.pem', { sslmode: 'require' })).toBe('tls_verify_failed');
  expect(await named('ca.pem', { sslmode: 'prefer' })).toBe('tls_required');
  expect(await named('ca.pem', { sslmode: 'disable' })).toBe('tls_required');
  setDefaultCACertificates([...roots, pem('ca.pem')]);
  expect(await named(undefined, { sslmode: 'verify-full' })).toBe('1'); // whom the service knows
  expect(await named('selfsigned.pem')).toBe('tls_verify_failed'); // and whom it does not ask any more
});

test('an authority that another one has signed is believed without that one', async () => {
  const { port, password } = await realServer('issued.pem');
  const to = (name: string) => outcome(connectionTo(port, { password, authorities: pem(name) }), 'verify_full');

  expect([await to('issuing.pem'), await to('ca.pem')]).toEqual(['1', 'tls_verify_failed']);
});

test.each([
  ['other.pem', 'name'],
  ['expired.pem', 'validity'],
  ['selfsigned.pem', 'authority'],
])('%s is refused for its %s', async (certificate, reason) => {
  const { server } = tlsServer(certificate);
  await using listening = await server;
  const options = { side: 'target', applicationName: 't', statementTimeoutMs: 5_000 } as const;

  const opening = openSession(connectionTo(listening.port), {
    ...options,
    rules: { ...ON_ONE_MACHINE, tls: 'verify_full' },
  });

  await expect(opening).rejects.toMatchObject({ code: 'tls_verify_failed', facts: { side: 'target', reason } });
});

test('TLS 1.1 is refused', async () => {
  const { server, heard } = tlsServer('good.pem', { maxVersion: 'TLSv1.1' });
  await using listening = await server;

  const refused = await outcome(connectionTo(listening.port), 'verify_full');
  expect(['tls_verify_failed', 'connection_unreachable']).toContain(refused); // an alert, where it comes before the reset
  expect(heard).toEqual([]);
});

test('a server without TLS is refused where it must be verified, and hears of no password', async () => {
  await using server = await fakeServer((socket) => void socket.write('N'));

  expect(await outcome(connectionTo(server.port), 'verify_full')).toBe('tls_verify_failed');
  expect(server.heard()).not.toMatch(/postgres|c4n4ry/);
});

test.each([
  ['require', 'as_asked', 'The source server offers no TLS, which sslmode=require asks for.'],
  [undefined, 'verify_full', 'The source server offers no TLS, which this connection needs.'],
] as const)(
  'a server without TLS is told of sslmode %s under %s by what asked for it',
  async (sslmode, tls, message) => {
    await using server = await fakeServer((socket) => void socket.write('N'));
    const rules = { ...ON_ONE_MACHINE, tls };

    const error = await connect(connectionTo(server.port, sslmode && { sslmode }), 'source', rules, 'test').catch(
      (e) => e,
    );

    expect(error).toMatchObject({ code: 'tls_verify_failed', message, facts: { reason: 'no_tls' } });
    expect(asProblem(error, { field: '/source_connection' })).toMatchObject({
      message,
      field: '/source_connection',
      hint: 'Turn on ssl in the server, or leave sslmode out (a deployment to AWS needs TLS).',
    });
  },
);

test('bytes that were put in before the encryption begins are refused', async () => {
  await using server = await fakeServer((socket) => void socket.write('SZ\0\0\0\x05I'));

  expect(await outcome(connectionTo(server.port), 'verify_full')).toBe('server_unsupported');
});

test.each([
  ['good.pem', 'localhost', 'verify_full', undefined, true],
  ['good.pem', '127.0.0.1', 'verify_full', undefined, true],
  ['other.pem', 'localhost', 'as_asked', 'verify-ca', true],
  ['selfsigned.pem', 'localhost', 'as_asked', 'require', true],
  ['other.pem', 'localhost', 'as_asked', undefined, true],
  ['good.pem', 'localhost', 'as_asked', 'disable', false],
] as const)(
  'a real server with %s as %s, %s and sslmode %s: signs in, encrypted %s',
  async (file, host, tls, mode, encrypted) => {
    const { port, password } = await realServer(file);
    const connection = connectionTo(port, { host, password, ...(mode && { sslmode: mode satisfies SslMode }) });

    const question = 'select s.ssl from pg_stat_ssl s where s.pid = pg_backend_pid()';
    expect(await outcome(connection, tls, question)).toBe(encrypted ? 't' : 'f');
  },
);

let postgres: Awaited<ReturnType<typeof startPostgres>> | undefined;
const dataDir = mkdtempSync(join(tmpdir(), 'tfsync-tls-'));
afterAll(async () => {
  await postgres?.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

/** One server of the file's own: its certificate is a setting of the whole server. */
async function realServer(certificate: string): Promise<{ port: number; password: Secret }> {
  postgres ??= await startPostgres({ dataDir, settings: { fsync: 'off' } });
  const cluster = join(dataDir, 'cluster');
  const owner = statSync(cluster);
  for (const [from, to] of [
    ['server.key', 'server.key'],
    [certificate, 'server.crt'],
  ] as const) {
    copyFileSync(new URL(from, FIXTURES), join(cluster, to));
    chownSync(join(cluster, to), owner.uid, owner.gid);
    chmodSync(join(cluster, to), 0o600); // a checkout does not keep it, and the server refuses a key that others can read
  }
  const client = new pg.Client({ connectionString: postgres.url('postgres') });
  await client.connect();
  await client.query('alter system set ssl = on');
  await client.query('select pg_reload_conf()');
  await expect.poll(async () => served(postgres?.port ?? 0)).toBe(pem(certificate).replace(/\s/g, ''));
  await client.end();
  return { port: postgres.port, password: new Secret(postgres.password) };
}

/** The certificate that a server shows now. */
async function served(port: number): Promise<string | undefined> {
  const client = new pg.Client({
    host: '127.0.0.1',
    port,
    user: 'nobody',
    database: 'd',
    password: 'x',
    ssl: { rejectUnauthorized: false },
  });
  client.on('error', () => undefined);
  let raw: Buffer | undefined;
  client.connection.once('sslconnect', () => {
    const stream = client.connection.stream as TLSSocket; // it is one after this event
    stream.once('secureConnect', () => {
      raw = stream.getPeerCertificate().raw;
    });
  });
  await client.connect().catch(() => undefined); // nobody is let in
  await client.end().catch(() => undefined);
  return raw && `-----BEGINCERTIFICATE-----${raw.toString('base64')}-----ENDCERTIFICATE-----`;
}
