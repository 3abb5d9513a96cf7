import { createHmac, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { decodeProtectedHeader, type JWTPayload, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, type E2eService, startService } from './support.ts';

let service: E2eService;
let key: KeyObject;
let kid: string;
let good: JWTPayload;
beforeAll(async () => {
  service = await startService();
  key = createPrivateKey(readFileSync(join(service.dataDir, 'issuer-key.pem'), 'utf8'));
  kid = decodeProtectedHeader(service.token).kid ?? '';
  const now = Math.floor(Date.now() / 1000);
  good = {
    sub: 'someone',
    'cognito:groups': ['admin'],
    iss: `${service.places().controlUrl}/issuer`,
    aud: 'terrafusion-local',
    iat: now,
    exp: now + 600,
  };
});
afterAll(() => service[Symbol.asyncDispose]());

const jobs = (token: string): Promise<Answer> => service.call('/api/sync/jobs', { token });
const hour = 3600;
const now = () => Math.floor(Date.now() / 1000);

function sign(claims: JWTPayload, header: { kid?: string } = { kid }, signer = key): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', ...header }).sign(signer);
}

const text = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const partsOf = (token: string) => token.split('.') as [string, string, string]; // a signed token has three

/** The good claims without some, or with others. */
const but = (changes: Record<string, unknown>): JWTPayload =>
  Object.fromEntries(Object.entries({ ...good, ...changes }).filter(([, value]) => value !== undefined));

const forgeries: readonly { readonly name: string; readonly token: () => Promise<string> | string }[] = [
  {
    name: 'signed with another key',
    token: () => sign(good, { kid }, generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey),
  },
  { name: 'of alg none', token: () => `${text({ alg: 'none', typ: 'JWT' })}.${text(good)}.` },
  { name: 'of alg none that names the key', token: () => `${text({ alg: 'none', kid })}.${text(good)}.` },
  {
    name: 'of HS256 with the public key as the secret',
    token: () => {
      const signed = `${text({ alg: 'HS256', kid })}.${text(good)}`;
      const pem = createPublicKey(key).export({ type: 'spki', format: 'pem' });
      return `${signed}.${createHmac('sha256', pem).update(signed).digest('base64url')}`;
    },
  },
  { name: 'that has expired', token: () => sign(but({ iat: now() - 2 * hour, exp: now() - hour })) },
  { name: 'without an expiry', token: () => sign(but({ exp: undefined })) },
  { name: 'that is not yet valid', token: () => sign(but({ nbf: now() + hour })) },
  { name: 'issued in the future', token: () => sign(but({ iat: now() + hour, exp: now() + 2 * hour })) },
  { name: 'of another issuer', token: () => sign(but({ iss: 'https://evil.example/issuer' })) },
  { name: 'without an issuer', token: () => sign(but({ iss: undefined })) },
  { name: 'for another audience', token: () => sign(but({ aud: 'another-service' })) },
  { name: 'for no audience', token: () => sign(but({ aud: undefined })) },
  { name: 'with a truncated signature', token: async () => (await sign(good)).slice(0, -8) },
  {
    name: 'with a swapped payload',
    token: async () => {
      const [header, , signature] = partsOf(await sign(but({ 'cognito:groups': ['viewer'] })));
      return `${header}.${text(good)}.${signature}`;
    },
  },
  { name: 'of an unknown key id', token: () => sign(good, { kid: 'nobody' }) },
  {
    name: 'that brings its own key along',
    token: () => {
      const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
      const jwk = pair.publicKey.export({ format: 'jwk' });
      return new SignJWT(good).setProtectedHeader({ alg: 'RS256', jwk: jwk as never }).sign(pair.privateKey); // node's own JWK type
    },
  },
  { name: 'of garbage', token: () => 'not.a.token' },
  { name: 'of one letter', token: () => 'x' },
];

describe('a token', () => {
  test.for(forgeries)('$name is refused', async ({ token }) => {
    const forged = await token();

    const answer = await jobs(forged);

    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
    expect(answer.text).not.toContain(forged);
  });

  test('made with the same claims and the right key is accepted, so the others are refused for their fault', async () => {
    expect((await jobs(await sign(good))).status).toBe(200);
    expect((await jobs(service.token)).status).toBe(200);
  });
});

test.for(['', 'Bearer', 'Bearer ', 'Basic YWRtaW46YWRtaW4='])(
  'the authorization header "%s" is refused',
  async (header) => {
    const headers = header === '' ? {} : { authorization: header };

    const answer = await service.call('/api/sync/jobs', { token: '', headers });

    expect(answer.status).toBe(401);
  },
);

