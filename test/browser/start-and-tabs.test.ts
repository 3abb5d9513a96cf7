import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCountyPair } from '../support/county.ts';
import { createPair, type TestPair } from '../support/databases.ts';
import { axeFindings, noBrowser, openPage } from './browser.ts';
import { BASE, served } from './served.ts';

/** A value that a page must show as text. */
const MARKUP = '<img src=x onerror=alert(1)>';

describe('a job from its start to its trail', () => {
  const web = served();
  let pair: TestPair;
  beforeAll(async () => {
    if (noBrowser === undefined) pair = await createCountyPair();
  });
  afterAll(() => pair?.[Symbol.asyncDispose]());

  const signedIn = (path: string) => `${web.service.url}${path}#token=${web.service.token}`;

  test('a form finds tables and missing rights, says what is wrong at its fields, and starts what it shows', async () => {
    await using weak = await weakRole(pair);
    await using tab = await openPage(web.browser, { permissions: ['clipboard-read', 'clipboard-write'] });
    const { page } = tab;
    await page.goto(signedIn(`${BASE}/start`));

    // what no field holds, and what the service refuses, stand at their fields
    await page.getByLabel('Source connection URL').fill('mysql://nobody@nowhere/x');
    await page.getByRole('button', { name: 'Test both' }).click();
    await page.locator('#source-errors', { hasText: 'connection_scheme' }).waitFor();
    await page.locator('#target-errors', { hasText: 'required' }).waitFor();
    expect(await page.getByLabel('Source connection URL').getAttribute('aria-invalid')).toBe('true');
    expect(await axeFindings(page)).toEqual([]);

    // the other way round first: the role of the target may not write there
    await page.getByLabel('Source connection URL').fill(weak.url);
    await page.getByLabel('Target connection URL').fill(pair.source.url);
    await page.getByRole('button', { name: 'Swap' }).click();
    await page.getByRole('button', { name: 'Test both' }).click();
    await page.getByText('What is missing').click();
    await page.getByText(`GRANT INSERT, UPDATE, DELETE ON public.parcels TO ${weak.role};`).waitFor();
    expect(await page.getByRole('checkbox', { checked: true }).count()).toBe(10);

    // an option that is out of bounds, and one that is no JSON yet
    await weak.strengthen();
    await page.getByText('All options').click();
    await page.getByLabel('batch_size').fill('0');
    await page.getByLabel('filters').fill('{');
    expect(await page.getByRole('button', { name: 'Start', exact: true }).isDisabled()).toBe(true);
    await page.getByLabel('filters').fill('');
    await page.getByRole('button', { name: 'Start', exact: true }).click();
    await page.locator('#option-batch_size-errors', { hasText: 'out_of_range' }).waitFor();
    await page.locator('#option-batch_size:focus').waitFor(); // the field that is wrong
    await page.getByLabel('batch_size').fill('25');

    // what was picked and typed is what the commands say, without a secret
    await page.getByRole('checkbox', { name: 'public.inspections' }).uncheck();
    await page.getByText('Do the same from a terminal').click();
    await page.getByRole('button', { name: 'Copy as tfsync' }).click();
    const copied = await page.evaluate('navigator.clipboard.readText()');
    const held = await page.evaluate(`[document.body.innerText, location.href, JSON.stringify(history.state),
      JSON.stringify(localStorage), JSON.stringify(sessionStorage)].join()`);

    await page.getByRole('button', { name: 'Start', exact: true }).click();
    await page.waitForURL(/\/job\//);
    const jobId = page.url().slice(-36);
    const ended = await web.service.waitForEnd(jobId);

    expect(copied).toContain(`--config '{"batch_size":25,"tables":{"exclude":["public.inspections"]}}'`);
    expect(`${held} ${copied}`).not.toContain(weak.password);
    expect(ended).toMatchObject({ state: 'completed', config: { batch_size: 25 } });
    expect(ended.tables.map((t) => t.name)).not.toContain('public.inspections');
    await page.goBack();
    await page.getByLabel('Target connection URL').waitFor();
    expect(await page.getByLabel('Target connection URL').inputValue()).toBe('');
    expect(tab.complaints).toEqual([]);
  });

  test('every tab shows its part of the job, can be linked to, and is filtered, exported and tried again', async () => {
    await using troubled = await createTroubled();
    const jobId = await web.service.startFull(troubled, { audit_level: 'detailed', batch_size: 10 });
    const ended = await web.service.waitForEnd(jobId);
    expect(ended.state).toBe('completed_with_issues');
    await using tab = await openPage(web.browser);
    const { page } = tab;
    const open = async (name: string) => {
      await page.getByRole('navigation', { name: 'Parts of the job' }).getByRole('link', { name, exact: true }).click();
    };

    await page.goto(signedIn(`${BASE}/job/${jobId}`));
    await page.getByText('It cannot be stopped or resumed: it has come to its end.').waitFor();
    await open('Tables');
    await page.getByRole('button', { name: /rows put aside/ }).click();
    await page.getByRole('rowheader', { name: 'public.deeds' }).first().waitFor();
    expect(await page.getByRole('rowheader', { name: 'public.calm' }).count()).toBe(0);
    await page.getByText('Segments of each table').click();
    await page.getByRole('button', { name: 'segments of public.deeds' }).click();
    const segments = page.getByRole('table', { name: 'Segments of public.deeds that have begun' });
    const segment = await segments.getByRole('row').nth(1).innerText();
    await tab.picture('segments');
    await open('Timeline');
    await page.getByText('job.created').waitFor();
    await page.getByText('Rows written by the minute').first().waitFor();
    await open('Schema');
    await page.getByText('check_in_target').waitFor();
    await page.getByRole('button', { name: 'Look again now' }).click();
    await page.getByText('looked at').waitFor();
    await page.locator('button:focus', { hasText: 'Look again now' }).waitFor();
    await open('Configuration');
    await page.getByRole('row', { name: 'batch_size' }).getByText('10', { exact: true }).waitFor();
    await page.route(/\/api\/sync\/audit\/[^/]+\?/, (route) =>
      route.continue({ url: route.request().url().replace('limit=100', 'limit=5') }),
    );
    await open('Audit');
    const more = await lostAndFound(page);
    await page.getByLabel('Type').fill('rows');
    await page.getByRole('button', { name: 'Filter' }).click();
    await page.waitForURL(/type=rows/);
    await page.getByText('job.created').waitFor({ state: 'detached' });
    await page.getByText('rows.quarantined').first().waitFor();
    const filtered = page.url();
    const csv = await downloaded(page, 'Events as CSV');
    const report = await downloaded(page, 'Report as HTML');
    await page.reload();
    await page.getByText('rows.quarantined').first().waitFor();

    await open('Rows put aside');
    await page.getByText('check_failed').first().waitFor();
    await page.getByRole('rowheader', { name: MARKUP }).first().waitFor();
    await troubled.target.client.query('alter table public.deeds drop constraint small, alter note drop not null');
    await page.getByRole('button', { name: 'Try them again' }).click();
    await page.getByRole('button', { name: 'Start a job over them' }).click();
    await page.waitForURL((url) => url.pathname.includes('/job/') && !url.pathname.includes(jobId));
    const retried = await web.service.waitForEnd(page.url().slice(-36));

    expect(more).toEqual({ first: 5, failed: 5, said: '5 events, and there may be more', after: 10 });
    expect(segment.split(/\s+/).slice(0, 5)).toEqual(['1', '✓', 'done', '8', '3']);
    expect(filtered).toContain('tab=audit&type=rows');
    expect(csv).toMatch(/rows\.quarantined/);
    expect(csv).not.toMatch(/job\.created/);
    expect(report).toMatch(/^<!doctype html>/i);
    expect(retried).toMatchObject({ state: 'completed', retry_of: jobId });
    expect(await page.locator('#app img').count()).toBe(0);
    expect(tab.complaints).toEqual([]);
  });

  test('jobs are found by what is in the address, and schedules say when they run next', async () => {
    await using other = await createPair();
    for (const { client } of [other.source, other.target]) await client.query('create table t (id int primary key)');
    const ended = await web.service.waitForEnd(await web.service.startFull(other));
    const put = await web.service.call('/api/sync/schedules/nightly', {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        source_connection: other.source.url,
        target_connection: other.target.url,
        expression: 'rate(1 day)',
      }),
    });
    expect(put.status).toBe(201);
    await using tab = await openPage(web.browser);
    const { page } = tab;

    await page.goto(signedIn(BASE));
    await page.getByRole('searchbox', { name: 'Search jobs' }).fill(other.source.name.toUpperCase());
    await page.keyboard.press('Enter');
    await page.waitForURL(/\?text=/);
    await page.getByRole('link', { name: ended.job_id.slice(0, 8) }).waitFor();
    expect(await page.evaluate('document.activeElement.name')).toBe('text'); // who searches goes on typing
    await page.getByText('wrote nothing · 0 compared').waitFor();
    const shown = await page.locator('.jobs tbody tr').count();
    await page.getByRole('row', { name: 'nightly' }).locator('time').nth(2).waitFor();
    await page
      .getByRole('link', { name: /completed$/ })
      .first()
      .click();
    await page.waitForURL(/\?status=completed/);

    expect(shown).toBe(1);
    expect(await axeFindings(page)).toEqual([]);
    expect(tab.complaints).toEqual([]);
  });

  test('a project is planned, started as planned, and its conflicts are found and led to', async () => {
    const put = (name: string, body: object) =>
      web.service.call(`/api/sync/environments/${name}`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    const made = [
      await put('county', { connection: pair.source.url }),
      await put('training', { connection: pair.target.url, writable: true }),
    ];
    expect(made.map(({ status }) => status)).toEqual([201, 201]);
    const { rows } = await pair.source.client.query('select min(parcel_id)::text as id from parcels');
    const { id } = rows[0];
    for (const [side, situs] of [
      [pair.source, MARKUP],
      [pair.target, 'as the target has it'],
    ] as const)
      await side.client.query('update parcels set situs = $1 where parcel_id = $2', [situs, id]);
    await using tab = await openPage(web.browser);
    const { page } = tab;
    const findings: Record<string, readonly string[]> = {};
    const look = async (name: string) => {
      findings[name] = await axeFindings(page);
    };

    await page.goto(signedIn('/sync/dashboard'));
    await page.getByText(/There is no job yet|is of a project/).waitFor();
    await look('no project yet');
    await page.getByRole('link', { name: 'Plan a project' }).first().click();
    await page.getByLabel('Source environment').selectOption('county');
    await page.getByLabel('Target environment').selectOption('training');
    await page.getByLabel('Root table').fill('public.parcels');
    await page.getByLabel('Depth').fill('99');
    await page.getByLabel('Key values').fill(id);
    await page.getByText('All options').click();
    await page.getByLabel('conflict_strategy').selectOption('manual');
    await page.getByRole('button', { name: 'Make the plan' }).click();
    await page.locator('#project-depth-errors', { hasText: 'out_of_range' }).waitFor();
    await page.getByLabel('Depth').fill('');
    await page.getByLabel('Not these tables').fill('public.permits');
    await page.getByRole('button', { name: 'Make the plan' }).click();
    await page.getByRole('row', { name: 'public.tax_districts' }).getByText('parent').waitFor();
    await page.getByText('not followed').click();
    await look('plan');

    // what was planned can be started, and nothing else
    await page.getByLabel('Depth').fill('1');
    await page.getByText('The form has changed since the plan').waitFor();
    expect(await page.getByRole('button', { name: 'Start in full' }).isDisabled()).toBe(true);
    await page.getByLabel('Depth').fill('');
    await page.getByRole('button', { name: 'Start in full' }).click();
    await page.waitForURL(/\/sync\/job\//);
    const jobId = page.url().slice(-36);
    const ended = await web.service.waitForEnd(jobId);
    await page.getByText('completed with issues').first().waitFor();
    await page.getByRole('navigation', { name: 'Parts of the job' }).getByRole('link', { name: 'Project' }).click();
    await page.getByRole('row', { name: 'public.parcels' }).getByText('root').waitFor();

    await page.getByRole('navigation', { name: 'Pages', exact: true }).getByRole('link', { name: 'Projects' }).click();
    await page.getByRole('row', { name: jobId.slice(0, 8) }).waitFor();
    const left = page.getByRole('row', { name: jobId.slice(0, 8) }).getByRole('link', { name: /^1 conflict$/ });
    expect(await left.getAttribute('href')).toBe(`${BASE}/conflicts/${jobId}?status=open`);
    await page.getByRole('link', { name: 'All jobs of projects' }).click();
    await page.getByRole('searchbox', { name: 'Search jobs' }).fill('PARCELS');
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/sync\/jobs\?text=PARCELS/);
    await page.getByRole('row', { name: jobId.slice(0, 8) }).waitFor();
    await page.getByRole('navigation', { name: 'Pages of projects' }).getByRole('link', { name: 'Conflicts' }).click();
    await page.getByRole('link', { name: `public.parcels ${id}` }).waitFor();
    await page.getByRole('link', { name: `public.parcels ${id}` }).click();
    await page.getByRole('radio', { name: 'situs from the source' }).waitFor();

    expect(ended).toMatchObject({
      state: 'completed_with_issues',
      config: {
        conflict_strategy: 'manual',
        project: { root: 'public.parcels', key: id, exclude: ['public.permits'] },
      },
    });
    expect(page.url()).toContain(`/sync/terra_fusion/conflicts/${jobId}/`);
    expect(findings).toEqual(Object.fromEntries(Object.keys(findings).map((name) => [name, []])));
    expect(await page.locator('#app img').count()).toBe(0);
    expect(tab.complaints).toEqual([]);
  });
});

