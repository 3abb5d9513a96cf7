import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  beginning,
  challengeOf,
  discover,
  type Endpoints,
  exchange,
  type Grant,
  logoutUrl,
  readCallback,
  renewal,
  SignInError,
} from '../../../lib/sign-in/oidc.ts';

const ISSUER = 'https://id.example/realm';
const endpoints: Endpoints = {
  issuer: ISSUER,
  authorization_endpoint: 'https://id.example/authorize?tenant=1',
  token_endpoint: 'https://token.example/token',
  end_session_endpoint: 'https://id.example/logout',
};
const info = { issuer: ISSUER, client_id: 'pages', scope: 'openid email' };
const places = { redirectUri: 'https://sync.example/sign-in', returnTo: '/job/1?x=y' };
const begin = () => beginning(info, endpoints, places);

/** Answers each call with the next of `answers`, and remembers what was asked. */
function provider(...answers: (object | number | 'unreachable')[]) {
  const asked: { url: string; form: Record<string, string>; init: RequestInit }[] = [];
  const answer = async (url: unknown, init: RequestInit = {}) => {
    const body = init.body instanceof URLSearchParams ? Object.fromEntries(init.body) : {};
    asked.push({ url: String(url), form: body, init });
    const next = answers.shift() ?? 500;
    if (next === 'unreachable') throw new TypeError('Failed to fetch');
    return typeof next === 'number' ? new Response('oops', { status: next }) : Response.json(next, status(next));
  };
  return { asked, fetch: answer as typeof fetch };
}
const status = (body: object) => ({ status: 'error' in body ? 400 : 200 });
const idToken = (claims: object) => `x.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`;

describe('a sign-in begins', () => {
  test('with a state, a nonce and the SHA-256 of a verifier, none of them used twice', async () => {
    const { url, pending } = await begin();
    const other = await begin();
    const query = Object.fromEntries(new URL(url).searchParams);

    expect(new URL(url).origin + new URL(url).pathname).toBe('https://id.example/authorize');
    expect(query).toEqual({
      tenant: '1',
      response_type: 'code',
      client_id: 'pages',
      redirect_uri: places.redirectUri,
      scope: 'openid email',
      state: pending.state,
      nonce: pending.nonce,
      code_challenge: createHash('sha256').update(pending.verifier).digest('base64url'),
      code_challenge_method: 'S256',
    });
    expect(pending.verifier).toMatch(/^[\w-]{43}$/);
    expect(url).not.toContain(pending.verifier);
    const texts = [pending, other.pending].flatMap((p) => [p.state, p.nonce, p.verifier]);
    expect(new Set(texts).size).toBe(6);
  });

  test('with the challenge of RFC 7636, appendix B', async () => {
    expect(await challengeOf('dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk')).toBe(
      'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    );
  });

  test('with the endpoints of the issuer that was named, and of no other', async () => {
    const { fetch, asked } = provider(
      { ...endpoints, other: 1 },
      { ...endpoints, issuer: 'https://evil.example' },
      404,
      { ...endpoints, token_endpoint: 'http://id.example/token' },
    );

    expect(await discover(ISSUER, fetch)).toEqual(endpoints);
    expect(asked[0]?.url).toBe(`${ISSUER}/.well-known/openid-configuration`);
    await expect(discover(ISSUER, fetch)).rejects.toThrow(/another name/);
    await expect(discover(ISSUER, fetch)).rejects.toThrow(/does not say how/);
    await expect(discover(ISSUER, fetch)).rejects.toThrow(/unencrypted/);
  });
});

describe('an answer', () => {
  const read = async (over: Record<string, string | undefined>, without = false) => {
    const { pending } = await begin();
    const given = { code: 'c1', state: pending.state, ...over };
    const known = Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== undefined);
    return readCallback(new URLSearchParams(known), without ? undefined : pending);
  };

  test('is taken when it answers what this tab has asked', async () => {
    expect(await read({})).toBe('c1');
    expect(await read({ iss: ISSUER })).toBe('c1');
  });

  test.for([
    ['of another state', { state: 'forged' }],
    ['without a state', { state: undefined }],
    ['of an error with another state', { state: 'forged', error: 'access_denied' }],
  ] as const)('%s is refused', async ([, over]) => {
    await expect(read(over)).rejects.toThrow(/does not belong to a sign-in that was begun here/);
  });

  test('that nobody has asked for is refused', async () => {
    await expect(read({}, true)).rejects.toThrow(/does not belong/);
  });

  test('of another provider, or without a code, is refused', async () => {
    await expect(read({ iss: 'https://evil.example' })).rejects.toThrow(/another identity provider/);
    await expect(read({ code: undefined })).rejects.toThrow(/no code/);
  });

  test('of an error is told in words', async () => {
    await expect(read({ error: 'access_denied', error_description: 'not today' })).rejects.toThrow(
      'The sign-in was given up, or the identity provider refused it. (access_denied: not today)',
    );
    await expect(read({ error: 'what_is_this' })).rejects.toThrow(/refused the sign-in. \(what_is_this\)/);
  });
});

