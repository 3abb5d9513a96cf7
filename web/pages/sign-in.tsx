import { useEffect, useRef } from 'preact/hooks';
import { BASE } from '../address.ts';
import { SIGN_IN_PATH } from '../sign-in.ts';
import { useUi } from '../ui.ts';

/** Two ways to a token: the identity provider, or a person who brings one. Shown where the service does not answer without. */
export function SignInPage() {
  const { session, signIn, address } = useUi();
  const field = useRef<HTMLInputElement>(null);
  const leave = useRef<HTMLButtonElement>(null);
  const { info, busy, problem } = signIn;
  useEffect(() => {
    document.title = 'Sign in · TerraFusion Sync';
    void signIn.load();
  }, [signIn]);
  useEffect(() => {
    if (info.value) leave.current?.focus();
    if (info.value === null) field.current?.focus();
  }, [info.value]);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const value = field.current?.value.trim();
    if (!value) return;
    session.signIn(value);
    if (address.url.value.pathname === SIGN_IN_PATH) address.go(BASE);
  };
  const unfit = session.refused.value && session.token.value !== undefined && !busy.value;
  return (
    <article class="sign-in">
      <h1>Sign in</h1>
      {problem.value !== undefined && (
        <p role="alert" class="note warning">
          {problem.value}
        </p>
      )}
      {unfit && (
        <p role="alert" class="note warning">
          The service does not accept this token. It may have expired.
        </p>
      )}
      {info.value && (
        <p>
          <button type="button" ref={leave} disabled={busy.value} aria-busy={busy.value} onClick={() => signIn.begin()}>
            Sign in with {new URL(info.value.issuer).host}
          </button>
        </p>
      )}
      <form onSubmit={submit}>
        <label for="token">Access token</label>
        <input
          id="token"
          ref={field}
          type="password"
          autocomplete="off"
          spellcheck={false}
          required
          aria-describedby="token-help"
        />
        <small id="token-help">
          {info.value && 'A token that you got in another way. '}On your own machine <code>npm start</code> prints a
          link that signs you in; the token is also in <code>.terrafusion/token</code>. It stays in this tab and goes
          when the tab is closed.
        </small>
        <button type="submit" class={info.value ? 'secondary' : ''}>
          Use this token
        </button>
      </form>
    </article>
  );
}
