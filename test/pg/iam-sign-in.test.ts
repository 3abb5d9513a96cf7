import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { expect, test } from 'vitest';
import { databaseToken } from '../../functions/aws/database-token.ts';
import type { Connection } from '../../lib/model/connection.ts';
import { parseConnection } from '../../lib/model/connection-string.ts';
import type { SyncError } from '../../lib/model/errors.ts';
import type { ConnectionRules } from '../../lib/postgres/connect.ts';
import { openSession } from '../../lib/postgres/session.ts';
import { authentication, errorMessage, fakeServer, READY } from '../support/hostile-server.ts';
import { ON_ONE_MACHINE } from '../support/rules.ts';

const pem = (name: string) => readFileSync(new URL(`../fixtures/tls/${name}`, import.meta.url), 'utf8');

/** As Amazon RDS does it: TLS, then the token is asked for in clear text. Lets nobody in; `passwords` is what it was given. */
async function rds(certificate: string) {
  const passwords: string[] = [];
  const server = await fakeServer((socket) => {
    socket.write('S');
    const secure = new TLSSocket(socket, { isServer: true, key: pem('server.key'), cert: pem(certificate) });
    secure.on('error', () => undefined); // the client hangs up on purpose
    secure.once('data', () => {
      secure.once('data', (said: Buffer) => {
        passwords.push(said.subarray(5, -1).toString());
        secure.end(Buffer.concat([errorMessage('PAM authentication failed', '28000'), READY]));
      });
      secure.write(authentication(3));
    });
  });
  return { server, passwords };
}

function connectionTo(port: number, query = '', rest: Partial<Connection> = {}): Connection {
  const read = parseConnection(`postgresql://sync@localhost:${port}/d?auth=iam&region=eu-west-1${query}`, '/c');
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  return { ...read.connection, authorities: pem('ca.pem'), ...rest };
}

let clockMs = Date.parse('2026-11-23T10:00:00Z');
const signIn = databaseToken(
  () => ({ accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 's3cret' }),
  () => new Date(clockMs),
);

/** What becomes of an attempt; `as_asked`: the deployment would take less than verified TLS. */
async function meet(connection: Connection, rules: Partial<ConnectionRules> = { signIn }) {
  const opening = openSession(connection, {
    side: 'source',
    applicationName: 't',
    rules: { ...ON_ONE_MACHINE, tls: 'as_asked', ...rules },
    statementTimeoutMs: 2_000,
  });
  const error = await opening.then(
    () => new Error('let in') as SyncError,
    (e: SyncError) => e,
  );
  return { code: error.code, told: `${error.message} ${JSON.stringify(error)}` };
}

test('each connection signs in with a token of its own, made when it is asked for', async () => {
  const { server, passwords } = await rds('good.pem');
  await using listening = server;
  const connection = connectionTo(listening.port);

  const first = await meet(connection);
  clockMs += 60_000;
  await meet(connection);

  expect(first.code).toBe('connection_auth_failed'); // the server lets nobody in
  expect(first.told).not.toMatch(/X-Amz|s3cret/);
  expect(passwords).toHaveLength(2);
  expect(passwords[0]).toMatch(
    new RegExp(`^localhost:${listening.port}/\\?Action=connect&DBUser=sync&X-Amz-.*Signature=[0-9a-f]{64}$`),
  );
  expect(passwords.map((one) => /X-Amz-Date=(\w+)/.exec(one)?.[1])).toEqual(['20261123T100000Z', '20261123T100100Z']);
});

test.each([
  ['other.pem', 'of another host'],
  ['selfsigned.pem', 'of nobody we know'],
  ['expired.pem', 'that has expired'],
])(
  'a server with %s, a certificate %s, gets no token, even where the deployment asks for less',
  async (certificate) => {
    const { server, passwords } = await rds(certificate);
    await using listening = server;

    const refused = [
      await meet(connectionTo(listening.port)),
      await meet(connectionTo(listening.port, '&sslmode=require')),
    ];

    expect(refused.map(({ code }) => code)).toEqual(['tls_verify_failed', 'tls_verify_failed']);
    expect([passwords, listening.heard().includes('X-Amz')]).toEqual([[], false]);
  },
);

test('a server without TLS gets no token', async () => {
  const asks = (socket: Socket, first: Buffer) => void socket.write(first.length === 8 ? 'N' : authentication(3));
  await using server = await fakeServer(asks);

  expect((await meet(connectionTo(server.port))).code).toBe('tls_verify_failed');
  for (const sslmode of ['disable', 'prefer'])
    expect((await meet(connectionTo(server.port, `&sslmode=${sslmode}`))).code).toBe('tls_required');
  expect(server.heard()).not.toContain('X-Amz');
});

test('where nothing makes tokens, nobody signs in, not with an empty password either', async () => {
  const { server, passwords } = await rds('good.pem');
  await using listening = server;

  expect((await meet(connectionTo(listening.port), {})).code).toBe('internal');
  expect(passwords).toEqual([]);
});
