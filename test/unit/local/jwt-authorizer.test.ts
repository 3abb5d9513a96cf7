import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { exportJWK, type JWTPayload, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closeServer, listenLoopback } from '../../../local/aws/loopback.ts';
import { type Authorizer, createJwtAuthorizer } from '../../../local/gateway/jwt-authorizer.ts';

const good = generateKeyPairSync('rsa', { modulusLength: 2048 });
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 });
const AUDIENCE = 'demo';
let server: Server;
let issuer: string;
let check: Authorizer;

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const jwk = { ...(await exportJWK(good.publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' };
    const discovery = { issuer, jwks_uri: `${issuer}/keys` };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(request.url === '/keys' ? { keys: [jwk] } : discovery));
  });
  issuer = await listenLoopback(server);
  check = createJwtAuthorizer({ issuer, audiences: [AUDIENCE] });
});
afterAll(() => closeServer(server));

const now = () => Math.floor(Date.now() / 1000);
const claims = (): JWTPayload => ({ iss: issuer, aud: AUDIENCE, sub: 'u1', iat: now(), exp: now() + 600 });
const b64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

function sign(changes: Record<string, unknown> = {}, key: KeyObject = good.privateKey, kid = 'k1'): Promise<string> {
  return new SignJWT({ ...claims(), ...changes }).setProtectedHeader({ alg: 'RS256', kid }).sign(key);
}

function hmacWithPublicKey(): string {
  const head = `${b64({ alg: 'HS256', kid: 'k1' })}.${b64(claims())}`;
  const secret = good.publicKey.export({ type: 'spki', format: 'pem' });
  return `${head}.${createHmac('sha256', secret).update(head).digest('base64url')}`;
}

async function swappedPayload(): Promise<string> {
  const [head, , signature] = (await sign()).split('.');
  return `${head}.${b64({ ...claims(), 'cognito:groups': ['admin'] })}.${signature}`;
}

const forged: readonly (readonly [string, () => string | Promise<string>])[] = [
  ['another key', () => sign({}, stranger.privateKey)],
  ['no signature (alg none)', () => `${b64({ alg: 'none', kid: 'k1' })}.${b64(claims())}.`],
  ['an HMAC made with the public key', hmacWithPublicKey],
  ['an expiry in the past', () => sign({ exp: now() - 120 })],
  ['no expiry', () => sign({ exp: undefined })],
  ['a start in the future', () => sign({ nbf: now() + 600 })],
  ['an issue time in the future', () => sign({ iat: now() + 600 })],
  ['another issuer', () => sign({ iss: 'https://evil.example' })],
  ['another audience', () => sign({ aud: 'other' })],
  ['no audience', () => sign({ aud: undefined })],
  ['the wrong client_id instead of an audience', () => sign({ aud: undefined, client_id: 'x' })],
  ['its end cut off', async () => (await sign()).slice(0, -20)],
  ['another payload', swappedPayload],
  ['an unknown key id', () => sign({}, stranger.privateKey, 'k2')],
  ['garbage', () => 'not-a-token'],
  ['an empty token', () => ''],
];

describe('the JWT authorizer', () => {
  it.each(forged)('refuses a token with %s', async (_name, make) => {
    const decision = await check(`Bearer ${await make()}`, []);

    expect(decision.kind).toBe('refused');
  });

  it('refuses a call without the header', async () => {
    expect(await check(undefined, [])).toEqual({ kind: 'refused', challenge: 'Bearer' });
  });

  it('passes every claim on as text, lists in brackets', async () => {
    const decision = await check(`Bearer ${await sign({ 'cognito:groups': ['a', 'b'], admin: true })}`, []);

    expect(decision).toMatchObject({
      kind: 'allowed',
      authorizer: {
        jwt: { claims: { sub: 'u1', 'cognito:groups': '[a b]', admin: 'true', aud: AUDIENCE }, scopes: null },
      },
    });
  });

  it('accepts client_id where there is no audience, as Cognito access tokens have it', async () => {
    const token = await sign({ aud: undefined, client_id: AUDIENCE });

    expect((await check(`Bearer ${token}`, [])).kind).toBe('allowed');
  });

  it('allows clocks to differ by less than a minute', async () => {
    expect((await check(`Bearer ${await sign({ exp: now() - 30, nbf: now() + 30 })}`, [])).kind).toBe('allowed');
  });

  it('demands one of the scopes of the route', async () => {
    const token = await sign({ scope: 'read' });

    expect((await check(`Bearer ${token}`, ['write'])).kind).toBe('forbidden');
    expect((await check(`Bearer ${token}`, ['write', 'read'])).kind).toBe('allowed');
  });
});
