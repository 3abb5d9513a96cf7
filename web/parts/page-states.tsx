import type { ComponentChildren } from 'preact';
import type { LiveState } from '../live.ts';
import { ProblemNote } from './problem.tsx';

interface StatesProps {
  readonly state: LiveState<unknown>;
  /** What is being read, such as `the mappings`. */
  readonly what: string;
}

/** What a page shows besides its data: why there is none yet, or why it is not the newest. */
export function PageStates({ state: { body, problem }, what }: StatesProps) {
  if (problem)
    return (
      <ProblemNote problem={problem}>
        {problem.code === 'forbidden' && <p>Ask whoever runs this service for that role, then sign in again.</p>}
      </ProblemNote>
    );
  if (body !== undefined) return null;
  return (
    <p class="empty" aria-busy="true">
      Reading {what}…
    </p>
  );
}

interface BackProps {
  readonly href: string;
  readonly children: ComponentChildren;
}

export function Back({ href, children }: BackProps) {
  return (
    <nav aria-label="Way back" class="back">
      <a href={href}>← {children}</a>
    </nav>
  );
}
