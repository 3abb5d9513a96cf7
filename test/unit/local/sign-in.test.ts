import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listOf } from '../../../lib/model/caller.ts';
import { ROLES, type Role } from '../../../lib/model/roles.ts';
import {
  beginning,
  claimsOf,
  discover,
  exchange,
  logoutUrl,
  readCallback,
  renewal,
} from '../../../lib/sign-in/oidc.ts';
import { closeServer, listenLoopback } from '../../../local/aws/loopback.ts';
import { createJwtAuthorizer } from '../../../local/gateway/jwt-authorizer.ts';
import { loadAccounts } from '../../../local/sign-in/accounts.ts';
import { createIssuer, discovery, type Issuer } from '../../../local/sign-in/issuer.ts';
import { createProvider } from '../../../local/sign-in/provider.ts';

// The provider of this machine, asked by the code that the pages use.

const BACK = 'http://127.0.0.1:5000/sync/terra_fusion/sign-in';
const folder = mkdtempSync(join(tmpdir(), 'tf-sign-in-'));
const accountsFile = join(folder, 'accounts.json');
let server: Server;
let issuer: Issuer;
let passwords: Record<Role, string>;

beforeAll(async () => {
  server = createServer((request, response) => issuer.answer(request, response));
  const baseUrl = await listenLoopback(server);
  issuer = await createIssuer({ baseUrl, keyFile: join(folder, 'key.pem'), accountsFile });
  issuer.leadBackTo([BACK]);
  passwords = JSON.parse(readFileSync(accountsFile, 'utf8'));
});
afterAll(async () => {
  server.closeAllConnections();
  await closeServer(server);
  rmSync(folder, { recursive: true });
});

/** A browser as far as the provider can tell: it keeps cookies and follows redirects on its own host. */
function browser() {
  const cookies = new Map<string, string>();
  const ask = async (url: string, init: RequestInit = {}): Promise<Response> => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { accept: 'text/html', ...(cookie && { cookie }) };
    const answer = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '') cookies.delete(name);
      else cookies.set(name, value);
    }
    const next = answer.headers.get('location');
    if (next === null) return answer;
    const target = new URL(next, url);
    return target.origin === new URL(issuer.issuer).origin ? ask(target.href) : answer;
  };
  return { ask };
}

const info = () => ({ issuer: issuer.issuer, client_id: issuer.clientId, scope: 'openid' });

async function begin() {
  return beginning(info(), await discover(issuer.issuer, fetch), { redirectUri: BACK, returnTo: '/x' });
}

/** The address of the login form that a beginning leads to, and the browser that stands there. */
async function atTheForm(url: string) {
  const tab = browser();
  const html = await (await tab.ask(url)).text();
  const action = /action="([^"]+)"/.exec(html)?.[1] ?? '';
  const submit = (name: string, password: string) =>
    tab.ask(new URL(action, issuer.issuer).href, { method: 'POST', body: new URLSearchParams({ name, password }) });
  return { tab, html, submit };
}

async function signIn(role: Role) {
  const { url, pending } = await begin();
  const { tab, submit } = await atTheForm(url);
  const back = new URL((await submit(role, passwords[role])).headers.get('location') ?? '');
  const code = readCallback(back.searchParams, pending);
  return { ...(await exchange(code, pending, fetch, Date.now())), tab, code, pending };
}

