import { brotliCompressSync, brotliDecompressSync } from 'node:zlib';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { describe, expect, it, test } from 'vitest';
import { answerPage, type PageEvent } from '../../../functions/web/answer.ts';
import type { WebFiles } from '../../../functions/web/files.ts';
import { pages } from '../../../functions/web/pages.ts';
import { readSignIn } from '../../../functions/web/sign-in.ts';
import { wayToPages } from '../../../functions/web/way.ts';

const file = (type: string, text: string) => ({
  type,
  plain: Buffer.from(text),
  brotli: brotliCompressSync(Buffer.from(text)),
});
const files: WebFiles = new Map([
  ['index.html', file('text/html; charset=utf-8', '<!doctype html>')],
  ['index-abc.js', file('text/javascript; charset=utf-8', 'go()')],
]);

function get(path: string, headers: Record<string, string> = {}, method = 'GET', env: Record<string, string> = {}) {
  const event = {
    rawPath: path,
    headers,
    requestContext: { requestId: 'r1', http: { method } },
  } as unknown as PageEvent; // what is read
  const {
    statusCode,
    headers: sent = {},
    body = '',
    isBase64Encoded,
  } = answerPage(
    event,
    () => files,
    () => readSignIn(env),
  );
  return { status: statusCode, headers: sent, bytes: Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8') };
}

test('every page is the one document, asked for each time, under a policy without inline script', () => {
  for (const { path } of pages.filter((p) => p.answers === 'document')) {
    const { status, headers, bytes } = get(path.replace('{job_id}', '1'));

    expect([path, status, bytes.toString()]).toEqual([path, 200, '<!doctype html>']);
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
      'x-content-type-options': 'nosniff',
    });
    const policy = String(headers['content-security-policy']);
    expect(policy).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self';/);
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
    expect(policy).toContain("connect-src 'self';");
  }
});

test('files are kept by the browser for good, and compressed for those that can read it', () => {
  const plain = get('/sync/terra_fusion/assets/index-abc.js');
  const small = get('/sync/terra_fusion/assets/index-abc.js', { 'accept-encoding': 'gzip, deflate, br' });
  const never = get('/sync/terra_fusion/assets/index-abc.js', { 'accept-encoding': 'gzip, br;q=0' });

  expect(plain.headers['cache-control']).toBe('public, max-age=31536000, immutable');
  expect(plain.bytes.toString()).toBe('go()');
  expect(small.headers).toMatchObject({ 'content-encoding': 'br', vary: 'accept-encoding' });
  expect(brotliDecompressSync(small.bytes).toString()).toBe('go()');
  expect(never.headers['content-encoding']).toBeUndefined();
});

test.each(['index.html', 'index-abc.js.br', '..%2Findex.mjs', '%2e%2e%2f%2e%2e%2fetc%2fpasswd', 'none.js'])(
  'there is no file %s to be had',
  (name) => {
    const { status, headers, bytes } = get(`/sync/terra_fusion/assets/${name}`);

    expect([status, headers['content-type']]).toEqual([404, 'application/problem+json']);
    expect(JSON.parse(bytes.toString())).toMatchObject({ code: 'route_not_found', request_id: 'r1' });
  },
);

test('the root leads to the dashboard, and nothing but GET is taken', () => {
  expect(get('/')).toMatchObject({ status: 302, headers: { location: '/sync/terra_fusion' } });
  expect(get('/', {}, 'POST').status).toBe(405);
});

const PROVIDER = {
  ROLES_CLAIM: 'cognito:groups',
  SIGN_IN_ISSUER: 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_abc',
  SIGN_IN_CLIENT_ID: 'pages',
  SIGN_IN_SCOPES: 'openid',
  SIGN_IN_ORIGINS: 'https://tfsync-1.auth.eu-central-1.amazoncognito.com',
};
const configOf = (env: Record<string, string>) => {
  const { status, headers, bytes } = get('/sync/terra_fusion/config.json', {}, 'GET', env);
  return { status, headers, body: JSON.parse(bytes.toString()) };
};
const connectOf = (env: Record<string, string>) =>
  /connect-src ([^;]*);/.exec(
    String(get('/sync/terra_fusion', {}, 'GET', env).headers['content-security-policy'] ?? ''),
  )?.[1];

test('clients are told how to sign in, and the document may call the provider and nobody else', () => {
  const { status, headers, body } = configOf(PROVIDER);

  expect(status).toBe(200);
  expect(headers).toMatchObject({ 'content-type': 'application/json', 'cache-control': 'no-cache' });
  expect(body).toEqual({
    sign_in: { issuer: PROVIDER.SIGN_IN_ISSUER, client_id: 'pages', scope: 'openid' },
    roles_claim: 'cognito:groups',
  });
  expect(connectOf(PROVIDER)).toBe(
    "'self' https://cognito-idp.eu-central-1.amazonaws.com https://tfsync-1.auth.eu-central-1.amazoncognito.com",
  );
});

test('without a client they are told so, and the document calls its own origin alone', () => {
  const env = { ...PROVIDER, SIGN_IN_CLIENT_ID: '' };

  expect(configOf(env).body).toEqual({ sign_in: null, roles_claim: 'cognito:groups' });
  expect(connectOf(env)).toBe("'self'");
});

test('an address in the environment can put nothing but its origin into the policy', () => {
  const env = { ...PROVIDER, SIGN_IN_ISSUER: "https://id.example/x;script-src 'unsafe-inline'", SIGN_IN_ORIGINS: '' };

  expect(connectOf(env)).toBe("'self' https://id.example");
  expect(get('/sync/terra_fusion', {}, 'GET', { ...PROVIDER, SIGN_IN_ORIGINS: "'unsafe-inline'" }).status).toBe(500);
});

describe('a mistyped address', () => {
  const asked = (rawPath: string, accept = 'text/html,*/*;q=0.8', method = 'GET', rawQueryString = '') =>
    wayToPages({
      ...{ rawPath, rawQueryString, headers: { accept } },
      requestContext: { http: { method } },
    } as unknown as APIGatewayProxyEventV2); // what the answer goes by

  it('leads people to the pages, which show it', () => {
    const answer = asked('/sync/terra_fusion/no&where', undefined, undefined, 'a=b');
    const to = new URL(String(answer?.headers?.location), 'http://here');

    expect(answer?.statusCode).toBe(302);
    expect([to.origin, to.pathname]).toEqual(['http://here', '/sync/terra_fusion']);
    expect(to.searchParams.get('missing')).toBe('/sync/terra_fusion/no&where?a=b');
    expect(asked('/sync')?.statusCode).toBe(302);
  });

  it.each([
    ['of the API', '/api/sync/nowhere', 'text/html', 'GET'],
    ['elsewhere', '/syncs', 'text/html', 'GET'],
    ['asked for by a program', '/sync/nowhere', 'application/json', 'GET'],
    ['that something is sent to', '/sync/nowhere', 'text/html', 'POST'],
  ])('%s stays a problem', (_, path, accept, method) => {
    expect(asked(path, accept, method)).toBeUndefined();
  });
});
