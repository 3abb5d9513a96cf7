import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import type { Role } from '../../lib/model/roles.ts';
import { synthesize } from '../../local/synth.ts';
import { type Answer, type E2eService, startService } from '../e2e/support.ts';
import { launch, noBrowser } from './browser.ts';
import { tokenOf } from './token.ts';

export const BASE = '/sync/terra_fusion';

/** A service and a browser for all tests around; they are skipped where there is no browser. */
export function served() {
  let service: E2eService | undefined;
  let browser: Browser | undefined;
  beforeEach(({ skip }) => skip(noBrowser !== undefined, noBrowser));
  beforeAll(async () => {
    if (noBrowser !== undefined) return;
    await synthesize(); // what builds takes long on a busy machine, and is no part of a start
    [service, browser] = await Promise.all([startService(), launch()]);
  });
  afterAll(async () => {
    await browser?.close();
    await service?.[Symbol.asyncDispose]();
  });
  const running = (): E2eService => {
    if (!service) throw new Error('the service is started before the first test');
    return service;
  };
  const call = (method: string, path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
    running().call(path, {
      method,
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    });
  return {
    get service() {
      return running();
    },
    get browser() {
      if (!browser) throw new Error('the browser is started before the first test');
      return browser;
    },
    /** The address of a page below the base, for whoever has the token. */
    at: (path: string, token = running().token) => `${running().url}${BASE}${path}#token=${token}`,
    /** A token of somebody who has this role alone. */
    someone: (role: Role, username = 'someone') => tokenOf(running(), { username, groups: [role] }),
    call,
    put: (path: string, body: unknown, headers?: Record<string, string>) => call('PUT', path, body, headers),
  };
}
