import { effect, type ReadonlySignal, signal } from '@preact/signals';
import { CLIENT_CONFIG_PATH, type ClientConfig, type SignInInfo } from '../lib/model/sign-in.ts';
import {
  beginning,
  discover,
  exchange,
  logoutUrl,
  type Pending,
  readCallback,
  renewal,
  revoke,
  SignInError,
} from '../lib/sign-in/oidc.ts';
import { BASE, isPagePath } from './address.ts';
import { callApi } from './api.ts';
import type { Session } from './session.ts';

/** Where the identity provider leads back to. */
export const SIGN_IN_PATH = `${BASE}/sign-in`;
const PENDING_KEY = 'terrafusion.pending';
/** Renewed this long before the end, looked at this often: a tab in the background is woken once a minute at least. */
const RENEW_BEFORE_MS = 150_000;
const LOOK_EVERY_MS = 15_000;
/** A token that is refused though it is as new as this will not be accepted when it is renewed either. */
const FRESH_MS = 30_000;

export interface SignIn {
  /** With whom; undefined until `load` has found out, null where a token must be pasted. */
  readonly info: ReadonlySignal<SignInInfo | null | undefined>;
  /** The claim of a token that lists roles; undefined until `load` has found out. */
  readonly rolesClaim: ReadonlySignal<string | undefined>;
  /** Something is under way: coming back from the provider, or a renewal. */
  readonly busy: ReadonlySignal<boolean>;
  /** Why the last attempt failed, for the person. */
  readonly problem: ReadonlySignal<string | undefined>;
  /** Asks the service how to sign in, once. */
  load(): Promise<void>;
  /** Leaves for the provider. */
  begin(): Promise<void>;
  /** Forgets the token, and leaves for the provider to sign out there too where it was the one that gave it. */
  signOut(): void;
}

/** Sign-in with the identity provider, for this tab. Comes back, renews and signs out; what it gets, the session keeps. */
export function openSignIn(window: Window, session: Session): SignIn {
  const { location, sessionStorage } = window;
  const fetch = window.fetch.bind(window);
  const info = signal<SignInInfo | null | undefined>(undefined);
  const rolesClaim = signal<string | undefined>(undefined);
  const busy = signal(false);
  const problem = signal<string | undefined>(undefined);
  const here = `${location.origin}${SIGN_IN_PATH}`;

  const attempt = async (work: () => Promise<void>) => {
    if (busy.peek()) return; // one at a time: a refresh token is good for one renewal
    busy.value = true;
    problem.value = undefined;
    try {
      await work();
    } catch (error) {
      if (!(error instanceof SignInError)) throw error;
      problem.value = error.message;
    } finally {
      busy.value = false;
    }
  };

  const begin = () =>
    attempt(async () => {
      const provider = info.peek();
      if (!provider) return;
      const path = location.pathname + location.search;
      const returnTo = location.pathname === SIGN_IN_PATH ? BASE : path;
      const endpoints = await discover(provider.issuer, fetch);
      const { url, pending } = await beginning(provider, endpoints, { redirectUri: here, returnTo });
      sessionStorage.setItem(PENDING_KEY, JSON.stringify(pending));
      location.assign(url);
    });

  const comeBack = (query: URLSearchParams) =>
    attempt(async () => {
      const stored = sessionStorage.getItem(PENDING_KEY);
      sessionStorage.removeItem(PENDING_KEY); // once, whatever comes of it
      window.history.replaceState(null, '', SIGN_IN_PATH); // the code is nobody else's business
      const pending = stored === null ? undefined : (JSON.parse(stored) as Pending); // what `begin` has stored
      const code = readCallback(query, pending);
      if (!pending) return; // readCallback has thrown
      const { token, grant } = await exchange(code, pending, fetch, Date.now());
      session.signIn(token, grant);
      location.replace(isPagePath(pending.returnTo) ? pending.returnTo : BASE);
    });

  const renew = () =>
    attempt(async () => {
      const grant = session.grant.peek();
      if (!grant?.refreshToken) return;
      const stillThere = () => session.grant.peek() === grant; // nobody has signed out or in meanwhile
      try {
        const renewed = await renewal(grant, fetch, Date.now());
        if (stillThere()) session.signIn(renewed.token, renewed.grant);
        else revoke(renewed.grant, fetch);
      } catch (error) {
        const { refreshToken: _, ...spent } = grant;
        if (error instanceof SignInError && error.final && stillThere()) session.regrant(spent);
        throw error;
      }
    });

  window.setInterval(() => {
    const { refreshToken, expiresAtMs } = session.grant.peek() ?? {};
    if (refreshToken && expiresAtMs && expiresAtMs - Date.now() < RENEW_BEFORE_MS) void renew();
  }, LOOK_EVERY_MS);
  effect(() => {
    const grant = session.grant.peek();
    if (session.refused.value && grant?.refreshToken && Date.now() - grant.obtainedAtMs > FRESH_MS) void renew();
  });

  const query = new URLSearchParams(location.search);
  if (location.pathname === SIGN_IN_PATH && (query.has('code') || query.has('error'))) void comeBack(query);

  return {
    info,
    rolesClaim,
    busy,
    problem,
    begin,
    load: async () => {
      if (info.peek() !== undefined) return;
      const signal = new AbortController().signal;
      const answer = await callApi<ClientConfig>(CLIENT_CONFIG_PATH, { token: undefined, signal });
      if (answer.kind === 'ok') {
        info.value = answer.body.sign_in;
        rolesClaim.value = answer.body.roles_claim;
      } else if (answer.kind !== 'same') problem.value = answer.problem.detail;
    },
    signOut: () => {
      const grant = session.grant.peek();
      session.signOut();
      if (!grant) return;
      revoke(grant, fetch);
      const url = logoutUrl(grant, here);
      if (url !== undefined) location.assign(url);
    },
  };
}
