import type { SignInInfo } from '../model/sign-in.ts';

// Authorization code with PKCE (RFC 6749, 7636) at an OpenID Connect provider, for a public client: the pages in a browser, and
// tfsync. What is kept, and how a person gets to the address, is theirs (web/sign-in.ts, cli/login.ts).

/** Of the provider's discovery document, what is used. */
export interface Endpoints {
  readonly issuer: string;
  readonly authorization_endpoint: string;
  readonly token_endpoint: string;
  readonly end_session_endpoint?: string;
  readonly revocation_endpoint?: string;
}

/** A sign-in that was begun: kept until the provider leads back, and used once. */
export interface Pending {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly redirectUri: string;
  /** Path of the page that the person came from. */
  readonly returnTo: string;
  readonly clientId: string;
  readonly endpoints: Endpoints;
}

/** What the provider gave beside the access token. */
export interface Grant {
  readonly clientId: string;
  readonly endpoints: Endpoints;
  readonly obtainedAtMs: number;
  /** Absent: the provider did not say. */
  readonly expiresAtMs?: number;
  /** Good for one renewal, where the provider changes it each time. */
  readonly refreshToken?: string;
  /** Tells the provider who signs out. */
  readonly idToken?: string;
}

export interface SignedIn {
  readonly token: string;
  readonly grant: Grant;
}

/** Its message is for people. `final`: asking again does not help. */
export class SignInError extends Error {
  readonly final: boolean;

  constructor(message: string, options: { readonly final?: boolean } = {}) {
    super(message);
    this.final = options.final ?? true;
  }
}

type Fetch = typeof fetch;

