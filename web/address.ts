import { type ReadonlySignal, signal } from '@preact/signals';

/** Where the UI lives: the base of the build. */
export const BASE = import.meta.env.BASE_URL.replace(/\/$/, '');

export const dashboardPath = (query: Readonly<Record<string, string | undefined>> = {}): string => {
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return given.length === 0 ? BASE : `${BASE}?${new URLSearchParams(given)}`;
};
export const jobPath = (jobId: string): string => `${BASE}/job/${encodeURIComponent(jobId)}`;

/** The page that starts a job; `from`: a job whose config it begins with. */
export const startPath = (from?: string): string =>
  `${BASE}/start${from === undefined ? '' : `?from=${encodeURIComponent(from)}`}`;

export interface Address {
  readonly url: ReadonlySignal<URL>;
  go(path: string): void;
}

/** The address of the page. Links within the UI change it without loading the document again; Back and Forward work. */
export function openAddress({ location, history, document, addEventListener, scrollTo }: Window): Address {
  const url = signal(new URL(location.href));
  const read = () => {
    if (url.peek().href !== location.href) url.value = new URL(location.href);
  };
  const go = (path: string) => {
    history.pushState(null, '', path);
    read();
    scrollTo(0, 0);
  };
  addEventListener('popstate', read);
  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    const plain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
    if (!link || !plain || event.defaultPrevented || link.target !== '') return;
    if (link.origin !== location.origin || !link.pathname.startsWith(BASE) || link.hash !== '') return;
    event.preventDefault();
    go(link.pathname + link.search);
  });
  return { url, go };
}