test('a forged token starts no job', async () => {
  const forged = await sign(good, { kid }, generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey);

  const answer = await service.call('/api/sync/full', {
    method: 'POST',
    token: forged,
    headers: { 'content-type': 'application/json' },
    body: '{}',
  });

  expect(answer.status).toBe(401);
  expect(
    Object.entries((await service.counters()).functions).find(([name]) => /Commands/.test(name))?.[1],
  ).toMatchObject({
    invocations: 0, // refused by the gateway, before any code of ours runs
  });
});

test('the open routes answer without a token, and every other route does not', async () => {
  const openapi = await service.call('/api/sync/openapi.json', { token: '' });
  const routes = Object.entries(openapi.body.paths as Record<string, Record<string, unknown>>).flatMap(
    ([path, methods]) => Object.keys(methods).map((method) => ({ path: path.replace(/\{\w+\}/g, 'x'), method })),
  );

  const statuses = await Promise.all(
    routes.map(async ({ path, method }) => {
      const { status } = await service.call(path, { method: method.toUpperCase(), token: '' });
      return [`${method} ${path}`, status] as const;
    }),
  );

  expect(Object.fromEntries(statuses)).toMatchObject({
    'get /api/sync/health': 200,
    'get /api/sync/openapi.json': 200,
  });
  const others = statuses.filter(([route]) => !/health|openapi/.test(route));
  expect(others.length).toBeGreaterThanOrEqual(3);
  expect(others.filter(([, status]) => status !== 401)).toEqual([]);
});

describe('a role', () => {
  const start = async (groups: unknown) =>
    service.call('/api/sync/full', {
      method: 'POST',
      token: await sign(but({ 'cognito:groups': groups })),
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });

  const lesser: readonly { readonly name: string; readonly groups?: readonly string[] }[] = [
    { name: 'viewer', groups: ['viewer'] },
    { name: 'an empty list', groups: [] },
    { name: 'no list' },
    { name: 'a name that only begins like operator', groups: ['operators'] },
    { name: 'a name that only ends like operator', groups: ['viewer', 'no-operator'] },
    { name: 'a comma in a name', groups: ['viewer,operator'] },
  ];
  test.for(lesser)('of $name may not start a job', async ({ groups }) => {
    const answer = await start(groups);

    expect(answer.status).toBe(403);
    expect(answer.type).toBe('application/problem+json');
    expect(answer.body).toMatchObject({ code: 'forbidden', facts: { needed_role: 'operator' } });
  });

  test('of operator may: its empty body is what is refused', async () => {
    expect((await start(['operator'])).status).toBe(400);
    expect((await start(['viewer', 'operator'])).status).toBe(400);
  });

  test('of viewer may read', async () => {
    const token = await sign(but({ 'cognito:groups': ['viewer'] }));

    expect((await jobs(token)).status).toBe(200);
  });

  test('of nobody may not even read', async () => {
    const token = await sign(but({ 'cognito:groups': undefined }));

    expect((await jobs(token)).status).toBe(403);
  });
});

test('without sign-in a request needs no token, but none from another page or to another host name is served', async () => {
  await using open = await startService({ auth: false });

  const plain = await open.get('/api/sync/jobs');
  const page = await open.call('/api/sync/jobs', { headers: { origin: 'https://evil.example' } });
  const neighbour = await open.call('/api/sync/jobs', { headers: { origin: 'http://127.0.0.1:1' } });
  const unknown = await open.call('/api/sync/jobs', { headers: { origin: 'null' } });
  const own = await open.call('/api/sync/jobs', { headers: { origin: open.url } });
  const renamed = await statusAs(open.url, 'evil.example'); // a name that was made to lead to this machine

  expect(open.token).toBe('');
  expect(plain.status).toBe(200);
  expect(own.status).toBe(200);
  for (const refused of [page, neighbour, unknown]) {
    expect(refused.status).toBe(403);
    expect(refused.type).toBe('application/problem+json');
    expect(refused.body.code).toBe('origin_not_allowed');
  }
  expect(renamed).toBe(403);
  expect(await statusAs(open.url, 'localhost')).toBe(200);
});

/** The status of a call that names another host; `fetch` would not send it. */
function statusAs(url: string, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const request = get(`${url}/api/sync/jobs`, { headers: { host } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    request.on('error', reject);
  });
}
