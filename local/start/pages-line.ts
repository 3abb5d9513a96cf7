import { relative } from 'node:path';

export interface PagesLine {
  readonly url: string;
  /** Empty where none is asked for. */
  readonly token: string;
  readonly tokenFile: string;
  readonly accountsFile: string;
  /** A terminal is read by the person who started the service; what is written elsewhere may be kept. */
  readonly terminal: boolean;
}

/**
 * Where to open the pages. On a terminal the address signs in: its fragment, which no browser sends to a server, carries
 * the token, and the page takes it out of the address. Elsewhere the token stays in its file.
 */
export function pagesLine({ url, token, tokenFile, accountsFile, terminal }: PagesLine): string {
  if (token === '') return `Open ${url}/ in a browser.`;
  const accounts = `Accounts and passwords for other roles are in ${shortest(accountsFile)}.`;
  if (terminal) return `Open in a browser, signed in for 12 hours: ${url}/#token=${token}\n${accounts}`;
  return `Open ${url}/ in a browser; the token is in ${shortest(tokenFile)}.\n${accounts}`;
}

/** A path as short as it can be said from here. */
export function shortest(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere.startsWith('..') ? path : fromHere;
}
