import type { Page } from 'playwright-core';
import { pages } from '../../functions/web/pages.ts';
import type { WebhookView } from '../../lib/model/answers.ts';
import type { ProjectPlanView } from '../../lib/model/project-plan.ts';
import { until } from '../e2e/support.ts';
import { answerFleetPayloads } from './fleet-payloads.ts';
import { PAYLOADS } from './payloads.ts';

/** Elements and attributes that none of our pages has: what text would have become, had it become markup. */
const FOREIGN = `(() => {
  const tags = 'script:not([src]), iframe, object, embed, base, math, style, audio, video, template, #app noscript, foreignObject, '
    + 'animate, set, use, marquee, img, area, isindex, meta[http-equiv], frameset';
  const addresses = ['href', 'src', 'action', 'formaction', 'xlink:href', 'data', 'poster', 'background', 'ping'];
  const strange = ({ name, value }) =>
    /^on|^srcdoc$|^srcset$/i.test(name)
    || (addresses.includes(name) && new URL(value, location.href).origin !== location.origin);
  return [...document.querySelectorAll('*')]
    .filter((element) => element.matches(tags) || [...element.attributes].some(strange))
    .map((element) => element.outerHTML.slice(0, 120));
})()`;

/** Which texts the page, or what is within the first of a selector, does not say; fields count, and texts as JSON writes them. */
const IN_VAIN = `(texts, within) => {
  const place = document.querySelector(within);
  const said = (place?.textContent ?? '')
    + [...(place?.querySelectorAll('input, textarea') ?? [])].map((f) => f.value).join(' ');
  return texts.filter((text) => !said.includes(text) && !said.includes(JSON.stringify(text).slice(1, -1)));
}`;

interface Look {
  /** Below the base; `..` is the folder of the original service's pages. */
  readonly path: string;
  /** What of it every payload comes from: all on this page, or with `part` on all pages that say the same. */
  readonly shows?: string | undefined;
  readonly part?: true | undefined;
  /** Where on the page they are, should others say the same elsewhere on it. */
  readonly within?: string;
}

interface Places {
  readonly base: string;
  readonly token: string;
  readonly pair: { readonly source: { readonly url: string }; readonly target: { readonly url: string } };
  readonly jobId: string;
  readonly storedJob: string;
  /** Conflicts: one with a column for each payload, one that is open, and those whose notes hold them all. */
  readonly wide: string;
  readonly open: string;
  readonly noted: readonly string[];
}

const TABS = ['tables', 'timeline', 'schema', 'quarantine', 'audit', 'config'];

function looks({ jobId, storedJob, wide, open, noted }: Places): readonly Look[] {
  const payload = (index: number) => encodeURIComponent(PAYLOADS[index] ?? '');
  const query = (names: string) =>
    new URLSearchParams(Object.fromEntries(names.split(' ').map((name, i) => [name, PAYLOADS[i * 7] ?? ''])));
  const [p, q] = [payload(6), payload(15)]; // without a slash: the gateway knows no such path
  return [
    { path: '', shows: 'jobs' },
    { path: `/dashboard?${query('text source target from to next_token status')}` },
    { path: `/start?from=${storedJob}` },
    { path: `/start?${query('from')}` },
    { path: `/job/${storedJob}`, shows: 'failure' },
    { path: `/job/${jobId}` },
    ...TABS.map((tab) => ({ path: `/job/${jobId}?tab=${tab}` })),
    ...TABS.map((tab) => ({
      path: `/job/${storedJob}?tab=${tab}`,
      ...shownBy({ tables: 'tables', schema: 'findings', config: 'config' }, tab),
    })),
    { path: `/job/${jobId}?tab=audit&${query('text type table actor from to severity')}` },
    { path: `/job/${jobId}?${query('tab')}` },
    { path: `/conflicts/${jobId}`, shows: 'conflicts', part: true },
    { path: `/conflicts/${jobId}?${query('table status type opened_from order next_token')}` },
    { path: `/conflicts/${jobId}/${wide}`, shows: 'columns' },
    { path: `/conflicts/${jobId}/${open}?take=${p}` },
    ...noted.map((conflict) => ({ path: `/conflicts/${jobId}/${conflict}`, shows: 'notes', part: true as const })),
    { path: '/mappings' },
    { path: '/mappings/payloads', shows: 'mapping' },
    { path: '/environments', shows: 'environments' },
    { path: '/environments/payloads-0' },
    { path: '/approvals?state=all', shows: 'approvals' },
    { path: '/schedules' },
    { path: '/schedules/payloads' },
    { path: '/schedules/stored', shows: 'runs' },
    { path: '/webhooks', shows: 'webhooks' },
    { path: '/webhooks/payloads', shows: 'webhook' },
    { path: '/pairs', shows: 'pairs' },
    { path: '/pairs?order=payloads', shows: 'order' },
    { path: `/pairs?${query('group prefix state overdue_hours next_token order')}` },
    { path: '/pair/payloads?order=payloads', shows: 'pair' },
    { path: `/plan?from=${storedJob}`, shows: 'project' },
    { path: `/plan?${query('from')}` },
    { path: '/../dashboard', shows: 'projects', part: true },
    { path: '/../jobs', shows: 'projects', part: true },
    { path: `/../jobs?${query('text source target from to next_token status')}` },
    { path: `/../job/${storedJob}?tab=project`, shows: 'plan', within: '.plan-view' },
    { path: '/../conflicts' },
    { path: `/../conflicts?${query('job_id next_token')}` },
    { path: `/../job/${p}` },
    ...['job', 'pair', 'mappings', 'environments', 'schedules', 'webhooks', 'conflicts'].map((page) => ({
      path: `/${page}/${p}`,
    })),
    { path: `/conflicts/${p}/${q}` },
    { path: `/sign-in?${query('code state error error_description')}` },
  ];
}