/** Asks the provider for its endpoints. Throws a SignInError. */
export async function discover(issuer: string, fetch: Fetch): Promise<Endpoints> {
  const found = await askJson(fetch, `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, {});
  const { authorization_endpoint: authorize, token_endpoint: token } = found.body;
  if (!found.ok || typeof authorize !== 'string' || typeof token !== 'string')
    throw new SignInError('The identity provider does not say how to sign in.');
  // a document of another issuer would lead the person, and the code, to somebody else
  if (found.body.issuer !== issuer) throw new SignInError('The identity provider calls itself by another name.');
  if (new URL(issuer).protocol === 'https:' && ![authorize, token].every((url) => /^https:/i.test(url)))
    throw new SignInError('The identity provider would be called unencrypted.');
  return {
    issuer,
    authorization_endpoint: authorize,
    token_endpoint: token,
    ...optional(found.body, 'end_session_endpoint'),
    ...optional(found.body, 'revocation_endpoint'),
  };
}

/** Where to send the person, and what to keep until they come back. */
export async function beginning(
  { client_id: clientId, scope }: SignInInfo,
  endpoints: Endpoints,
  { redirectUri, returnTo }: Pick<Pending, 'redirectUri' | 'returnTo'>,
): Promise<{ readonly url: string; readonly pending: Pending }> {
  const [state, nonce, verifier] = [randomText(), randomText(), randomText()];
  const url = new URL(endpoints.authorization_endpoint);
  const query = {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    scope,
    state,
    nonce,
    code_challenge: await challengeOf(verifier),
    code_challenge_method: 'S256',
  };
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return { url: url.href, pending: { state, nonce, verifier, redirectUri, returnTo, clientId, endpoints } };
}

/** The code in the address that the provider has led back to. Throws a SignInError, also for an answer that nobody asked for. */
export function readCallback(query: URLSearchParams, pending: Pending | undefined): string {
  if (!pending || query.get('state') !== pending.state)
    throw new SignInError('This answer does not belong to a sign-in that was begun here. Sign in again.');
  const issuer = query.get('iss'); // RFC 9207
  if (issuer !== null && issuer !== pending.endpoints.issuer)
    throw new SignInError('The answer comes from another identity provider. Sign in again.');
  const error = query.get('error');
  if (error !== null) throw new SignInError(inWords(error, query.get('error_description')));
  const code = query.get('code');
  if (!code) throw new SignInError('The identity provider gave no code. Sign in again.');
  return code;
}

/** Gives the code for tokens. Throws a SignInError. */
export async function exchange(code: string, pending: Pending, fetch: Fetch, nowMs: number): Promise<SignedIn> {
  const { clientId, endpoints, verifier, redirectUri, nonce } = pending;
  const body = await askForTokens(fetch, endpoints, {
    grant_type: 'authorization_code',
    code,
    redirect_uri: redirectUri,
    client_id: clientId,
    code_verifier: verifier,
  });
  const signedIn = tokensOf(body, { clientId, endpoints }, nowMs);
  const { idToken } = signedIn.grant;
  // straight from the provider over TLS: who it is from is known, whether it is for this sign-in is not (OIDC Core 3.1.3.7)
  const claims = idToken === undefined ? {} : claimsOf(idToken);
  const audience = [claims.aud].flat();
  if (claims.nonce !== nonce || claims.iss !== endpoints.issuer || !audience.includes(clientId))
    throw new SignInError('The identity provider answered for another sign-in. Sign in again.');
  return signedIn;
}

/** New tokens for the refresh token. Throws a SignInError, which is not final where the provider did not answer. */
export async function renewal(grant: Grant, fetch: Fetch, nowMs: number): Promise<SignedIn> {
  const { clientId, endpoints, refreshToken = '' } = grant;
  const query = { grant_type: 'refresh_token', refresh_token: refreshToken, client_id: clientId };
  const { token, grant: fresh } = tokensOf(await askForTokens(fetch, endpoints, query), grant, nowMs);
  const { refreshToken: before, idToken } = grant;
  return { token, grant: { ...(before && { refreshToken: before }), ...(idToken && { idToken }), ...fresh } };
}

/** Makes the refresh token worthless; nobody waits for it. */
export function revoke({ clientId, endpoints, refreshToken }: Grant, fetch: Fetch): void {
  if (!refreshToken || !endpoints.revocation_endpoint) return;
  const body = new URLSearchParams({ token: refreshToken, client_id: clientId });
  fetch(endpoints.revocation_endpoint, { method: 'POST', body, keepalive: true, credentials: 'omit' }).catch(() => {});
}

/** Where the person signs out of the provider too; undefined where it has no such place. */
export function logoutUrl({ clientId, endpoints, idToken }: Grant, back: string): string | undefined {
  if (!endpoints.end_session_endpoint) return undefined;
  const url = new URL(endpoints.end_session_endpoint);
  url.searchParams.set('client_id', clientId);
  if (/^https:\/\/cognito-idp\./.test(endpoints.issuer)) {
    url.searchParams.set('logout_uri', back); // Amazon Cognito has names of its own for this
    return url.href;
  }
  url.searchParams.set('post_logout_redirect_uri', back);
  if (idToken !== undefined) url.searchParams.set('id_token_hint', idToken);
  return url.href;
}

function tokensOf(
  body: Readonly<Record<string, unknown>>,
  { clientId, endpoints }: Pick<Grant, 'clientId' | 'endpoints'>,
  nowMs: number,
): SignedIn {
  const { access_token: token, expires_in: seconds, refresh_token: refreshToken, id_token: idToken } = body;
  if (typeof token !== 'string' || token === '') throw new SignInError('The identity provider gave no access token.');
  return {
    token,
    grant: {
      clientId,
      endpoints,
      obtainedAtMs: nowMs,
      ...(typeof seconds === 'number' && { expiresAtMs: nowMs + seconds * 1000 }),
      ...(typeof refreshToken === 'string' && { refreshToken }),
      ...(typeof idToken === 'string' && { idToken }),
    },
  };
}

async function askForTokens(fetch: Fetch, { token_endpoint: url }: Endpoints, query: Readonly<Record<string, string>>) {
  const { ok, status, body } = await askJson(fetch, url, { method: 'POST', body: new URLSearchParams(query) });
  if (ok) return body;
  const { error, error_description: why } = body;
  const final = status < 500 && status !== 429;
  throw new SignInError(inWords(String(error ?? `HTTP ${status}`), typeof why === 'string' ? why : null), { final });
}

async function askJson(fetch: Fetch, url: string, init: RequestInit) {
  try {
    const answer = await fetch(url, { ...init, cache: 'no-store', credentials: 'omit', redirect: 'error' });
    const body: unknown = await answer.json().catch(() => ({}));
    const known = typeof body === 'object' && body !== null ? (body as Readonly<Record<string, unknown>>) : {}; // an object
    return { ok: answer.ok, status: answer.status, body: known };
  } catch {
    throw new SignInError('The identity provider cannot be reached from here.', { final: false });
  }
}

/** What the error codes of OAuth mean to a person; the provider's own words after it, as text. */
function inWords(error: string, description: string | null): string {
  const known: Readonly<Record<string, string>> = {
    access_denied: 'The sign-in was given up, or the identity provider refused it.',
    invalid_grant: 'The sign-in took too long or was used before. Sign in again.',
    invalid_client: 'The identity provider does not know this client.',
    unauthorized_client: 'The identity provider does not let this client sign in so.',
    invalid_scope: 'The identity provider does not give what was asked for.',
    login_required: 'The identity provider asks for a new sign-in.',
    temporarily_unavailable: 'The identity provider is busy. Try again in a while.',
    server_error: 'The identity provider had an error. Try again in a while.',
  };
  const own = description === null || description === '' ? error : `${error}: ${description}`;
  return `${known[error] ?? 'The identity provider refused the sign-in.'} (${own.slice(0, 300)})`;
}

/** The claims of a token that needs no proof. */
export function claimsOf(token: string): Readonly<Record<string, unknown>> {
  try {
    const bytes = Uint8Array.from(atob((token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/')), (c) =>
      c.charCodeAt(0),
    );
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof claims === 'object' && claims !== null ? (claims as Readonly<Record<string, unknown>>) : {}; // an object
  } catch {
    return {};
  }
}

/** SHA-256 of a verifier, as its challenge. */
export async function challengeOf(verifier: string): Promise<string> {
  return base64url(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))));
}

/** 256 bits that nobody guesses. */
const randomText = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

const base64url = (bytes: Uint8Array) =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');

function optional<Name extends 'end_session_endpoint' | 'revocation_endpoint'>(
  found: Readonly<Record<string, unknown>>,
  name: Name,
): { readonly [N in Name]?: string } {
  const value = found[name];
  return typeof value === 'string' ? ({ [name]: value } as { readonly [N in Name]?: string }) : {}; // its one field
}
