import { Copy } from './copy.tsx';

interface CommandsProps {
  /** By what they are typed for. */
  readonly commands: readonly (readonly [name: string, text: string])[];
}

/** What the form does, for a terminal. */
export function Commands({ commands }: CommandsProps) {
  return (
    <details class="commands">
      <summary>Do the same from a terminal</summary>
      {commands.map(([name, text]) => (
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
