import { readFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTls } from 'node:https';
import { type AddressInfo, createServer as createTcp, type Server as TcpServer } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type PostOptions, poster } from '../../../functions/http/post.ts';
import type { SyncError } from '../../../lib/model/errors.ts';
import { Secret } from '../../../lib/model/secret.ts';
import { parseWebhookHosts } from '../../../lib/notifications/webhook-hosts.ts';

const pem = (name: string) => readFileSync(new URL(`../../fixtures/tls/${name}`, import.meta.url), 'utf8');
const roots = getCACertificates('default');
beforeAll(() => setDefaultCACertificates([...roots, pem('ca.pem')]));
afterAll(() => setDefaultCACertificates(roots));

const open: (Server | TcpServer)[] = [];
afterEach(() => {
  for (const server of open.splice(0)) {
    server.close();
    if ('closeAllConnections' in server) server.closeAllConnections();
  }
});

/** A server on this machine; its port. */
async function serve(server: Server | TcpServer): Promise<number> {
  open.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return (server.address() as AddressInfo).port;
}

const answering = (listener: RequestListener) => serve(createServer(listener));

async function outcome(url: string, over: Partial<PostOptions> = {}): Promise<string | number> {
  const post = poster({ hosts: () => parseWebhookHosts('*,this-machine'), userAgent: () => 'tf/1', ...over });
  try {
    return (await post({ url: new Secret(url), headers: { 'webhook-id': 'x' }, body: '{"a":"ü"}' })).status;
  } catch (error) {
    const { code, facts, message } = error as SyncError;
    expect(message).not.toMatch(/127|https?:|canary/);
    return [code, facts.reason].filter(Boolean).join(' ');
  }
}

test('posts the body as it is, with its headers', async () => {
  let heard: object = {};
  const port = await answering(async (request, response) => {
    const { method, url, headers } = request;
    heard = { method, url, headers, body: Buffer.concat(await request.toArray()).toString() };
    response.writeHead(202).end();
  });

  expect(await outcome(`http://127.0.0.1:${port}/hook?canary=1`)).toBe(202);
  expect(heard).toMatchObject({
    method: 'POST',
    url: '/hook?canary=1',
    headers: { 'webhook-id': 'x', 'user-agent': 'tf/1', 'content-length': '10', connection: 'close' },
    body: '{"a":"ü"}',
  });
});

test.each([200, 301, 404, 500, 503])('a status %i is an answer', async (status) => {
  const port = await answering((_, response) => response.writeHead(status).end());

  expect(await outcome(`http://127.0.0.1:${port}`)).toBe(status);
});

test('a redirect is not followed: nobody hears of it where it leads', async () => {
  let heard = 0;
  const secret = await answering((_, response) => {
    heard += 1;
    response.end();
  });
  const port = await answering((_, response) =>
    response.writeHead(307, { location: `http://127.0.0.1:${secret}/` }).end(),
  );

  expect(await outcome(`http://127.0.0.1:${port}`)).toBe(307);
  expect(heard).toBe(0);
});

test('a body without end is not read: the connection is closed at once', async () => {
  const closed = Promise.withResolvers<number>();
  let sent = 0;
  const port = await answering((_, response) => {
    response.writeHead(200);
    const chunk = Buffer.alloc(65_536);
    const more = () => {
      while (!response.destroyed && response.write(chunk)) sent += chunk.length;
    };
    response.on('drain', more).on('close', () => closed.resolve(sent));
    more();
  });

  expect(await outcome(`http://127.0.0.1:${port}`)).toBe(200);
  expect(await closed.promise).toBeLessThan(20 * 2 ** 20); // what sockets hold
});

test('headers without end are not read either', async () => {
  const port = await serve(
    createTcp((socket) => {
      socket.on('error', () => undefined);
      socket.write('HTTP/1.1 200 OK\r\n');
      for (let i = 0; i < 100; i++) socket.write(`x-${i}: ${'a'.repeat(1000)}\r\n`);
    }),
  );

  expect(await outcome(`http://127.0.0.1:${port}`)).toBe('webhook_unreachable no_http');
});

test('a receiver that says nothing is given up in time', async () => {
  const port = await answering(() => undefined);

  expect(await outcome(`http://127.0.0.1:${port}`, { limits: { answerMs: 50 } })).toBe('webhook_unreachable timeout');
});

