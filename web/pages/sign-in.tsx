import { useEffect, useRef } from 'preact/hooks';
import { useUi } from '../ui.ts';

/** Asks for a token: the service does not answer without one, or did not accept the one of this tab. */
export function SignInPage() {
  const { session } = useUi();
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    document.title = 'Sign in · TerraFusion Sync';
    field.current?.focus();
  }, []);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const value = field.current?.value.trim();
    if (value) session.signIn(value);
  };
  const expired = session.token.value !== undefined;
  return (
    <article class="sign-in">
      <h1>Sign in</h1>
      {expired && (
        <p role="alert" class="note warning">
          The service does not accept this token. It may have expired.
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
          On your own machine <code>npm start</code> prints a link that signs you in; the token is also in{' '}
          <code>.terrafusion/token</code>. It stays in this tab and goes when the tab is closed.
        </small>
        <button type="submit">Sign in</button>
      </form>
    </article>
  );
}
