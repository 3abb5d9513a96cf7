// Pictures of every page, for docs/web-ui.md: `npm run pictures`; with names of places.ts behind `--` only those. Starts the demo county and the service as `npm start` does.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { pages } from '../../../functions/web/pages.ts';
import { takeDataDir } from '../../../local/data-dir.ts';
import { startService } from '../../../local/service.ts';
import { startDemoDatabases } from '../../../local/start/databases.ts';
import { synthesize } from '../../../local/synth.ts';
import { launch, openPage, overflow } from '../browser.ts';
import { MAX_BYTES, type Place, pictureName, places, SAME_AS, SCHEMES, WIDTHS } from './places.ts';
import { makeScene, type Scene } from './scene.ts';

const FOLDER = 'docs/pictures';
const QUALITY = 42;
const HEIGHTS = { 1280: 800, 360: 740 } as const;

const undo: (() => unknown)[] = [];
try {
  await main();
} finally {
  for (const step of undo.reverse()) await step();
}
process.exit();

async function main(): Promise<void> {
  const pictured = new Set(places.map(({ path }) => path));
  const missed = pages.filter(({ answers, path }) => answers === 'document' && !pictured.has(SAME_AS[path] ?? path));
  if (missed.length > 0) throw new Error(`places.ts has no picture of ${missed.map(({ path }) => path).join(', ')}`);

  const asked = process.argv.slice(2);
  const wanted = asked.length === 0 ? places : places.filter(({ name }) => asked.includes(name));
  if (wanted.length < asked.length) throw new Error(`places.ts knows but ${wanted.map(({ name }) => name).join(', ')}`);

  const folder = mkdtempSync(join(tmpdir(), 'tfsync-pictures-'));
  undo.push(() => rmSync(folder, { recursive: true, force: true }));
  const dataDir = takeDataDir(folder);
  undo.push(() => dataDir.release());
  const [assembly, databases] = await Promise.all([synthesize(), startDemoDatabases(dataDir, 0.05)]);
  undo.push(() => databases.stop());
  const parameters = { RequestsPerSecond: '10000', RequestBurst: '5000' };
  const service = await startService({ port: 0, dataDir, assembly: assembly.folder, auth: 'token', parameters });
  undo.push(() => service.stop());
  const scene = await makeScene({ ...service, ...databases });
  undo.push(() => scene.release());

  if (asked.length === 0) rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  const browser = await launch();
  undo.push(() => browser.close());
  for (const colorScheme of SCHEMES)
    for (const width of WIDTHS) {
      const viewport = { width, height: HEIGHTS[width] };
      await using tab = await openPage(browser, { colorScheme, viewport, reducedMotion: 'reduce' });
      for (const place of wanted) {
        const token = place.signedOut ? '' : `#token=${service.token}`;
        if (place.signedOut) await tab.page.evaluate('sessionStorage.clear()');
        await tab.page.goto(`${service.url}${addressOf(place, scene)}${token}`);
        const file = join(FOLDER, pictureName(place.name, colorScheme, width));
        await take(tab.page, place, file, viewport.height);
        const wider = await overflow(tab.page);
        if (wider > 0) console.error(`${file}: ${wider} px stick out`);
      }
      for (const complaint of tab.complaints) console.error(complaint);
    }
  const sizes = readdirSync(FOLDER).map((name) => statSync(join(FOLDER, name)).size);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  console.error(`${sizes.length} pictures, ${total} bytes`);
  if (total > MAX_BYTES) throw new Error(`more than ${MAX_BYTES} bytes`);
}

function addressOf({ path, at }: Place, scene: Scene): string {
  const { params = {}, query = '' } = at?.(scene) ?? {};
  return path.replaceAll(/\{(\w+)\}/g, (_, name) => encodeURIComponent(params[name] ?? '')) + query;
}

/** What fits into the window; the whole page where that is not much more. */
async function take(page: Page, { prepare, lookAt }: Place, path: string, height: number): Promise<void> {
  await page.locator('h1').first().waitFor();
  await page.locator('#app [aria-busy=true]').first().waitFor({ state: 'detached' });
  await prepare?.(page);
  await page.evaluate('document.activeElement?.blur(); scrollTo(0, 0)');
  if (lookAt !== undefined) await page.evaluate(`document.querySelector('${lookAt}').scrollIntoView()`);
  const whole = (await page.evaluate('document.documentElement.scrollHeight')) as number;
  await page.screenshot({
    path,
    type: 'jpeg',
    quality: QUALITY,
    fullPage: lookAt === undefined && whole <= height * 1.5,
  });
}
