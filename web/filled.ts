import type { RefObject } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

/**
 * A form whose fields hold what the address says, by their names, and are filled again when that changes. The form itself
 * stays: one that is made anew would lose the focus of whoever has just pressed Enter in it.
 */
export function useFilled(values: Readonly<Record<string, string | undefined>>): RefObject<HTMLFormElement | null> {
  const form = useRef<HTMLFormElement>(null);
  useLayoutEffect(() => {
    for (const field of form.current?.elements ?? [])
      if ((field instanceof HTMLInputElement || field instanceof HTMLSelectElement) && field.name !== '')
        field.value = values[field.name] ?? '';
  }, [JSON.stringify(values)]);
  return form;
}
