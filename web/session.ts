import { type ReadonlySignal, signal } from '@preact/signals';
import { tokenInFragment } from './fragment.ts';

const KEY = 'terrafusion.token';

export interface Session {
  /** What is sent as the bearer token; undefined before sign-in, and where the service asks for none. */
  readonly token: ReadonlySignal<string | undefined>;
  /** True after the service has refused a call for want of a good token. */
  readonly refused: ReadonlySignal<boolean>;
  signIn(token: string): void;
  signOut(): void;
  /** The service did not accept the token. */
  refuse(): void;
}

/**
 * The token of this tab. It comes from the address (and is removed there at once, history included) or from a person, and
 * is kept in the tab's session storage: it ends with the tab, and no other tab or site reads it.
 */
export function openSession({ location, history, sessionStorage, addEventListener }: Window): Session {
  const token = signal<string | undefined>(sessionStorage.getItem(KEY) ?? undefined);
  const refused = signal(false);

  const keep = (value: string | undefined) => {
    if (value === undefined) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, value);
    token.value = value;
    refused.value = false;
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
    signIn: (value) => keep(value.trim().replace(/^Bearer\s+/i, '')),
    signOut: () => {
      keep(undefined);
      refused.value = true;
    },
    refuse: () => {
      refused.value = true;
    },
  };
}
