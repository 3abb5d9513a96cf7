import { useRef } from 'preact/hooks';

/** 128 random bits; `randomUUID` is not there on a page that came without TLS. */
const freshKey = () =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, '0')).join('');

interface RequestKey {
  /** The same for the same request: a second click, or a second try after an answer was lost, does nothing twice. */
  of(request: unknown): string;
  /** It was answered: the same once more is meant. */
  used(): void;
}

/** The `Idempotency-Key` of what a form sends. */
export function useRequestKey(): RequestKey {
  const held = useRef<{ readonly of: string; readonly key: string } | undefined>(undefined);
  return {
    of: (request) => {
      const of = JSON.stringify(request);
      if (held.current?.of !== of) held.current = { of, key: freshKey() };
      return held.current.key;
    },
    used: () => {
      held.current = undefined;
    },
  };
}