describe('a code', () => {
  const good = (nonce: string) => ({
    access_token: 'a1',
    refresh_token: 'r1',
    expires_in: 3600,
    id_token: idToken({ iss: ISSUER, aud: 'pages', nonce }),
  });

  test('is given with its verifier for tokens', async () => {
    const { pending } = await begin();
    const { fetch, asked } = provider(good(pending.nonce));

    const { token, grant } = await exchange('c1', pending, fetch, 1000);

    expect(token).toBe('a1');
    expect(grant).toMatchObject({ refreshToken: 'r1', obtainedAtMs: 1000, expiresAtMs: 3_601_000, clientId: 'pages' });
    expect(asked[0]).toMatchObject({
      url: endpoints.token_endpoint,
      init: { method: 'POST', credentials: 'omit', redirect: 'error' },
      form: {
        grant_type: 'authorization_code',
        code: 'c1',
        code_verifier: pending.verifier,
        client_id: 'pages',
        redirect_uri: places.redirectUri,
      },
    });
  });

  test.for([
    ['another nonce', { nonce: 'replayed' }],
    ['no nonce', { nonce: undefined }],
    ['another issuer', { iss: 'https://evil.example' }],
    ['another client', { aud: ['others'] }],
  ] as const)('whose ID token has %s signs nobody in', async ([, over]) => {
    const { pending } = await begin();
    const claims = { iss: ISSUER, aud: 'pages', nonce: pending.nonce, ...over };
    const { fetch } = provider({ ...good(''), id_token: idToken(claims) });

    await expect(exchange('c1', pending, fetch, 0)).rejects.toThrow(/another sign-in/);
  });

  test('without an ID token or an access token signs nobody in', async () => {
    const { pending } = await begin();
    const { id_token: _, ...withoutId } = good(pending.nonce);
    const { access_token: _a, ...withoutAccess } = good(pending.nonce);

    await expect(exchange('c1', pending, provider(withoutId).fetch, 0)).rejects.toThrow(SignInError);
    await expect(exchange('c1', pending, provider(withoutAccess).fetch, 0)).rejects.toThrow(/no access token/);
  });
});

describe('a grant', () => {
  const grant: Grant = { clientId: 'pages', endpoints, obtainedAtMs: 0, refreshToken: 'r1', idToken: 'i1' };

  test('is renewed, with the refresh token that came last', async () => {
    const { fetch, asked } = provider(
      { access_token: 'a2', refresh_token: 'r2', expires_in: 60 },
      { access_token: 'a3' },
    );

    const second = await renewal(grant, fetch, 5000);
    const third = await renewal(second.grant, fetch, 6000);

    expect(second).toMatchObject({ token: 'a2', grant: { refreshToken: 'r2', idToken: 'i1', expiresAtMs: 65_000 } });
    expect(third.grant).toMatchObject({ refreshToken: 'r2', idToken: 'i1' }); // a provider that does not rotate
    expect(third.grant.expiresAtMs).toBeUndefined();
    expect(asked.map(({ form }) => form.refresh_token)).toEqual(['r1', 'r2']);
  });

  test('is at its end when the provider says so, and not when it cannot be asked', async () => {
    const { fetch } = provider({ error: 'invalid_grant' }, 'unreachable', 503, 429);

    await expect(renewal(grant, fetch, 0)).rejects.toMatchObject({ final: true });
    for (let i = 0; i < 3; i++) await expect(renewal(grant, fetch, 0)).rejects.toMatchObject({ final: false });
  });

  test('is ended where the provider says, in the words of the standard or of Amazon Cognito', () => {
    const issuer = 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_a';
    const query = (of: Grant) =>
      Object.fromEntries(new URL(logoutUrl(of, 'https://sync.example/x') ?? '').searchParams);
    const { end_session_endpoint: _, ...without } = endpoints;

    expect(query(grant)).toEqual({
      client_id: 'pages',
      post_logout_redirect_uri: 'https://sync.example/x',
      id_token_hint: 'i1',
    });
    expect(query({ ...grant, endpoints: { ...endpoints, issuer } })).toEqual({
      client_id: 'pages',
      logout_uri: 'https://sync.example/x',
    });
    expect(logoutUrl({ ...grant, endpoints: without }, 'x')).toBeUndefined();
  });
});