test('a receiver that drips its headers is given up in time', async () => {
  const port = await serve(
    createTcp((socket) => {
      socket.on('error', () => undefined);
      const drip = setInterval(() => socket.write('H'), 5);
      socket.on('close', () => clearInterval(drip));
    }),
  );

  expect(await outcome(`http://127.0.0.1:${port}`, { limits: { answerMs: 80 } })).toMatch(/^webhook_unreachable/);
});

test('a resolver that says nothing is given up in time', async () => {
  const resolve = () => new Promise<never>(() => undefined);

  expect(await outcome('https://hooks.example/', { resolve, limits: { answerMs: 50 } })).toBe(
    'webhook_unreachable timeout',
  );
});

test('a receiver that hangs up, speaks no HTTP, is not there or has no name is named by a word', async () => {
  const hangsUp = await serve(createTcp((socket) => socket.destroy()));
  const noHttp = await serve(createTcp((socket) => socket.end('220 smtp.example\r\n').on('error', () => undefined)));
  const gone = await answering(() => undefined);
  open.splice(open.length - 1)[0]?.close();
  const resolve = () => Promise.reject(Object.assign(new Error('canary'), { code: 'ENOTFOUND' }));

  expect(await outcome(`http://127.0.0.1:${hangsUp}`)).toBe('webhook_unreachable connection_lost');
  expect(await outcome(`http://127.0.0.1:${noHttp}`)).toBe('webhook_unreachable no_http');
  expect(await outcome(`http://127.0.0.1:${gone}`)).toBe('webhook_unreachable refused');
  expect(await outcome('https://hooks.example/', { resolve })).toBe('webhook_unreachable unknown_host');
});

test.each([
  ['good.pem', 200],
  ['selfsigned.pem', 'webhook_unreachable tls'],
  ['expired.pem', 'webhook_unreachable tls'],
  ['other.pem', 'webhook_unreachable tls'],
])('a receiver with the certificate %s: %s, and it hears nothing unless it is good', async (certificate, expected) => {
  let heard = 0;
  const options = { key: pem('server.key'), cert: pem(certificate) };
  const port = await serve(
    createTls(options, (_, response) => {
      heard += 1;
      response.end();
    }),
  );

  const url = `https://localhost:${port}/`;
  expect(await outcome(url, { resolve: async () => ['127.0.0.1'] })).toBe(expected);
  expect(heard).toBe(expected === 200 ? 1 : 0);
});

test('TLS of old is refused', async () => {
  const options = {
    key: pem('server.key'),
    cert: pem('good.pem'),
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.1',
  } as const;
  const port = await serve(createTls({ ...options, ciphers: 'ALL:@SECLEVEL=0' }, (_, response) => response.end()));

  const url = `https://localhost:${port}/`;
  expect(await outcome(url, { resolve: async () => ['127.0.0.1'] })).toMatch(/^webhook_unreachable/);
});

test('the resolver is asked once, and its answer is where the connection goes', async () => {
  const answers = [['127.0.0.1'], ['169.254.169.254']];
  let asked = 0;
  const port = await serve(createTls({ key: pem('server.key'), cert: pem('good.pem') }, (_, r) => r.end()));
  const resolve = async () => answers[asked++] ?? [];

  expect(await outcome(`https://localhost:${port}/`, { resolve })).toBe(200);
  expect(asked).toBe(1);
  // a name that no other resolver knows: the connection came about, and the certificate is not for it
  const pinned = { resolve: async () => ['127.0.0.1'] };
  expect(await outcome(`https://hooks.invalid:${port}/`, pinned)).toBe('webhook_unreachable tls');
});

test.each([
  ['this machine, where it is not in the list', '*', ['127.0.0.1']],
  ['a private network', '*', ['10.0.0.1']],
  ['metadata of the cloud', '*,this-machine', ['169.254.169.254']],
  ['a public address and a private one', '*', ['93.184.216.34', '192.168.0.1']],
  ['no address', '*', []],
])('a name that leads to %s is refused, and nobody is connected to', async (_, hosts, addresses) => {
  let connected = 0;
  const port = await serve(createTcp(() => (connected += 1)));

  const options = { hosts: () => parseWebhookHosts(hosts), resolve: async () => addresses };
  expect(await outcome(`https://localhost:${port}/`, options)).toBe('host_not_allowed');
  expect(connected).toBe(0);
});

test('a list that has changed since the webhook was made decides', async () => {
  const port = await answering((_, response) => response.end());

  expect(await outcome(`http://127.0.0.1:${port}/`, { hosts: () => parseWebhookHosts('*') })).toBe('host_not_allowed');
});
