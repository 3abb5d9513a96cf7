import { computed, type ReadonlySignal, signal } from '@preact/signals';
import { createContext } from 'preact';
import { useContext, useEffect, useMemo } from 'preact/hooks';
import { type Address, openAddress } from './address.ts';
import { type Live, type LiveOptions, startLive } from './live.ts';
import { type Person, personOf } from './person.ts';
import { openSession, type Session } from './session.ts';
import { openSignIn, type SignIn } from './sign-in.ts';

/** What every page needs of the browser. */
export interface Ui {
  readonly session: Session;
  readonly signIn: SignIn;
  /** Who is signed in; undefined where the pages cannot tell. */
  readonly person: ReadonlySignal<Person | undefined>;
  readonly address: Address;
  /** The time, to the second; ms since 1970. */
  readonly nowMs: ReadonlySignal<number>;
}

export function openUi(window: Window): Ui {
  const nowMs = signal(Date.now());
  window.setInterval(() => {
    if (!window.document.hidden) nowMs.value = Date.now();
  }, 1000);
  const session = openSession(window);
  const signIn = openSignIn(window, session);
  const person = computed(() => personOf(session.token.value, signIn.rolesClaim.value));
  return { session, signIn, person, address: openAddress(window), nowMs };
}

const UiContext = createContext<Ui | undefined>(undefined);
export const UiProvider = UiContext.Provider;

export function useUi(): Ui {
  const ui = useContext(UiContext);
  if (!ui) throw new Error('a page is shown inside of UiProvider');
  return ui;
}

/** Reads a path of the API for as long as the component shows it. `options` count at the first look only. */
export function useLive<Body>(path: string, options: LiveOptions<Body>): Live<Body> {
  const { session } = useUi();
  const live = useMemo(() => startLive<Body>(path, session, options), [path, session]);
  useEffect(() => live.stop, [live]);
  return live;
}