describe('the provider of this machine', () => {
  test.for(ROLES)(
    'signs in a person of the role %s, whose token the gateway hands on as the real one does',
    async (role) => {
      const { token, grant } = await signIn(role);
      const check = createJwtAuthorizer({ issuer: issuer.issuer, audiences: [issuer.clientId] });

      const decision = await check(`Bearer ${token}`, []);

      // https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html
      const claims = claimsOf(token);
      expect(claims).toEqual({
        sub: `local-${role}`,
        'cognito:groups': [role],
        iss: issuer.issuer,
        version: 2,
        client_id: issuer.clientId,
        token_use: 'access',
        scope: 'openid',
        auth_time: expect.any(Number),
        exp: Number(claims.iat) + 3600,
        iat: expect.any(Number),
        jti: expect.stringMatching(/.{16}/),
        username: `local-${role}`,
      });
      expect(decision).toMatchObject({
        kind: 'allowed',
        authorizer: { jwt: { claims: { 'cognito:groups': `[${role}]`, username: `local-${role}` } } },
      });
      expect(listOf(`[${role}]`)).toEqual([role]);
      expect(grant).toMatchObject({ refreshToken: expect.any(String), idToken: expect.any(String) });
    },
  );

  test('gives the link of npm start the same claims', async () => {
    const { token } = await signIn('admin');
    const names = (claims: object) => Object.keys(claims).sort();

    expect(names(claimsOf(await issuer.mint()))).toEqual(names(claimsOf(token)));
    expect(claimsOf(await issuer.mint())).toMatchObject({ sub: 'local-admin', 'cognito:groups': ['admin'] });
  });

  test('says of itself what the library says', async () => {
    const callbackUrls = [BACK];
    const key = { ...(await (await import('jose')).exportJWK(await rsaKey())), kid: 'k' };
    const other = createServer((request, response) => void answer(request, response));
    const base = await listenLoopback(other);
    const name = `${base}/issuer`;
    const accounts = loadAccounts(accountsFile);
    const answer = await createProvider({ issuer: name, clientId: 'c', callbackUrls, key, accounts });

    const found = await (await fetch(`${name}/.well-known/openid-configuration`)).json();
    other.closeAllConnections();
    await closeServer(other);

    expect(found).toMatchObject(discovery(name));
  });

  test('keeps the passwords where only their owner reads them, and takes no other', async () => {
    const { url } = await begin();
    const { html, submit } = await atTheForm(url);

    expect(statSync(accountsFile).mode & 0o777).toBe(0o600);
    expect(Object.keys(passwords).sort()).toEqual([...ROLES].sort());
    expect(new Set(Object.values(passwords)).size).toBe(4);
    for (const password of Object.values(passwords)) expect(html).not.toContain(password);
    for (const [name, password] of [
      ['admin', passwords.viewer],
      ['admin', ''],
      ['nobody', passwords.admin],
      ['__proto__', passwords.admin],
    ] as const) {
      const answer = await submit(name, password);
      expect([answer.status, await answer.text()]).toEqual([401, expect.stringContaining('do not belong together')]);
    }
    expect((await submit('admin', passwords.admin)).status).toBe(303);
  });

  test('shows its form only to the browser that began', async () => {
    const { url } = await begin();
    const { html } = await atTheForm(url);
    const action = new URL(/action="([^"]+)"/.exec(html)?.[1] ?? '', issuer.issuer).href;

    const stranger = await browser().ask(action, {
      method: 'POST',
      body: new URLSearchParams({ name: 'admin', password: passwords.admin }),
    });

    expect([stranger.status, stranger.headers.get('location')]).toEqual([400, null]);
  });

  test.for([
    ['to another address', { redirect_uri: 'http://127.0.0.1:5001/steal' }],
    ['without a challenge', { code_challenge: '' }],
    ['with the verifier for its challenge', { code_challenge_method: 'plain' }],
    ['for another client', { client_id: 'other' }],
    ['for a token without a code', { response_type: 'token' }],
  ] as const)('begins nothing that leads %s', async ([, over]) => {
    const url = new URL((await begin()).url);
    for (const [name, value] of Object.entries(over)) {
      if (value === '') url.searchParams.delete(name);
      else url.searchParams.set(name, value);
    }
    const answer = await browser().ask(url.href);

    expect(answer.headers.get('location') ?? 'stays').toMatch(/^stays$|[?&#]error=/);
    expect(await answer.text()).not.toContain('<form');
  });

  test('gives nothing for a code without its verifier, nor for one that was used', async () => {
    const { url, pending } = await begin();
    const { submit } = await atTheForm(url);
    const back = new URL((await submit('viewer', passwords.viewer)).headers.get('location') ?? '');
    const code = readCallback(back.searchParams, pending);
    const used = await signIn('viewer');

    await expect(exchange(code, { ...pending, verifier: 'x'.repeat(43) }, fetch, 0)).rejects.toThrow(/invalid_grant/);
    await expect(exchange(used.code, used.pending, fetch, 0)).rejects.toThrow(/invalid_grant/);
  });

  test('renews once with each refresh token, and with none that was stolen', async () => {
    const { grant } = await signIn('operator');

    const renewed = await renewal(grant, fetch, Date.now());

    expect(claimsOf(renewed.token)).toMatchObject({ sub: 'local-operator', 'cognito:groups': ['operator'] });
    expect(renewed.grant.refreshToken).not.toBe(grant.refreshToken);
    await expect(renewal(grant, fetch, 0)).rejects.toMatchObject({ final: true });
    await expect(renewal(renewed.grant, fetch, 0)).rejects.toMatchObject({ final: true }); // somebody has used the other
  });

  test('signs out, and asks for the password again', async () => {
    const { grant, tab } = await signIn('resolver');
    const again = await tab.ask((await begin()).url); // the provider still knows this browser
    const html = await (await tab.ask(logoutUrl(grant, BACK) ?? '')).text();
    const fields = Object.fromEntries([...html.matchAll(/name="(\w+)" value="(\w+)"/g)].map(([, n, v]) => [n, v]));

    const left = await tab.ask(/action="([^"]+)"/.exec(html)?.[1] ?? '', {
      method: 'POST',
      body: new URLSearchParams(fields),
    });

    expect(again.headers.get('location')).toContain(`${BACK}?code=`);
    expect(left.headers.get('location')).toBe(BACK);
    expect(await (await tab.ask((await begin()).url)).text()).toContain('<form');
    await expect(renewal(grant, fetch, 0)).rejects.toThrow(/invalid_grant/);
  });

  test('lets only the pages read its answers to them', async () => {
    const { token_endpoint: url } = await discover(issuer.issuer, fetch);
    const body = () =>
      new URLSearchParams({ grant_type: 'refresh_token', client_id: issuer.clientId, refresh_token: 'x' });
    const allowed = async (origin: string) =>
      (await fetch(url, { method: 'POST', body: body(), headers: { origin } })).headers.get(
        'access-control-allow-origin',
      );

    expect(await allowed(new URL(BACK).origin)).toBe(new URL(BACK).origin);
    expect(await allowed('https://evil.example')).toBeNull();
  });
});

async function rsaKey() {
  const { generateKeyPairSync } = await import('node:crypto');
  return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
}
