import { useEffect, useRef } from 'preact/hooks';
import { BASE } from './address.ts';
import { useLacking } from './may.ts';
import { currentIn, paramsIn } from './page-match.ts';
import { NotFoundPage } from './pages/not-found.tsx';
import { SignInPage } from './pages/sign-in.tsx';
import { pageHref, webPages } from './pages.ts';
import { roleOf } from './person.ts';
import { SIGN_IN_PATH } from './sign-in.ts';
import { useUi } from './ui.ts';

/** The frame around every page, and the page that the address names. */
export function App() {
  const { session, signIn, address } = useUi();
  const signedIn = session.token.value !== undefined && !session.refused.value;
  const { pathname } = address.url.value;
  const main = useRef<HTMLElement>(null);
  const shown = useRef(pathname);
  useEffect(() => {
    if (shown.current === pathname) return; // the browser itself begins at the top
    shown.current = pathname;
    main.current?.focus();
  }, [pathname]);

  useEffect(() => {
    if (signedIn) void signIn.load(); // which claim of the token lists roles
  }, [signedIn]);

  return (
    <>
      <a class="skip" href="#content">
        Skip to the content
      </a>
      <header class="bar">
        <a class="brand" href={BASE}>
          <svg viewBox="0 0 32 32" aria-hidden="true" focusable="false">
            <rect width="32" height="32" rx="7" />
            <path d="M8 12h13l-4-4M24 20H11l4 4" />
          </svg>
          TerraFusion Sync
        </a>
        {!session.refused.value && pathname !== SIGN_IN_PATH && <Navigation pathname={pathname} />}
        {signedIn && (
          <div class="who">
            <Who />
            <button type="button" class="quiet" onClick={signIn.signOut}>
              Sign out
            </button>
          </div>
        )}
      </header>
      <main id="content" ref={main} tabIndex={-1}>
        {session.refused.value || pathname === SIGN_IN_PATH ? <SignInPage /> : pageOf(pathname)}
      </main>
    </>
  );
}

/** Whose token this is, and the role that it gives. */
function Who() {
  const person = useUi().person.value;
  return person ? (
    <span class="fine" title={`Groups in the token: ${person.roles.join(', ') || 'none'}`}>
      <span class="name">{person.name}</span> · {roleOf(person) ?? 'no role'}
    </span>
  ) : null;
}

function Navigation({ pathname }: { readonly pathname: string }) {
  const lacking = useLacking();
  const shown = webPages.find((page) => paramsIn(pageHref(page), pathname));
  return (
    <nav class="pages" aria-label="Pages">
      {webPages.map((page) =>
        page.nav === undefined || (page.needs && lacking(page.needs)) ? null : (
          <a key={page.path} href={pageHref(page)} aria-current={currentIn(page, shown)}>
            {page.nav}
          </a>
        ),
      )}
    </nav>
  );
}

function pageOf(pathname: string) {
  for (const page of webPages) {
    const params = paramsIn(pageHref(page), pathname);
    const { show: Show } = page;
    if (params) return <Show key={Object.values(params).join('/')} params={params} />;
  }
  return <NotFoundPage />;
}
