import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hold } from '../e2e/support.ts';
import { createPair, type TestPair } from '../support/databases.ts';
import { openPage } from './browser.ts';
import { served } from './served.ts';

const HOSTILE = `<img src=x onerror=alert(1)>"'><script>alert(2)</script>`;

describe('the pages of pairs', () => {
  const web = served();
  const ends: TestPair[] = [];
  beforeAll(async () => {
    for (const [i, place] of ['adams', 'brown'].entries()) {
      const pair = await createPair();
      ends.push(pair);
      for (const { client } of [pair.source, pair.target])
        await client.query('create table t (id int primary key, v text)');
      await pair.source.client.query(`insert into t select n, 'v' from generate_series(1, ${10 * (i + 1)}) n`);
      const put = (name: string, body: object) => web.put(`/api/sync/environments/${name}`, body);
      await put(`${place}-production`, { connection: pair.source.url });
      await put(`${place}-training`, { connection: pair.target.url, writable: true });
    }
  });
  afterAll(async () => {
    for (const pair of ends) await pair[Symbol.asyncDispose]();
  });

  const sides = (from: string, into: string) => ({
    source_environment: `${from}-production`,
    target_environment: into,
  });
  const keep = async (name: string, body: object) => {
    const { status, text } = await web.put(
      `/api/sync/pairs/${name}`,
      { mode: 'full', ...body },
      { 'if-none-match': '*' },
    );
    expect([status, text]).toEqual([201, expect.any(String)]);
  };
  const names = async (page: Page) => page.locator('.pairs tbody th > a').allTextContents();
  const order = (page: Page, title: string) => page.getByRole('region', { name: title, exact: true });
  const ofPair = async (name: string) => (await web.service.get(`/api/sync/pairs/${name}`)).body;

  test('two are kept, filtered and started by one order; what was not counted is asked about again', async () => {
    await using tab = await openPage(web.browser);
    const { page } = tab;
    await page.goto(web.at('/pairs', await web.someone('operator', 'olga')));
    await page.getByText('No pair is kept yet.').waitFor();
    await page.getByText('Keep a pair').click();
    await page.getByLabel('Name', { exact: true }).fill('adams');
    await page.getByLabel('From the environment').selectOption('adams-production');
    await page.getByLabel('Into the environment').selectOption('adams-training');
    await page.getByLabel('Mode of its jobs').selectOption('full');
    await page.getByLabel('Groups').fill(' nightly, counties,');
    await page.getByLabel('Description').fill(HOSTILE);
    await page.getByLabel('Configuration of the job').fill('{"batch_size": 10');
    await page.getByRole('button', { name: 'Keep it' }).click();
    await page.getByText('The configuration is no JSON').waitFor();
    await page.getByLabel('Configuration of the job').fill('{"batch_size": 10}');
    await page.getByRole('button', { name: 'Keep it' }).click();
    await page.getByRole('heading', { name: 'adams', exact: true }).waitFor();
    await page.getByText(HOSTILE, { exact: true }).waitFor();
    await keep('brown', { ...sides('brown', 'brown-training'), groups: ['counties'] });

    await page.getByRole('navigation', { name: 'Way back' }).getByRole('link').click();
    await page.getByRole('link', { name: 'brown' }).waitFor();
    const all = await names(page);
    await page.getByLabel('Group', { exact: true }).fill('nightly');
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: 'brown' }).waitFor({ state: 'detached' });
    await page.getByRole('link', { name: 'adams' }).waitFor();
    const nightly = [await names(page), new URL(page.url()).search];
    await page.reload();
    await page.getByRole('link', { name: 'adams' }).waitFor();
    const reloaded = [await page.getByLabel('Group', { exact: true }).inputValue(), await names(page)];
    await page.getByRole('combobox', { name: /^Last job/ }).selectOption('failed');
    await page.getByText('No pair here is like this.').waitFor();
    await page.getByRole('link', { name: 'Show all pairs' }).click();
    await page.getByLabel('Group', { exact: true }).fill('counties');
    await page.getByRole('button', { name: 'Filter' }).click();
    await page.waitForURL(/group=counties/);

    await page.getByText('Do with these pairs…').click();
    await page.getByText('About the pairs of the group counties.').waitFor();
    await page.getByLabel('Note, kept with the order').fill('before the roll closes');
    await page.getByRole('button', { name: 'Count them' }).click();
    const asked = page.getByRole('dialog');
    await asked.getByRole('heading', { name: 'Start 2 pairs?' }).waitFor();
    const named = await asked.innerText();
    // since they were counted, somebody has kept one that cannot work
    await keep('clark', { ...sides('adams', 'brown-production'), groups: ['counties'] });
    await asked.getByRole('button', { name: 'Start 2 pairs' }).click();
    await asked.getByRole('heading', { name: 'Start 3 pairs?' }).waitFor();
    const again = await asked.innerText();
    const before = (await web.service.get('/api/sync/fleet')).body.orders;
    await asked.getByRole('button', { name: 'Start 3 pairs' }).click();
    const given = order(page, 'Start 3 pairs');
    await given.getByText('completed').waitFor();
    const told = await given.innerText();
    for (const name of ['adams', 'brown']) await web.service.waitForEnd((await ofPair(name)).last.job_id);
    await page.reload();
    await page.locator('.pairs .chip', { hasText: 'completed' }).nth(1).waitFor();
    const listed = await page.locator('.pairs tbody tr').allInnerTexts();

    expect(all).toEqual(['adams', 'brown']);
    expect(nightly).toEqual([['adams'], '?group=nightly']);
    expect(reloaded).toEqual(['nightly', ['adams']]);
    expect(named).toContain('adams, brown');
    expect(again).toContain('2 pairs had been counted, and 3 are meant now');
    expect(again).toContain('adams, brown, clark');
    expect(before).toEqual([]); // nothing had been done when it asked again
    expect(told).toContain('2 of 3 done, 1 failed');
    expect(told).toContain('clark');
    expect(told).toContain('environment_read_only');
    expect(told).toContain('by olga: before the roll closes');
    expect(listed.filter((row) => row.includes('completed'))).toHaveLength(2);
    for (const [i, { target }] of ends.entries())
      expect((await target.client.query('select count(*) as n from t')).rows[0].n).toBe(String(10 * (i + 1)));
    expect(await ofPair('adams')).toMatchObject({ groups: ['counties', 'nightly'], config: { batch_size: 10 } });
    expect(tab.complaints).toEqual([]);
  });

  test('an order is followed, cancelled and found again; a reader sees all of it and is offered nothing', async () => {
    for (const name of ['dewey', 'edgar'])
      await keep(name, { ...sides('brown', 'brown-training'), groups: ['held'], config: { max_quiet_runs: 0 } });
    const { source, target } = ends[1] as TestPair; // made before
    await source.client.query(`update t set v = 'held'`);
    await using lock = await hold(target, 'lock table t in share mode');
    await using tab = await openPage(web.browser);
    const { page } = tab;

    await page.goto(web.at('/pairs?group=held'));
    await page.getByText('Do with these pairs…').click();
    await page.getByLabel('So many of its jobs work at once').fill('1');
    await page.getByRole('button', { name: 'Count them' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Start 2 pairs' }).click();
    const given = order(page, 'Start 2 pairs');
    await given.getByText('1 of 2 done').waitFor();
    await page.locator('.pairs .chip', { hasText: 'running' }).waitFor();
    const during = await given.innerText();
    await given.getByRole('button', { name: 'Cancel the order' }).click();
    await given.locator('.chip', { hasText: 'cancelled' }).waitFor();
    const cancelled = await given.innerText();
    await given.getByRole('link', { name: 'Hide it' }).click();
    await given.waitFor({ state: 'detached' });

    await using reader = await openPage(web.browser);
    await reader.page.goto(web.at('/pairs?group=held', await web.someone('viewer', 'vera')));
    await reader.page.getByText('Recent orders').click();
    await reader.page.getByRole('link', { name: 'Start 2 pairs' }).click();
    await order(reader.page, 'Start 2 pairs').locator('.chip', { hasText: 'cancelled' }).waitFor();
    const offered = async () => ({
      enabled: await reader.page.locator('main button[type]:enabled:not(.quiet)').allTextContents(),
      needs: await reader.page.locator('main :has(> .needs)').allTextContents(),
    });
    const list = await offered();
    await reader.page.getByRole('link', { name: 'dewey' }).click();
    await reader.page.getByRole('heading', { name: 'Last jobs' }).waitFor();
    const one = await offered();
    await lock.release();
    const { last } = await ofPair('dewey');
    await web.service.waitForEnd(last.job_id);

    expect(during).toContain('working');
    expect(cancelled).toContain('1 of 2 done');
    expect((await ofPair('edgar')).state).toBe('never');
    const doings = (which: string) => [`Do with ${which}… needs operator`, 'Count them needs operator'];
    expect(list).toEqual({
      enabled: [],
      needs: [...doings('these pairs'), 'Keep a pair needs operator', 'Keep it needs operator'],
    });
    expect(one).toEqual({
      enabled: [],
      needs: [
        ...doings('this pair'),
        'Change it needs operator',
        'Save needs operator',
        'Delete the pair needs operator',
      ],
    });
    expect([...tab.complaints, ...reader.complaints]).toEqual([]);
  });

  test('one is scheduled, changed by two people at once, and deleted', async () => {
    await keep('fulton', { ...sides('adams', 'adams-training'), groups: ['weekly'] });
    const path = '/api/sync/pairs/fulton';
    await using tab = await openPage(web.browser);
    const { page } = tab;
    await page.goto(web.at('/pair/fulton'));
    await page.getByText('not scheduled').waitFor();
    await page.getByText('Do with this pair…').click();
    await page.getByRole('radio', { name: 'Schedule', exact: false }).first().check();
    await page.getByLabel('When:').fill('cron(30 3 ? * SUN *)');
    await page.getByLabel('Time zone').selectOption('America/Chicago');
    await page.getByLabel('so many minutes late').fill('30');
    await page.getByText('Do the same from a terminal').click();
    const typed = await page.getByRole('region', { name: 'tfsync' }).innerText();
    await page.getByRole('button', { name: 'Count them' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Schedule 1 pair' }).click();
    await order(page, 'Schedule 1 pair').getByText('completed').waitFor();
    await page.getByRole('link', { name: 'its schedule' }).waitFor();
    const facts = await page.locator('.facts').innerText();

    await page.getByText('Change it').click();
    const form = page.locator('details', { hasText: 'Change it' });
    await form.getByLabel('Description').fill('mine');
    const { headers } = await web.service.get(path);
    const theirs = { ...sides('adams', 'adams-training'), mode: 'incremental', description: 'theirs' };
    await web.put(path, theirs, { 'if-match': headers.get('etag') ?? '' });
    await form.getByText('Somebody has changed the pair since.').waitFor();
    const kept = await form.getByLabel('Description').inputValue();
    await form.getByRole('button', { name: 'Save' }).click();
    await form.getByText('pair_changed').waitFor();
    await form.getByRole('button', { name: 'Begin with what it is now' }).click();
    const now = await form.getByLabel('Description').inputValue();
    await form.getByLabel('Description').fill('both');
    await form.getByRole('button', { name: 'Save' }).click();
    await page.getByText('both', { exact: true }).waitFor();
    const put = await ofPair('fulton');
    await form.getByLabel('Groups').fill('with space');
    await form.getByRole('button', { name: 'Save' }).click();
    await form.getByText('groups').last().waitFor();
    await form.getByText('invalid_request').waitFor();
    await page.getByRole('button', { name: 'Delete the pair' }).click();
    await page.getByRole('button', { name: 'Delete it' }).click();
    await page.getByRole('heading', { name: 'Pairs', exact: true }).waitFor();

    expect(typed).toContain(
      `fleet schedule --pair fulton --expression 'cron(30 3 ? * SUN *)' --timezone America/Chicago --spread-minutes 30`,
    );
    expect(facts).toContain('cron(30 3 ? * SUN *) America/Chicago, up to 30 min late');
    expect([kept, now]).toEqual(['mine', 'theirs']);
    expect(put).toMatchObject({ description: 'both', mode: 'incremental', groups: [] });
    expect((await web.service.get(path)).status).toBe(404);
    expect((await web.service.get('/api/sync/schedules/fulton')).body.expression).toBe('cron(30 3 ? * SUN *)');
    expect(tab.complaints).toEqual([]);
  });
});
