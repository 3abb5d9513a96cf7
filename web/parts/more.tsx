import type { ComponentChildren } from 'preact';
import type { Listed } from '../listed.ts';
import { Button } from './action.tsx';
import { ProblemNote } from './problem.tsx';

interface MoreProps {
  readonly listed: Listed<unknown>;
  readonly onMore: () => void;
  /** How much is shown. */
  readonly text: string;
  /** Further buttons. */
  readonly children?: ComponentChildren;
}

/** The end of a list that comes page by page: how much is shown, and the way to the rest. What failed is tried again from there. */
export function More({ listed: { busy, next, problem }, onMore, text, children }: MoreProps) {
  return (
    <>
      {problem && <ProblemNote problem={problem} />}
      <div class="pager">
        <p class="fine" role="status" aria-busy={busy}>
          {busy ? 'Reading…' : text}
        </p>
        <span class="buttons">
          {(next !== undefined || problem) && (
            <Button class="quiet" disabled={busy} onClick={onMore}>
              {problem ? 'Try again' : 'Show more'}
            </Button>
          )}
          {children}
        </span>
      </div>
    </>
  );
}
