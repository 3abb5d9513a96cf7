import type { ComponentChildren } from 'preact';
import type { WebAction } from '../../lib/model/web-actions.ts';
import { useCommand } from '../command.ts';
import { useUi } from '../ui.ts';
import { AskFirst } from './ask-first.tsx';
import { ProblemNote } from './problem.tsx';

interface RemoveProps {
  readonly to: WebAction;
  /** Such as `the webhook`. */
  readonly what: string;
  readonly name: string;
  /** Its path in the API. */
  readonly api: string;
  /** It is not deleted where somebody has changed it since. */
  readonly tag: string | undefined;
  /** The page that is shown afterwards. */
  readonly then: string;
  /** What the deletion means. */
  readonly children: ComponentChildren;
}

/** Deletes what the page is about, after a question. */
export function Remove({ to, what, name, api, tag, then, children }: RemoveProps) {
  const { address } = useUi();
  const { busy, problem, ask } = useCommand();
  const remove = async () => {
    const answer = await ask('remove', api, { method: 'DELETE', ifMatch: tag });
    if (answer?.kind === 'ok') address.go(then);
  };
  return (
    <>
      {problem.value && <ProblemNote problem={problem.value} />}
      <AskFirst
        to={to}
        class="danger"
        text={`Delete ${what}`}
        disabled={busy.value !== undefined}
        asked={{ title: `Delete ${name}?`, yes: 'Delete it', no: 'Keep it', danger: true }}
        onYes={() => void remove()}
      >
        <p>{children}</p>
      </AskFirst>
    </>
  );
}
