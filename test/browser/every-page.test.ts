import type { Page } from 'playwright-core';
import { afterAll, describe, expect, test } from 'vitest';
import { pages, SIGN_IN_PATH } from '../../functions/web/pages.ts';
import type { TestPair } from '../support/databases.ts';
import { axeFindings, openPage, overflow } from './browser.ts';
import { dialogs, presses, refuseChanges, walk, watchKeyboard } from './keyboard.ts';
import { lookThrough } from './look-through.ts';
import { payloadWorld } from './payload-world.ts';
import { PAYLOADS } from './payloads.ts';
import { BASE, served } from './served.ts';
import { walkedWorld } from './walked-world.ts';

/** Paths of all pages that show something, in the form of the gateway. A new page is among them by itself. */
const PATHS = pages.flatMap(({ answers, path }) => (answers === 'document' && path !== SIGN_IN_PATH ? [path] : []));

describe('every page', () => {
  const web = served();
  const pairs: TestPair[] = [];
  afterAll(async () => {
    for (const pair of pairs) await pair[Symbol.asyncDispose]();
  });

  let made: Promise<readonly string[]> | undefined;
  /** Addresses of every page, below the origin. */
  const addresses = () => {
    made ??= (async () => {
      const { pair, params, order } = await walkedWorld(web);
      pairs.push(pair);
      const all = PATHS.map((path) =>
        path.replaceAll(/\{(\w+)\}/g, (_, name) => {
          const value = params[name];
          if (value === undefined) throw new Error(`walked-world.ts knows no ${name} for ${path}`);
          return encodeURIComponent(value);
        }),
      );
      return [...all, `${BASE}/pairs?order=${order}`]; // an order is followed on the page that it was given on
    })();
    return made;
  };

  /** Shows an address with everything on it that can be opened, and answers its tabs. */
  const show = async (page: Page, address: string) => {
    await page.goto(`${web.service.url}${address}`);
    await page.locator('h1').first().waitFor();
    await page.locator('#app [aria-busy=true]').first().waitFor({ state: 'detached' });
    await page.evaluate(`for (const details of document.querySelectorAll('main details')) details.open = true`);
    await page.locator('#app [aria-busy=true]').first().waitFor({ state: 'detached' });
    return (await page.evaluate(
      `[...document.querySelectorAll('nav.tabs a')].map((a) => a.pathname + a.search)`,
    )) as readonly string[];
  };

  /** Visits every page, and every tab of it: what was found there that should not be, by address. */
  const visitAll = async (page: Page, look: () => Promise<readonly string[]>) => {
    const found: Record<string, readonly string[]> = {};
    const waiting = [...(await addresses())];
    const seen = new Set(waiting);
    await page.goto(web.at(''));
    for (let address = waiting.shift(); address !== undefined; address = waiting.shift()) {
      for (const tab of await show(page, address)) {
        if (seen.has(tab)) continue;
        seen.add(tab);
        waiting.push(tab);
      }
      const faults = await look();
      if (faults.length > 0) found[address] = faults;
    }
    await page.evaluate('sessionStorage.clear()');
    await show(page, SIGN_IN_PATH);
    await page.getByRole('button', { name: 'Sign in with' }).waitFor();
    const signedOut = await look();
    if (signedOut.length > 0) found[SIGN_IN_PATH] = signedOut;
    return { found, seen };
  };

  /** Bars that say nothing of what they measure; axe looks at those alone that are bars by their role. */
  const NAMELESS = `[...document.querySelectorAll('progress, meter')]
    .filter((bar) => !bar.ariaLabel && !bar.hasAttribute('aria-labelledby') && bar.labels.length === 0)
    .map((bar) => 'no name: ' + bar.outerHTML.slice(0, 120))`;

  const looksRight = async (page: Page) => {
    const wider = await overflow(page);
    const nameless = (await page.evaluate(NAMELESS)) as readonly string[];
    return [...(await axeFindings(page)), ...nameless, ...(wider > 0 ? [`${wider} px stick out`] : [])];
  };

  test('in light and wide, nothing sticks out and axe finds nothing serious', async () => {
    await using tab = await openPage(web.browser);

    const { found, seen } = await visitAll(tab.page, () => looksRight(tab.page));

    expect(found).toEqual({});
    expect(seen.size).toBeGreaterThan(PATHS.length + 7); // tabs too
    expect(tab.complaints).toEqual([]);
  });

  test('in the dark and narrow as well, and everything is reached and done with the keyboard alone', async () => {
    const viewport = { width: 360, height: 780 };
    await using tab = await openPage(web.browser, { colorScheme: 'dark', viewport, reducedMotion: 'reduce' });
    const { page } = tab;
    await watchKeyboard(page);
    await refuseChanges(page);
    let opened = 0;

    const { found } = await visitAll(page, async () => {
      const looks = await looksRight(page);
      const walked = await walk(page);
      const asked = await dialogs(page);
      opened += asked.opened;
      const signedOut = new URL(page.url()).pathname === SIGN_IN_PATH; // its button leaves the site
      return [...looks, ...walked, ...asked.faults, ...(signedOut ? [] : await presses(page))];
    });

    expect(found).toEqual({});
    expect(opened).toBeGreaterThan(8);
    expect(tab.complaints).toEqual([]);
  });

  test('a hundred payloads in every place that a text comes from stay text', async () => {
    const world = await payloadWorld(web.service);
    pairs.push(world.pair);
    await using tab = await openPage(web.browser);

    const seen = await lookThrough(tab.page, { ...world, base: `${web.service.url}${BASE}`, token: web.service.token });

    expect(seen.unvisited).toEqual([]);
    expect(seen.made).toEqual([]);
    expect(seen.missing).toEqual([]);
    expect(PAYLOADS.length).toBe(100);
    expect(tab.complaints).toEqual([]);
  });
});