/** How many events are shown after the first page, after one that failed, and after it was tried again; with the keyboard. */
async function lostAndFound(page: Page) {
  const events = page.locator('.events tbody tr');
  const press = async (name: string) => {
    await page.locator('.pager').getByRole('button', { name }).press('Enter');
  };
  await events.first().waitFor();
  const first = await events.count();
  await page.context().setOffline(true);
  await press('Show more');
  await page.locator('.pager button:focus', { hasText: 'Try again' }).waitFor();
  const [failed, said] = [await events.count(), await page.locator('.pager [role=status]').innerText()];
  await page.context().setOffline(false);
  await press('Try again');
  await page.locator('.pager button:focus', { hasText: 'Show more' }).waitFor();
  await events.nth(first).waitFor();
  return { first, failed, said, after: await events.count() };
}

async function downloaded(page: Page, button: string): Promise<string> {
  const coming = page.waitForEvent('download');
  await page.getByRole('button', { name: button }).click();
  return readFile(await (await coming).path(), 'utf8');
}

/** A role of the target that may read, with a password to look for, until it is made stronger. */
async function weakRole({ target }: TestPair) {
  const role = `weak_${target.name}`;
  const password = `canary${randomBytes(12).toString('hex')}`;
  await target.client.query(`create role ${role} login password '${password}'; grant usage on schema public to ${role};
    grant select on all tables in schema public to ${role}`);
  return {
    role,
    password,
    url: target.url.replace(/\/\/[^@]*@/, `//${role}:${password}@`),
    strengthen: () => target.client.query(`alter role ${role} superuser`),
    [Symbol.asyncDispose]: async () => {
      await target.client.query(`reassign owned by ${role} to current_user; drop owned by ${role}; drop role ${role}`);
    },
  };
}

/** A table in step, and one whose rows the target refuses. */
async function createTroubled(): Promise<TestPair> {
  const pair = await createPair();
  for (const { client } of [pair.source, pair.target])
    await client.query('create table calm (id int primary key); create table deeds (id text primary key, note text)');
  await pair.source.client.query(`insert into calm values (1);
    insert into deeds select n || '${MARKUP}', case when n < 8 then n::text end from generate_series(1, 8) n`);
  await pair.target.client.query(`alter table deeds alter note set not null, add constraint small check (note < '4')`);
  return pair;
}
