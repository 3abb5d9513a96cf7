import { createHash } from 'node:crypto';

const STYLE = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 22rem; margin: 15vh auto 0; padding: 0 1rem; }
label, input, button { display: block; width: 100%; box-sizing: border-box; font: inherit; }
input, button { padding: .5rem .75rem; margin: .25rem 0 1rem; }
[role=alert] { border-left: .25rem solid #b42318; padding-left: .75rem; }
`;
const LEAVE = 'document.forms[0].submit()';
const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** No `form-action`: a browser would hold it against the way back to the pages too. */
export const PAGE_POLICY = `default-src 'none'; style-src ${hash(STYLE)}; script-src ${hash(LEAVE)}; base-uri 'none'; frame-ancestors 'none'`;

/** Asks for name and password. `action`: where they are posted to. */
export function loginPage({ action, wrong }: { readonly action: string; readonly wrong: boolean }): string {
  return document(
    'Sign in on this machine',
    `${wrong ? '<p role="alert">Name and password do not belong together.</p>' : ''}
<form method="post" action="${escaped(action)}">
<label for="name">Name</label>
<input id="name" name="name" required autofocus autocomplete="username" placeholder="viewer, operator, resolver or admin">
<label for="password">Password</label>
<input id="password" name="password" type="password" required autocomplete="current-password">
<button>Sign in</button>
</form>
<p>The passwords are in <code>accounts.json</code> of the data folder (<code>.terrafusion</code>).</p>`,
  );
}

/** Signs out by itself: whoever comes here has just asked for it. `form`: the provider's own. */
export function logoutPage(form: string): string {
  const sure = form.replace(
    '</form>',
    '<input type="hidden" name="logout" value="yes"><button>Sign out</button></form>',
  );
  return document('Signing out', `${sure}<script>${LEAVE}</script>`);
}

export function messagePage(title: string, text: string): string {
  return document(title, `<p>${escaped(text)}</p>`);
}

function document(title: string, body: string): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(title)} · TerraFusion Sync</title><style>${STYLE}</style><main><h1>${escaped(title)}</h1>${body}</main></html>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}
