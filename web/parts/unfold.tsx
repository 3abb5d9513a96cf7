import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';

interface UnfoldProps {
  readonly summary: string;
  readonly class?: string;
  readonly children: () => ComponentChildren;
}

/** Something that is drawn, and asked for, once somebody wants to see it. */
export function Unfold({ summary, children, ...rest }: UnfoldProps) {
  const open = useSignal(false);
  return (
    <details
      {...rest}
      onToggle={(event) => {
        open.value = event.currentTarget.open;
      }}
    >
      <summary>{summary}</summary>
      {open.value && children()}
    </details>
  );
}
