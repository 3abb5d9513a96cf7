import { statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { DIST } from '../../infra/build.ts';
import { launch, noBrowser } from '../browser/chromium.ts';
import { openStores, type Stores } from '../browser/stores.ts';
import { sampleConflict, sampleJob, sampleProgress, sampleTable } from '../contract/samples.ts';
import { firstLoad } from '../support/first-load.ts';
import type { LocalService } from './local-service.ts';
import { spread, table } from './report.ts';

// Issue 9.
const FIRST_LOAD_LIMIT_BYTES = 150_000;
const USABLE_LIMIT_MS = 1000;
const LONG_TASK_LIMIT_MS = 200;

/** How long a page is scrolled up and down: several times the 2 s after which a page asks again. */
const SCROLL_MS = 10_000;
/** Pages of the list of conflicts that are scrolled and left. */
const CONFLICT_PAGES = 10;

const BUILT = join(DIST, 'web', 'pages');

interface Options {
  readonly runs: number;
  readonly jobs: number;
  readonly tables: number;
  readonly conflicts: number;
  readonly say: (line: string) => void;
}

/** The pages in a real browser over the local service: what loads first, a long list of jobs, a job of many tables, one of many conflicts. */
export async function pages(service: LocalService, options: Options): Promise<string> {
  if (noBrowser !== undefined) throw new Error(noBrowser);
  const { runs, jobs, tables, conflicts, say } = options;
  using stores = await openStores(service.dynamodbUrl);
  const wide = await storeTables(stores, tables);
  const disputed = await storeConflicts(stores, conflicts, say);
  await storeJobs(stores, jobs - 2);
  say(`${jobs} jobs stored`);

  const browser = await launch();
  try {
    const cold = await usable(browser, service, ''); // a service that people use has its functions running
    const rows = [firstBytes(), ['dashboard, first call of every function', `${cold.toFixed(0)} ms`, '', '']];
    for (const [what, path] of [
      [`dashboard, ${jobs} jobs`, ''],
      ['the same, searched for a text', '?text=assessor-7'],
      ['the same, those that failed', '?status=failed'],
    ] as const) {
      const times = await inTurn(runs, () => usable(browser, service, path));
      rows.push([`${what}: usable`, `${spread(times, 0)} ms`, `${USABLE_LIMIT_MS} ms`, said(times, USABLE_LIMIT_MS)]);
    }
    for (const [what, scroll] of [
      [
        `job with ${tables} tables, changing, scrolled`,
        () => scrollTables(browser, service, stores, { jobId: wide, count: tables, all: false }),
      ],
      [
        'the same with all of them shown',
        () => scrollTables(browser, service, stores, { jobId: wide, count: tables, all: true }),
      ],
      [
        `job with ${conflicts} conflicts, ${CONFLICT_PAGES} pages scrolled`,
        () => scrollConflicts(browser, service, disputed),
      ],
    ] as const) {
      const times = await inTurn(runs, scroll);
      rows.push([
        `${what}: longest task`,
        `${spread(times, 0)} ms`,
        `${LONG_TASK_LIMIT_MS} ms`,
        said(times, LONG_TASK_LIMIT_MS),
      ]);
    }
    return table([['what', 'measured', 'at most', ''], ...rows]);
  } finally {
    await browser.close();
  }
}

/** Every run counts, not their median. */
const said = (values: readonly number[], most: number) => (values.every((value) => value <= most) ? 'met' : 'MISSED');

async function inTurn(runs: number, measure: () => Promise<number>): Promise<readonly number[]> {
  const times: number[] = [];
  for (let run = 0; run < runs; run += 1) times.push(await measure());
  return times;
}

function firstBytes(): readonly string[] {
  const names = firstLoad(BUILT);
  const bytes = names.reduce((sum, name) => sum + statSync(join(BUILT, `${name}.br`)).size, 0);
  const verdict = said([bytes], FIRST_LOAD_LIMIT_BYTES);
  return [`first load, ${names.length} files, brotli`, `${bytes} bytes`, `${FIRST_LOAD_LIMIT_BYTES} bytes`, verdict];
}

const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();

async function storeJobs({ jobs }: Stores, count: number): Promise<void> {
  const { source } = sampleJob();
  for (let i = 0; i < count; i += 1) {
    const failed = i % 9 === 0;
    const job = sampleJob({
      state: failed ? 'failed' : 'completed',
      source: { ...source, database: `assessor-${i % 20}` },
      created_at: ago(i * 30 + 2),
      started_at: ago(i * 30 + 2),
      ended_at: ago(i * 30 + 1),
      ...(failed && { failure: { code: 'unavailable', message: 'The source did not answer within 20 s.' } }),
    });
    await jobs.create(job);
    await jobs.forget(job.job_id, job.epoch); // nothing is left to look after
  }
}

/** A job at work that nobody works on: its progress is what this bench says. */
async function storeTables({ jobs }: Stores, count: number): Promise<string> {
  const job = sampleJob({ state: 'running', created_at: ago(0), started_at: ago(0), heartbeat_at: ago(0) });
  await jobs.create(job);
  await jobs.forget(job.job_id, job.epoch);
  await jobs.putTables(
    Array.from({ length: count }, (_, n) =>
      sampleTable(job.job_id, { table: n, name: `public.table_${String(n).padStart(4, '0')}`, state: 'running' }),
    ),
  );
  return job.job_id;
}

async function storeConflicts({ jobs, conflicts }: Stores, count: number, say: (line: string) => void) {
  const job = sampleJob({ state: 'completed_with_issues', created_at: ago(1), ended_at: ago(0) });
  await jobs.create(job);
  await jobs.forget(job.job_id, job.epoch);
  for (let i = 0; i < count; i += 1000) {
    const some = Array.from({ length: Math.min(1000, count - i) }, (_, j) =>
      sampleConflict(job.job_id, { key: [String(i + j)], opened_at: new Date(1.79e12 + i + j).toISOString() }),
    );
    await conflicts.put(some);
    if (i % 10_000 === 0) say(`${i} conflicts stored`);
  }
  return job.job_id;
}

/** When the list and the counters have come, by the page's own clock from the moment that it was asked for. */
const WATCH_USABLE = `new MutationObserver((_, observer) => {
  if (!document.querySelector('.jobs tbody tr') || !document.querySelector('.counters')) return;
  observer.disconnect();
  requestAnimationFrame(() => { window.usableMs = performance.now(); });
}).observe(document, { childList: true, subtree: true });`;

/** Durations of the tasks above 50 ms since the last look, the only ones that a browser tells of. */
const WATCH_TASKS = `window.longTasks = [];
  new PerformanceObserver((list) => window.longTasks.push(...list.getEntries().map((e) => e.duration)))
    .observe({ type: 'longtask' });`;

async function inNewProfile<T>(browser: Browser, script: string, work: (page: Page) => Promise<T>): Promise<T> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  try {
    await context.addInitScript(script);
    return await work(await context.newPage());
  } finally {
    await context.close();
  }
}

