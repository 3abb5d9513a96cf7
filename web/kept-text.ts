import { type Signal, useSignal, useSignalEffect } from '@preact/signals';

const PREFIX = 'terrafusion.text.';

/** Forgets all texts: whoever signs out leaves nothing for the next person. */
export function forgetTexts(storage: Storage): void {
  for (const key of Object.keys(storage)) if (key.startsWith(PREFIX)) storage.removeItem(key);
}

export interface KeptText {
  readonly text: Signal<string>;
  /** The text is from before: the page was loaded anew, or whoever wrote had to sign in again. */
  readonly found: Signal<boolean>;
  /** Begins again with what there was at first. */
  reset(): void;
  /** It is not needed any more. */
  forget(): void;
}

/** A text that somebody writes, kept in this tab until it is stored or given up. `beginning` is not kept. */
export function useKeptText(name: string, beginning: string): KeptText {
  const key = PREFIX + name;
  const first = useSignal(beginning);
  const text = useSignal(sessionStorage.getItem(key) ?? beginning);
  const found = useSignal(text.peek() !== beginning);
  useSignalEffect(() => {
    if (text.value === first.peek()) sessionStorage.removeItem(key);
    else keep(key, text.value);
  });
  const forget = () => {
    found.value = false;
    sessionStorage.removeItem(key);
  };
  const reset = () => {
    text.value = first.peek();
    found.value = false;
  };
  return { text, found, reset, forget };
}

function keep(key: string, text: string): void {
  try {
    sessionStorage.setItem(key, text);
  } catch {
    sessionStorage.removeItem(key); // larger than what a tab may keep: it is only on the page, and not an old part of it
  }
}