const shownBy = (groups: Readonly<Record<string, string>>, tab: string) => (groups[tab] ? { shows: groups[tab] } : {});

/** What real databases and receivers do not come to by themselves: a plan, and a webhook, that say nothing but payloads. */
async function answerPayloads(page: Page): Promise<void> {
  const at = new Date().toISOString();
  const plan: ProjectPlanView = {
    root: PAYLOADS[0] ?? '',
    parents: 'insert',
    tables: PAYLOADS.map((name) => ({
      name,
      role: 'child',
      from: `of ${name}`,
      key: [name],
      path: [name],
      via: [{ constraint: `by ${name}`, table: name, as: 'child' }],
      rows: { source: 1, target: null },
    })),
    excluded: PAYLOADS.map((name) => ({ table: name, constraint: name, other: name, why: 'depth', note: name })),
    missing_indexes: PAYLOADS.map((name) => ({
      side: 'source',
      table: name,
      constraint: name,
      columns: [name],
      rows: 1,
      remedy: name,
    })),
  };
  const webhook = (origin: string, index: number): WebhookView => ({
    name: index === 0 ? 'payloads' : origin,
    origin,
    events: [origin as WebhookView['events'][number]],
    paused: false,
    last: { id: origin, type: 'job.ended', at, outcome: 'failed', attempt: 1, message: origin },
    given_up: 1,
    actor: origin,
    created_at: at,
    updated_at: at,
  });
  const one = { ...webhook('', 0), origin: PAYLOADS.join(' ') };
  await page.route('**/api/sync/projects/plan', (route) => route.fulfill({ json: plan }));
  await page.route('**/api/sync/webhooks', (route) => route.fulfill({ json: { webhooks: PAYLOADS.map(webhook) } }));
  await page.route('**/api/sync/webhooks/payloads', (route) => route.fulfill({ json: one }));
}

/** Most that a page may take until it says what it has to; what is missing then is in the result. */
const SAYS_LIMIT_MS = 20_000;

const lackingOn = async (page: Page, within: string) =>
  (await page.evaluate(`(${IN_VAIN})(${JSON.stringify(PAYLOADS)}, ${JSON.stringify(within)})`)) as readonly string[];

const saysAll = (page: Page, within: string) =>
  until('every payload', async () => (await lackingOn(page, within)).length === 0, SAYS_LIMIT_MS).catch(
    () => undefined,
  );

/** Goes to every page and tab: what markup was made there, which payloads did not come as text, which pages were left out. */
export async function lookThrough(page: Page, places: Places) {
  const made: unknown[] = [];
  const lacking = new Map<string, readonly string[]>();
  const visited = new Set<string>();
  const look = async ({ shows, part, within = 'body' }: Omit<Look, 'path'>) => {
    await page.locator('h1').first().waitFor();
    await page.locator('#app [aria-busy=true]').first().waitFor({ state: 'detached' });
    await page.evaluate(`for (const details of document.querySelectorAll('main details')) details.open = true`);
    await page.locator('#app [aria-busy=true]').first().waitFor({ state: 'detached' });
    if (shows !== undefined && !part) await saysAll(page, within);
    const foreign = (await page.evaluate(FOREIGN)) as readonly string[];
    if (foreign.length > 0) made.push({ url: page.url(), foreign });
    if (shows === undefined) return;
    const now = await lackingOn(page, within);
    lacking.set(
      shows,
      (lacking.get(shows) ?? PAYLOADS).filter((payload) => now.includes(payload)),
    );
  };

  await answerPayloads(page);
  await answerFleetPayloads(page);
  for (const [index, { path, ...what }] of looks(places).entries()) {
    await page.goto(`${places.base}${path}${index === 0 ? `#token=${places.token}` : ''}`);
    await look(what);
    visited.add(new URL(`${places.base}${path}`).pathname);
    for (
      const next = page.getByRole('link', { name: 'Newer conflicts' });
      what.shows === 'conflicts' && (await next.count()) > 0;
    ) {
      const from = page.url();
      await next.click();
      await page.waitForURL((url) => url.href !== from);
      await page.locator('.conflicts tbody').waitFor();
      await look(what);
    }
  }
  const documents = pages.filter(({ answers }) => answers === 'document').map(({ path }) => path);
  const unvisited = documents.filter((path) => {
    const pattern = new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`);
    return ![...visited].some((one) => pattern.test(one));
  });
  const missing = [...lacking].flatMap(([shows, left]) => left.map((payload) => `${shows}: ${payload}`));
  return { made, missing, unvisited };
}
