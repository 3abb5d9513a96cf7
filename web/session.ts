import { batch, type ReadonlySignal, signal } from '@preact/signals';
import type { Grant } from '../lib/sign-in/oidc.ts';
import { tokenInFragment } from './fragment.ts';
import { forgetTexts } from './kept-text.ts';

const KEY = 'terrafusion.token';
const GRANT_KEY = 'terrafusion.grant';

export interface Session {
  /** What is sent as the bearer token; undefined before sign-in, and where the service asks for none. */
  readonly token: ReadonlySignal<string | undefined>;
  /** True after the service has refused a call for want of a good token. */
  readonly refused: ReadonlySignal<boolean>;
  /** What came with the token from the identity provider; undefined where a person brought the token. */
  readonly grant: ReadonlySignal<Grant | undefined>;
  signIn(token: string, grant?: Grant): void;
  /** The token stays, what came with it has changed. */
  regrant(grant: Grant): void;
  signOut(): void;
  /** The service did not accept the token. */
  refuse(): void;
}

/**
 * The token of this tab. It comes from the address (and is removed there at once, history included), from a person or from
 * the identity provider (web/sign-in.ts), and is kept in the tab's session storage: it ends with the tab, and no other tab or site reads it.
 */
export function openSession({ location, history, sessionStorage, addEventListener }: Window): Session {
  const token = signal<string | undefined>(sessionStorage.getItem(KEY) ?? undefined);
  const refused = signal(false);
  const grant = signal(readGrant(sessionStorage.getItem(GRANT_KEY)));

  const store = (key: string, value: string | undefined) => {
    if (value === undefined) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, value);
  };
  const keep = (value: string | undefined, came?: Grant) => {
    store(KEY, value);
    store(GRANT_KEY, came && JSON.stringify(came));
    batch(() => {
      token.value = value;
      grant.value = came;
      refused.value = false;
    });
  };
  const takeFromAddress = () => {
    const given = tokenInFragment(location.hash);
    if (given === undefined) return;
    history.replaceState(history.state, '', location.pathname + location.search);
    keep(given);
  };
  takeFromAddress();
  addEventListener('hashchange', takeFromAddress);

  return {
    token,
    refused,
    grant,
    signIn: (value, came) => keep(value.trim().replace(/^Bearer\s+/i, ''), came),
    regrant: (changed) => {
      store(GRANT_KEY, JSON.stringify(changed));
      grant.value = changed;
    },
    signOut: () => {
      forgetTexts(sessionStorage);
      keep(undefined);
      refused.value = true;
    },
    refuse: () => {
      refused.value = true;
    },
  };
}

/** What this page itself has stored. */
function readGrant(stored: string | null): Grant | undefined {
  return stored === null ? undefined : (JSON.parse(stored) as Grant);
}
