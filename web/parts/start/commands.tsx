import { asCurl, asTfsync } from '../../start/commands.ts';
import type { ConfigOf, StartForm } from '../../start/request.ts';
import { Copy } from '../copy.tsx';

/** The same start for a terminal. */
export function Commands({ form, config }: { readonly form: StartForm; readonly config: ConfigOf['config'] }) {
  const asked = { ...form, config, origin: window.location.origin };
  return (
    <details class="commands">
      <summary>Do the same from a terminal</summary>
      {(
        [
          ['tfsync', asTfsync(asked)],
          ['curl', asCurl(asked)],
        ] as const
      ).map(([name, text]) => (
        <section key={name} aria-label={name}>
          <p class="with-copy">
            {name} <Copy text={text} what={`as ${name}`} />
          </p>
          <pre>
            <code>{text}</code>
          </pre>
        </section>
      ))}
    </details>
  );
}
