import { randomBytes, randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { JWK } from 'jose';
import type { Context } from 'oidc-provider';
import { readBody } from '../aws/json-protocol.ts';
import { type Accounts, accountById } from './accounts.ts';
import { accessClaims } from './claims.ts';
import { loginPage, logoutPage, messagePage, PAGE_POLICY } from './pages.ts';

export interface ProviderOptions {
  readonly issuer: string;
  readonly clientId: string;
  /** Addresses that sign-in and sign-out may lead back to; exactly these. */
  readonly callbackUrls: readonly string[];
  /** The private key, with its kid. */
  readonly key: JWK;
  readonly accounts: Accounts;
}

export type Answering = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

const HOUR_SECONDS = 3600;
const MAX_FORM_BYTES = 4096;
/** What tokens are for; Amazon Cognito has no such name, and it is in no token. */
const RESOURCE = 'urn:terrafusion:sync';
const INTERACTION = '/interaction/';

/**
 * A whole OpenID Connect provider under the path of the issuer's URL: code flow with PKCE, rotating refresh tokens,
 * revocation, sign-out. What it knows is forgotten with the process. Loads the library, which takes some 0.3 s: make it
 * when somebody comes to sign in.
 */
export async function createProvider(options: ProviderOptions): Promise<Answering> {
  const [{ Provider }, { createMemoryAdapter }] = await Promise.all([
    import('oidc-provider'),
    import('oidc-provider/lib/adapters/memory_adapter.js'),
  ]);
  const provider = new Provider(options.issuer, { adapter: createMemoryAdapter(), ...configuration(options) });
  const answer = provider.callback();
  const base = new URL(options.issuer).pathname;

  async function interact(request: IncomingMessage, response: ServerResponse, action: string): Promise<void> {
    const { prompt } = await provider.interactionDetails(request, response); // throws where the browser began none
    if (prompt.name !== 'login') throw new Error(`The provider asks for ${prompt.name}, which nobody is asked here`);
    if (request.method !== 'POST') return send(response, 200, loginPage({ action, wrong: false }));
    const form = new URLSearchParams((await readBody(request, MAX_FORM_BYTES)).toString('utf8'));
    const account = options.accounts.signIn(form.get('name') ?? '', form.get('password') ?? '');
    if (!account) return send(response, 401, loginPage({ action, wrong: true }));
    return provider.interactionFinished(request, response, { login: { accountId: account.id } });
  }

  return async (request, response) => {
    const path = (request.url ?? '').slice(base.length) || '/';
    if (path.startsWith(INTERACTION)) {
      await interact(request, response, request.url ?? '').catch(() => {
        const text = 'This sign-in has ended, or was begun in another browser. Go back to the pages and sign in again.';
        if (!response.headersSent) send(response, 400, messagePage('Not signed in', text));
      });
      return;
    }
    // as frameworks do that mount one application in another
    await answer(Object.assign(request, { originalUrl: request.url, url: path }), response);
  };
}

function configuration({ issuer, clientId, callbackUrls, key, accounts: _ }: ProviderOptions): object {
  const origins = callbackUrls.map((url) => new URL(url).origin);
  const show = (title: string, text: string) => (context: Context) => {
    context.type = 'html';
    context.body = messagePage(title, text);
  };
  return {
    clients: [
      {
        client_id: clientId,
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        redirect_uris: callbackUrls,
        post_logout_redirect_uris: callbackUrls,
      },
    ],
    jwks: { keys: [{ ...key, alg: 'RS256', use: 'sig' }] },
    cookies: { keys: [randomBytes(32).toString('base64url')] },
    scopes: ['openid'],
    responseTypes: ['code'],
    clientAuthMethods: ['none'],
    pkce: { required: () => true },
    clientBasedCORS: (_context: Context, origin: string) => origins.includes(origin),
    findAccount: (_context: Context, id: string) => accountById(id) && { accountId: id, claims: () => ({ sub: id }) },
    loadExistingGrant: async ({ oidc }: Context) => {
      // who may sign in here has nothing to consent to
      const grant = new oidc.provider.Grant({ accountId: oidc.session.accountId, clientId: oidc.client.clientId });
      grant.addOIDCScope('openid');
      await grant.save();
      return grant;
    },
    interactions: {
      url: (_context: Context, { uid }: { uid: string }) => `${new URL(issuer).pathname}${INTERACTION}${uid}`,
    },
    issueRefreshToken: () => true,
    rotateRefreshToken: true,
    ttl: {
      AccessToken: HOUR_SECONDS,
      IdToken: HOUR_SECONDS,
      AuthorizationCode: 60,
      Interaction: HOUR_SECONDS,
      RefreshToken: 12 * HOUR_SECONDS,
      Session: 12 * HOUR_SECONDS,
      Grant: 12 * HOUR_SECONDS,
    },
    formats: { customizers: { jwt: asCognito(issuer, clientId) } },
    renderError: async (context: Context, out: { error: string; error_description?: string }) => {
      show('Not signed in', [out.error, out.error_description].filter(Boolean).join(': '))(context);
    },
    features: {
      devInteractions: { enabled: false },
      userinfo: { enabled: false },
      revocation: { enabled: true, allowedPolicy: () => true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => RESOURCE,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: '',
          audience: RESOURCE,
          accessTokenFormat: 'jwt',
          accessTokenTTL: HOUR_SECONDS,
        }),
      },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: async (context: Context, form: string) => {
          context.type = 'html';
          context.body = logoutPage(form);
        },
        postLogoutSuccessSource: show('Signed out', 'You are signed out of this machine.'),
      },
    },
  };
}

/** Gives an access token the claims that Amazon Cognito's have. The library insists on an audience: it stands there unseen. */
const asCognito =
  (issuer: string, clientId: string) =>
  (_context: Context, _token: unknown, parts: { payload: Record<string, unknown> }): void => {
    const { sub, iat, exp, jti } = parts.payload;
    const account = accountById(String(sub));
    if (!account) throw new Error('A token is made for an account only');
    const issued = { issuer, clientId, iat: Number(iat), exp: Number(exp), jti: String(jti ?? randomUUID()) };
    parts.payload = { ...accessClaims(account, issued) };
    Object.defineProperty(parts.payload, 'aud', { value: RESOURCE, writable: true, enumerable: false });
  };

function send(response: ServerResponse, status: number, html: string): void {
  response
    .writeHead(status, {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': PAGE_POLICY,
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    })
    .end(html);
}
