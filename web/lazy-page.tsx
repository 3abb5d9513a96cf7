import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { PageParams } from './page-params.ts';

type Page = ComponentType<{ readonly params: PageParams }>;

/** A page whose script is loaded when it is first shown, so that the first page of all stays small. */
export function lazyPage(load: () => Promise<Page>): Page {
  let loaded: Page | undefined;
  return ({ params }) => {
    const [page, setPage] = useState<{ readonly show?: Page; readonly failed?: boolean }>({
      ...(loaded && { show: loaded }),
    });
    useEffect(() => {
      if (loaded) return;
      load().then(
        (show) => {
          loaded = show;
          setPage({ show });
        },
        () => setPage({ failed: true }),
      );
    }, []);
    if (page.show) return <page.show params={params} />;
    return page.failed ? (
      <NotLoaded />
    ) : (
      <p class="empty" aria-busy="true">
        Loading the page…
      </p>
    );
  };
}

/** The network is down, or the service has been updated since the document was loaded and has other files now. */
function NotLoaded() {
  return (
    <section class="empty" role="alert">
      <h1>The page could not be loaded</h1>
      <p>The network may be down, or the service was updated meanwhile.</p>
      <button type="button" onClick={() => location.reload()}>
        Load it again
      </button>
    </section>
  );
}
