import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';

const SHOWN_MS = 2000;

/** Puts a text on the clipboard, and says whether it did. */
export function Copy({ text, what }: { readonly text: string; readonly what: string }) {
  const said = useSignal<string | undefined>(undefined);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const copy = async () => {
    said.value = await Promise.resolve()
      .then(() => navigator.clipboard.writeText(text)) // absent on a page that came without TLS
      .then(
        () => 'Copied',
        () => 'The browser did not allow it',
      );
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      said.value = undefined;
    }, SHOWN_MS);
  };
  return (
    <button type="button" class="quiet copy" aria-label={`Copy ${what}`} onClick={() => void copy()}>
      <span role="status">{said.value ?? 'Copy'}</span>
    </button>
  );
}
