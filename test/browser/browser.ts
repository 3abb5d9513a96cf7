import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { ROOT } from '../e2e/support.ts';

export { launch, noBrowser } from './chromium.ts';

/** Pictures of what the tests saw, for people. */
const PICTURES = join(ROOT, 'dist', 'screenshots');

/** A page in a browser profile of its own that remembers everything that must not happen in it. */
export interface TestPage extends AsyncDisposable {
  readonly page: Page;
  /** Dialogs, errors, refused loads and script that the policy has blocked, so far. */
  readonly complaints: readonly string[];
  /** Writes `<name>.png`. */
  picture(name: string): Promise<void>;
}

/** What the policy of a page has blocked becomes an error of the console, whatever the browser itself says of it. */
const REPORT = `document.addEventListener('securitypolicyviolation',
  ({ effectiveDirective, blockedURI }) => console.error('policy: ' + effectiveDirective + ' ' + blockedURI))`;

export async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<TestPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  context.setDefaultTimeout(90_000); // as long as tests of the whole service wait for a job: machines are shared
  await context.addInitScript(REPORT);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
  page.on('console', (message) => {
    // a policy that blocks something says so here; an answer of 400 and above does too, and may be meant
    if (message.type() === 'error' && !/Failed to load resource/.test(message.text()))
      complaints.push(`console: ${message.text()}`);
  });
  return {
    page,
    complaints,
    picture: async (name) => {
      mkdirSync(PICTURES, { recursive: true });
      await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
    },
    [Symbol.asyncDispose]: () => context.close(),
  };
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Colours on their way from one to another have a contrast of their own. What turns for ever is not waited for. */
const AT_REST = `Promise.all(document.getAnimations()
  .filter((a) => a.effect?.getComputedTiming().iterations !== Infinity)
  .map((a) => a.finished.catch(() => {})))`;

/** Serious and critical findings of axe-core on what the page shows when it is at rest, by rule and place. */
export async function axeFindings(page: Page): Promise<readonly string[]> {
  await page.evaluate(`${AT_REST}.then(() => {})`);
  // by the browser's debugging protocol: the page's own policy lets no foreign script in
  const found = await page.evaluate(`${AXE}; axe.run(document, { resultTypes: ['violations'] })`);
  const { violations } = found as { violations: { id: string; impact: string; nodes: { html: string }[] }[] };
  return violations
    .filter(({ impact }) => ['serious', 'critical'].includes(impact))
    .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 160)}`));
}

/** Pixels by which the page is wider than the window. */
export function overflow(page: Page): Promise<number> {
  return page.evaluate(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  ) as Promise<number>;
}
