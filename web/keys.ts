import { type Signal, signal } from '@preact/signals';
import { useLayoutEffect } from 'preact/hooks';

const KEY = 'terrafusion.keys';

/** Whether single letters are commands: whoever speaks to the computer, or types by accident, turns them off. */
export const keysOn: Signal<boolean> = signal(globalThis.localStorage?.getItem(KEY) !== 'off');

export function setKeysOn(on: boolean): void {
  keysOn.value = on;
  if (on) localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, 'off');
}

/** Where letters are text. */
const isTyping = (at: EventTarget | null): boolean =>
  at instanceof HTMLElement &&
  (at.isContentEditable || at.closest('dialog, textarea, select, input:not([type=radio], [type=checkbox])') !== null);

/** Does what a key says, while the component is shown. `?` works also where the others are turned off. */
export function useKeys(keys: Readonly<Record<string, () => void>>): void {
  useLayoutEffect(() => {
    // as soon as it is there, not after the next paint: a key until then would be lost
    const pressed = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isTyping(event.target)) return;
      const does = Object.hasOwn(keys, event.key) && (keysOn.peek() || event.key === '?') ? keys[event.key] : undefined;
      if (!does) return;
      event.preventDefault();
      does();
    };
    document.addEventListener('keydown', pressed);
    return () => document.removeEventListener('keydown', pressed);
  });
}
