import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { Question } from './parts/dialog.tsx';
import { useUi } from './ui.ts';

/**
 * Asks before what somebody has typed is lost: the browser where the page is closed or loaded anew, a question where they follow a
 * link or go back. `isUnsaved` is asked when they leave. What it answers has to be shown.
 */
export function useUnsaved(isUnsaved: () => boolean, what: string) {
  const { address } = useUi();
  const wanted = useSignal<string | undefined>(undefined);
  const current = useRef(isUnsaved);
  current.current = isUnsaved;
  useEffect(() => {
    const closing = (event: BeforeUnloadEvent) => {
      if (current.current()) event.preventDefault();
    };
    const release = address.hold((path) => {
      if (!current.current()) return false;
      wanted.value = path;
      return true;
    });
    window.addEventListener('beforeunload', closing);
    return () => {
      release();
      window.removeEventListener('beforeunload', closing);
    };
  }, [address]);
  const path = wanted.value;
  if (path === undefined) return null;
  return (
    <Question
      title={`Leave ${what}?`}
      yes="Leave it"
      no="Stay"
      danger
      onYes={() => {
        current.current = () => false;
        address.go(path);
      }}
      onNo={() => {
        wanted.value = undefined;
      }}
    >
      <p>What you have written is nowhere else yet, and would be lost.</p>
    </Question>
  );
}
