import { type ReadonlySignal, signal } from '@preact/signals';

/** Where the UI lives: the base of the build. */
export const BASE = import.meta.env.BASE_URL.replace(/\/$/, '');
/** Where the pages of the original service live: the folder of the base. */
export const PROJECT_BASE = BASE.slice(0, BASE.lastIndexOf('/'));

/** A place of this site that is one of a page. */
export const isPagePath = (path: string): boolean => path.startsWith(`${PROJECT_BASE}/`);

export type Query = Readonly<Record<string, string | undefined>>;

/** A path with what is given of a query; an empty text is not given. */
export const withQuery = (path: string, query: Query): string => {
  const given = Object.entries(query).filter((entry): entry is [string, string] => !!entry[1]);
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`;
};

export const dashboardPath = (query: Query = {}): string => withQuery(BASE, query);
export const jobPath = (jobId: string): string => `${BASE}/job/${encodeURIComponent(jobId)}`;

/** The page that starts a job; `from`: a job whose config it begins with. */
export const startPath = (from?: string): string => withQuery(`${BASE}/start`, { from });

export interface Address {
  readonly url: ReadonlySignal<URL>;
  go(path: string): void;
  /** Asked before another place is shown: true keeps the page, and whoever asked goes on. The answer ends it. */
  hold(keeps: (path: string) => boolean): () => void;
}

/** The address of the page. Links within the UI change it without loading the document again; Back and Forward work. */
export function openAddress({ location, history, document, addEventListener, scrollTo }: Window): Address {
  const missing = new URL(location.href).searchParams.get('missing'); // the service has led here from there
  if (missing !== null && isPagePath(missing)) history.replaceState(history.state, '', missing + location.hash);
  const url = signal(new URL(location.href));
  let keeps: ((path: string) => boolean) | undefined;
  const read = () => {
    if (url.peek().href !== location.href) url.value = new URL(location.href);
  };
  const goneBack = () => {
    const { pathname, search, href } = location;
    if (url.peek().href === href || !keeps?.(pathname + search)) return read();
    history.pushState(null, '', url.peek().href); // the browser has left already: the address of what is shown comes back
  };
  const go = (path: string) => {
    if (keeps?.(path)) return;
    history.pushState(null, '', path);
    read();
    scrollTo(0, 0);
  };
  addEventListener('popstate', goneBack);
  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    const plain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
    if (!link || !plain || event.defaultPrevented || link.target !== '') return;
    if (link.origin !== location.origin || !isPagePath(link.pathname) || link.hash !== '') return;
    event.preventDefault();
    go(link.pathname + link.search);
  });
  const hold = (asked: (path: string) => boolean) => {
    keeps = asked;
    return () => {
      if (keeps === asked) keeps = undefined;
    };
  };
  return { url, go, hold };
}
