import { createHmac, pbkdf2Sync } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import type { SyncError } from '../../lib/model/errors.ts';
import { Secret } from '../../lib/model/secret.ts';
import { openSession } from '../../lib/postgres/session.ts';
import { authentication, errorMessage, fakeServer, message, pour, READY } from '../support/hostile-server.ts';
import { ON_ONE_MACHINE } from '../support/rules.ts';

const PASSWORD = 'c4n4ry-8f3a';
const MIB = 1024 * 1024;

/** What becomes of a session with a server that behaves like this. */
async function meet(behave: (socket: Socket, first: Buffer) => void | Promise<void>) {
  await using server = await fakeServer(behave);
  const connection = {
    host: '127.0.0.1',
    port: server.port,
    database: 'd',
    user: 'u',
    password: new Secret(PASSWORD),
    sslmode: 'disable',
  } as const;
  const session = openSession(connection, {
    side: 'source',
    applicationName: 'test',
    rules: ON_ONE_MACHINE,
    statementTimeoutMs: 2_000,
    answerGraceMs: 500,
  });
  const error = await session.then(
    async (open) => {
      await open.end();
      throw new Error('the session was opened');
    },
    (e: SyncError) => e,
  );
  return { error, heard: server.heard() };
}

const after = async (socket: Socket, answer: Buffer) => {
  const said = once(socket, 'data') as Promise<[Buffer]>;
  socket.write(answer);
  return (await said)[0].toString('latin1');
};

/** SCRAM up to the client's proof, with whatever a server may put into it. */
async function scram(socket: Socket, first: { nonce?: (client: string) => string; iterations?: number } = {}) {
  const hello = await after(socket, authentication(10, 'SCRAM-SHA-256\0\0'));
  const nonce = /r=([^,\0]+)/.exec(hello)?.[1] ?? '';
  const salt = Buffer.from('salt');
  const i = first.iterations ?? 4096;
  const serverFirst = `r=${first.nonce ? first.nonce(nonce) : `${nonce}x`},s=${salt.toString('base64')},i=${i}`;
  const final = await after(socket, authentication(11, serverFirst));
  return { salt, i, auth: `n=*,r=${nonce},${serverFirst},${/c=[^,]*,r=[^,]*/.exec(final)?.[0]}` };
}

const LET_IN = Buffer.concat([authentication(0), READY]);
const ROW = message('D', Buffer.from([0, 1, 0, 0, 0, 1, 65]));
const COLUMN = message('T', Buffer.concat([Buffer.from([0, 1]), Buffer.from('a\0'), Buffer.alloc(18)]));

describe('a hostile server is survived: one error with a code, in time, and the password stays here', () => {
  test.each<[string, string, (socket: Socket) => void | Promise<void>]>([
    ['never answers', 'connection_unreachable', () => undefined],
    ['sends half a message and waits', 'connection_unreachable', (s) => void s.write('R')],
    ['hangs up', 'connection_unreachable', (s) => void s.destroy()],
    ['asks for the password in clear text', 'password_method', (s) => void s.write(authentication(3))],
    ['asks for the password as MD5', 'password_method', (s) => void s.write(authentication(5, 'salt'))],
    ['asks for GSS', 'server_unsupported', (s) => void s.write(authentication(7))],
    ['sends a row that ends in its middle', 'server_unsupported', (s) => void s.write(message('D', '\0\x05'))],
    [
      'offers an unknown SASL mechanism',
      'connection_auth_failed',
      (s) => void s.write(authentication(10, 'PLAIN\0\0')),
    ],
    [
      'demands 2^31 rounds of hashing',
      'connection_auth_failed',
      async (s) => void (await scram(s, { iterations: 2 ** 31 - 1 })),
    ],
    [
      'brings a nonce of its own',
      'connection_auth_failed',
      async (s) => void (await scram(s, { nonce: () => 'mine' })),
    ],
    [
      'cannot prove that it knows the password',
      'connection_auth_failed',
      async (s) => {
        await scram(s);
        s.write(authentication(12, `v=${Buffer.alloc(32).toString('base64')}`));
      },
    ],
    [
      'lets us in without proving that it knows the password',
      'connection_auth_failed',
      async (s) => {
        await scram(s);
        s.write(LET_IN);
      },
    ],
    [
      'announces a message of 2 GB',
      'server_unsupported',
      (s) => void s.write(Buffer.from('S\x7f\xff\xff\xff', 'latin1')),
    ],
    ['sends a length below its own', 'server_unsupported', (s) => void s.write(Buffer.from('S\0\0\0\0', 'latin1'))],
    ['greets without end', 'server_unsupported', async (s) => void (await pour(s, message('S', 'a\0b\0')))],
    ['speaks HTTP', 'server_unsupported', (s) => void s.write('HTTP/1.1 400 Bad Request\r\n\r\n')],
    [
      'answers with markup, escapes and our password',
      'internal',
      (s) => void s.write(errorMessage(`<script>alert(1)</script>\x1b[2J ${PASSWORD}`)),
    ],
    ['lets us in and never answers a question', 'source_unavailable', (s) => void s.write(LET_IN)],
  ])('it %s: %s', async (_what, code, behave) => {
    const started = performance.now();
    const { error, heard } = await meet(behave);

    expect(error).toMatchObject({ code });
    expect(performance.now() - started).toBeLessThan(20_000); // five seconds for the handshake; machines are shared
    expect(heard).not.toContain(PASSWORD);
    expect(`${error.message} ${JSON.stringify(error)}`).not.toMatch(new RegExp(`${PASSWORD}|script|\x1b`));
  });

  test.each([
    ['rows without end', Buffer.concat(Array.from({ length: 1000 }, () => ROW))],
    [
      'one row of 1 GB',
      Buffer.concat([Buffer.from([68, 0x3f, 0xff, 0xff, 0xff, 0, 1, 0x3f, 0xff, 0, 0]), Buffer.alloc(MIB)]),
    ],
    ['an error text of 1 GB', Buffer.concat([Buffer.from([69, 0x3f, 0xff, 0xff, 0xff]), Buffer.alloc(MIB, 'M')])],
  ])('it answers a question with %s: hung up on before it fills the memory', async (_what, bytes) => {
    let poured = 0;
    const before = process.memoryUsage().rss;
    const { error } = await meet(async (socket) => {
      await after(socket, LET_IN);
      socket.write(COLUMN);
      poured = await pour(socket, bytes);
    });

    expect(error).toMatchObject({ code: 'source_unavailable' });
    expect(poured).toBeLessThan(200 * MIB);
    expect(process.memoryUsage().rss - before).toBeLessThan(700 * MIB);
  });
});

test('the right server is let in by the same exchange', async () => {
  const { error } = await meet(async (socket) => {
    const { salt, i, auth } = await scram(socket);
    const salted = pbkdf2Sync(PASSWORD, salt, i, 32, 'sha256');
    const key = createHmac('sha256', salted).update('Server Key').digest();
    const proof = createHmac('sha256', key).update(auth).digest('base64');
    socket.write(Buffer.concat([authentication(12, `v=${proof}`), LET_IN]));
    socket.once('data', () => socket.write(Buffer.concat([errorMessage('no', '57P03'), READY])));
  });

  expect(error).toMatchObject({ code: 'source_unavailable', facts: { sqlstate: '57P03' } }); // it got as far as a question
});
