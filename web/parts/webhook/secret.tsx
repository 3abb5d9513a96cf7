import { Copy } from '../copy.tsx';

/** A secret that the service has just made and will not say again; it lives in this page alone. */
export function NewSecret({ name, secret }: { readonly name: string; readonly secret: string }) {
  return (
    <section class="note good" role="status">
      <p class="what">The secret of {name}, shown here and never again:</p>
      <p class="with-copy">
        <code>{secret}</code> <Copy text={secret} what="the secret" />
      </p>
      <p>Give it to the receiver, which checks with it that a notification is ours.</p>
    </section>
  );
}
