import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { Question } from './parts/dialog.tsx';
import { useUi } from './ui.ts';

/** A wish to leave. One that comes while the question about the last one is closing has its own question. */
interface Leaving {
  readonly path: string;
  readonly nth: number;
}

/**
 * Asks before what somebody has typed is lost: the browser where the page is closed or loaded anew, a question where they follow a
 * link or go back. `isUnsaved` is asked when they leave, `onLeave` called once they have said yes. What it answers has to be shown.
 */
export function useUnsaved(isUnsaved: () => boolean, what: string, onLeave: () => void) {
  const { address } = useUi();
  const wanted = useSignal<Leaving | undefined>(undefined);
  const wishes = useRef(0);
  const current = useRef(isUnsaved);
  current.current = isUnsaved;
  useEffect(() => {
    const closing = (event: BeforeUnloadEvent) => {
      if (current.current()) event.preventDefault();
    };
    const release = address.hold((path) => {
      if (!current.current()) return false;
      wishes.current += 1;
      wanted.value = { path, nth: wishes.current };
      return true;
    });
    window.addEventListener('beforeunload', closing);
    return () => {
      release();
      window.removeEventListener('beforeunload', closing);
    };
  }, [address]);
  const leaving = wanted.value;
  if (leaving === undefined) return null;
  return (
    <Question
      key={leaving.nth}
      title={`Leave ${what}?`}
      yes="Leave it"
      no="Stay"
      danger
      onYes={() => {
        current.current = () => false;
        onLeave();
        address.go(leaving.path);
      }}
      onNo={() => {
        if (wanted.peek() === leaving) wanted.value = undefined; // a dialog says that it has closed a frame later
      }}
    >
      <p>What you have written is nowhere else yet, and would be lost.</p>
    </Question>
  );
}