const addressOf = ({ url, token }: LocalService, path: string) => `${url}/sync/terra_fusion${path}#token=${token}`;

/** Milliseconds until the dashboard can be used, nothing of it in the browser's cache. */
const usable = (browser: Browser, service: LocalService, path: string) =>
  inNewProfile(browser, WATCH_USABLE, async (page) => {
    await page.goto(addressOf(service, path));
    for (;;) {
      const ms = await page.evaluate('window.usableMs');
      if (typeof ms === 'number') return ms;
      await pause(20); // the page has noted when it was
    }
  });

/** Turns the wheel down and up again; after each turn, `between`. Answers the longest task meanwhile; none is 0. */
async function scroll(page: Page, forMs: number, between: () => Promise<void> = async () => {}): Promise<number> {
  await page.mouse.move(640, 450);
  await page.evaluate('window.longTasks.length = 0');
  const end = performance.now() + forMs;
  let way = 1;
  while (performance.now() < end) {
    await page.mouse.wheel(0, 700 * way);
    await between();
    const at = (await page.evaluate('[scrollY, document.documentElement.scrollHeight - innerHeight]')) as readonly [
      number,
      number,
    ];
    if (at[0] >= at[1] - 1) way = -1;
    if (at[0] <= 0) way = 1;
  }
  await page.evaluate('new Promise((done) => requestAnimationFrame(() => setTimeout(done)))'); // the last task has been told
  return Math.max(0, ...((await page.evaluate('window.longTasks')) as readonly number[]));
}

interface Wide {
  readonly jobId: string;
  /** Tables of the job. */
  readonly count: number;
  /** More are asked for until none is left out; else those that are shown at first. */
  readonly all: boolean;
}

/** The tab of the tables, while the counts of all of them go up. */
const scrollTables = (browser: Browser, service: LocalService, stores: Stores, { jobId, count, all }: Wide) =>
  inNewProfile(browser, WATCH_TASKS, async (page) => {
    await page.goto(addressOf(service, `/job/${jobId}?tab=tables`));
    const rows = page.locator('.tables tbody tr');
    await rows.first().waitFor();
    while (all && (await rows.count()) < count) await page.getByRole('button', { name: 'Show more' }).click();
    let seq = Date.now();
    return scroll(page, SCROLL_MS, async () => {
      seq += 1;
      const counts = { ...sampleProgress(jobId).counts, read: seq % 100_000, updated: seq % 1000 };
      for (let n = seq % 25; n < count; n += 25)
        await stores.jobs.putProgress(sampleProgress(jobId, { table: n, seq, counts, updated_at: ago(0) }));
    });
  });

/** One page of the list after the other. */
const scrollConflicts = (browser: Browser, service: LocalService, jobId: string) =>
  inNewProfile(browser, WATCH_TASKS, async (page) => {
    await page.goto(addressOf(service, `/conflicts/${jobId}?status=open`));
    let longest = 0;
    for (let n = 0; n < CONFLICT_PAGES; n += 1) {
      await page.locator('.conflicts tbody tr').nth(49).waitFor();
      longest = Math.max(longest, await scroll(page, SCROLL_MS / CONFLICT_PAGES));
      const before = page.url();
      await page.getByRole('link', { name: 'Newer conflicts' }).click();
      await page.waitForURL((url) => url.href !== before);
    }
    return longest;
  });
