import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { JobConfig } from '../../lib/model/config.ts';
import type { ConflictType } from '../../lib/model/conflict.ts';
import { mayCall, ROLES, type Role } from '../../lib/model/roles.ts';
import { synthesize } from '../../local/synth.ts';
import { type E2eService, startService } from '../e2e/support.ts';
import { createPair, type TestPair } from '../support/databases.ts';
import { createDatabaseAt } from '../support/elsewhere.ts';
import { axeFindings, launch, noBrowser, openPage, overflow, type TestPage } from './browser.ts';
import { lookThrough } from './look-through.ts';
import { payloadWorld } from './payload-world.ts';
import { PAYLOADS } from './payloads.ts';
import { tokenOf } from './token.ts';

const BASE = '/sync/terra_fusion';
const POSTGIS = process.env.TEST_POSTGIS_URL;

const TABLES = `create table parent (id int primary key);
  create table t (id int primary key, name text, n int, u text unique, parent int references parent)`;

const HOSTILE = `<img src=x onerror=alert(1)>"'><script>alert(2)</script>{{alert(3)}}`;

/** Key of the row of each type, and how both sides come to it. */
const MAKES: Readonly<Record<ConflictType, readonly [id: number, source: string, target: string]>> = {
  insert_exists: [1, `insert into t values (1, 's')`, `insert into t values (1, 't')`],
  update_differing: [
    12,
    `update t set name = 's', n = 1 where id = 12`,
    `update t set name = 't', n = 2 where id = 12`,
  ],
  update_deleted: [13, `update t set name = 's' where id = 13`, 'delete from t where id = 13'],
  delete_updated: [14, 'delete from t where id = 14', `update t set name = 't' where id = 14`],
  unique_violation: [
    5,
    `insert into t values (5, 's', null, 'taken')`,
    `insert into t values (125, 't', null, 'taken')`,
  ],
  fk_violation: [6, 'insert into parent values (1); insert into t values (6, $$s$$, null, null, 1)', 'select'],
};

const MANUAL: Partial<JobConfig> = {
  conflict_strategy: 'manual',
  tables: { include: ['public.t'] },
  max_delete_percent: 100,
};

describe('the pages of conflicts and of those who run the service', () => {
  beforeEach(({ skip }) => skip(noBrowser !== undefined, noBrowser));

  let service: E2eService;
  let browser: Browser;
  let pair: TestPair;
  let job: string;
  const pairs: TestPair[] = [];

  beforeAll(async () => {
    if (noBrowser !== undefined) return;
    await synthesize();
    [service, browser, pair] = await Promise.all([startService(), launch(), createPair()]);
    for (const { client } of [pair.source, pair.target]) await client.query(TABLES);
    await pair.source.client.query(`insert into t select i, 'n' || i, i from generate_series(11, 40) i`);
    expect((await service.waitForEnd(await service.startFull(pair, MANUAL))).state).toBe('completed');
    for (const [, source, target] of Object.values(MAKES)) {
      await pair.source.client.query(source);
      await pair.target.client.query(target);
    }
    await pair.source.client.query('update t set name = $1 where id between 30 and 39', [HOSTILE]);
    await pair.target.client.query(`update t set name = 'kept' where id between 30 and 39`);
    job = await service.startFull(pair, MANUAL);
    expect((await service.waitForEnd(job)).state).toBe('completed_with_issues');
  });
  afterAll(async () => {
    await browser?.close();
    await service?.[Symbol.asyncDispose]();
    for (const one of [pair, ...pairs]) await one?.[Symbol.asyncDispose]();
  });

  const at = (path: string, token = service.token) => `${service.url}${BASE}${path}#token=${token}`;
  /** A token of somebody who has this role alone. */
  const someone = (role: Role) => tokenOf(service, { username: 'someone', groups: [role] });
  const nameOf = async (id: number) => {
    const { rows } = await pair.target.client.query('select name from t where id = $1', [id]);
    return rows[0]?.name ?? 'no row';
  };
  const apply = async ({ page }: TestPage, said: RegExp) => {
    await page.getByRole('button', { name: 'Apply the decision' }).click();
    await page.locator('.result').getByText(said).waitFor();
  };

  test('a conflict of each type is found by its type and decided, with the keyboard where it is a side', async () => {
    await using tab = await openPage(browser);
    const open = async (type: ConflictType) => {
      await tab.page.goto(at(`/conflicts/${job}?type=${type}&status=open`));
      await tab.page.getByRole('row', { name: `public.t ${MAKES[type][0]}` }).waitFor();
    };
    const chosen = async (key: 's' | 't', said: string) => {
      await tab.page.keyboard.press(key);
      await tab.page.getByText(said).waitFor();
    };

    await open('insert_exists');
    await tab.page.keyboard.press('j');
    await chosen('s', 'The row of the target is updated.'); // of the list: opens it, with the side
    await tab.page.keyboard.press('a');
    await tab.page.locator('.result').getByText('The row of the source was taken').waitFor();

    await open('update_differing');
    await tab.page.getByRole('link', { name: 'public.t 12' }).click();
    await tab.page.getByRole('radio', { name: 'name from the target' }).check();
    await tab.page.getByText('Still to be chosen: n.').waitFor();
    await tab.page.getByRole('button', { name: 'Edit n', exact: true }).click();
    await tab.page.getByLabel('Value of n', { exact: true }).fill('1,5');
    await tab.page.getByText('Expected a whole number').waitFor();
    const held = await tab.page.getByRole('button', { name: 'Apply the decision' }).isDisabled();
    await tab.page.getByLabel('Value of n', { exact: true }).fill('7');
    await tab.page.getByLabel('Note, kept with').fill('by phone');
    await apply(tab, /put together column by column/);
    await tab.page.getByText('Note: by phone').waitFor();

    await open('update_deleted');
    await tab.page.getByRole('link', { name: 'public.t 13' }).click();
    await tab.page.getByText('The target has no such row').waitFor();
    await chosen('s', 'The row is inserted into the target.');
    await apply(tab, /row of the source was taken/);

    await open('delete_updated');
    await tab.page.getByRole('link', { name: 'public.t 14' }).click();
    await tab.page.getByText('The source has no such row').waitFor();
    await chosen('s', 'The row is deleted from the target.');
    await apply(tab, /The row was deleted from the target/);

    await open('unique_violation');
    await tab.page.getByRole('link', { name: 'public.t 5' }).click();
    await tab.page.getByText('The target has no such row').waitFor();
    await chosen('s', 'The row is inserted into the target.');
    await tab.page.getByRole('button', { name: 'Apply the decision' }).click();
    await tab.page.getByRole('alert').getByText('HTTP 4').waitFor(); // the value is still taken: nothing is written
    await chosen('t', 'The target goes on without the row.');
    await apply(tab, /row of the target was kept/);

    await pair.target.client.query('insert into parent values (1)');
    await open('fk_violation');
    await tab.page.getByRole('link', { name: 'public.t 6' }).click();
    await tab.page.getByText('The target has no such row').waitFor();
    await chosen('s', 'The row is inserted into the target.');
    await apply(tab, /row of the source was taken/);

    expect(held).toBe(true);
    const names = [];
    for (const id of [1, 12, 13, 14, 5, 6]) names.push(await nameOf(id));
    expect(names).toEqual(['s', 't', 's', 'no row', 'no row', 's']);
    expect((await pair.target.client.query('select n from t where id = 12')).rows).toEqual([{ n: '7' }]);
    expect(tab.complaints).toEqual([]);
  });

  test('a side that has moved, and a decision by somebody else, are shown in place, and text is never markup', async () => {
    await using tab = await openPage(browser);
    await tab.page.goto(at(`/conflicts/${job}?table=public.t&status=open`));
    await tab.page.getByRole('link', { name: 'public.t 30' }).click();
    await tab.page.getByText('What differs').waitFor();
    const shown = await tab.page.locator('.cell .value').allInnerTexts();

    await pair.target.client.query(`update t set name = 'moved' where id = 30`);
    await tab.page.keyboard.press('s');
    await tab.page.getByRole('button', { name: 'Apply the decision' }).click();
    await tab.page.getByText('A side has moved since you looked').waitFor();
    const fresh = await tab.page.locator('.cell .value').allInnerTexts();
    const unwritten = await nameOf(30);
    const conflictId = new URL(tab.page.url()).pathname.split('/').at(-1) ?? '';
    const path = `/api/sync/conflicts/${job}/${conflictId}`;
    const { expected } = (await service.get(path)).body;
    await service.post(`${path}/resolve`, { side: 'target', expected, note: 'first' });
    await tab.page.keyboard.press('s');
    await tab.page.getByRole('button', { name: 'Apply the decision' }).click();
    await tab.page.getByText('Not applied: ').waitFor();
    await tab.page.locator('.result').getByText('The row of the target was kept').waitFor();
    await tab.page.getByRole('button', { name: 'Next open conflict' }).click();
    await tab.page.getByRole('heading', { name: /^public\.t (?!30$)\d+$/ }).waitFor();

    expect(shown).toEqual(expect.arrayContaining([HOSTILE, 'kept']));
    expect([fresh.includes('moved'), unwritten, await nameOf(30)]).toEqual([true, 'moved', 'moved']);
    expect(await tab.page.locator('#app img, #app script').count()).toBe(0);
    expect(tab.complaints).toEqual([]);
  });

  test('many are decided alike once they have been counted, and the order is followed to its end', async () => {
    await using tab = await openPage(browser);
    const { count } = (await service.post(`/api/sync/conflicts/${job}/resolve-all`, { side: 'target', preview: true }))
      .body;
    await tab.page.goto(at(`/conflicts/${job}?status=open`));
    await tab.page.getByText('Decide many alike').click();
    await tab.page.getByLabel('Keep the row of the target').check();
    await tab.page.getByRole('button', { name: 'Count them' }).click();
    await tab.page.getByRole('heading', { name: `Decide ${count} conflicts?` }).waitFor();
    await tab.page.getByRole('button', { name: `Decide ${count}` }).click();
    await tab.page.locator('.order .chip', { hasText: 'completed' }).waitFor();
    await tab.page.getByText(`${count} decided`).waitFor();
    await tab.page.getByText('No conflict here fits').waitFor();

    expect(count).toBeGreaterThan(5);
    expect(await nameOf(35)).toBe('kept');
    expect(tab.complaints).toEqual([]);
  });

  test('a draft of a mapping is reviewed as a diff, corrected at its line, and approved by who may', async () => {
    await using tab = await openPage(browser);
    const mapping = (county: string) => ({
      'land.property': { from: 'public.t', columns: { id: 'id', county: { constant: county } } },
    });
    const put = (body: object) =>
      service.call('/api/sync/mappings/county', {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    const first = await put({ mapping: mapping('Sangamon') });
    await service.call('/api/sync/mappings/county/approve', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'if-match': first.headers.get('etag') ?? '' },
      body: JSON.stringify({ version: 1 }),
    });

    await tab.page.goto(at('/mappings'));
    await tab.page.getByText('Have one proposed').click();
    await tab.page.getByLabel('Name', { exact: true }).fill('proposed');
    await tab.page.getByLabel('Source connection').fill(pair.source.url);
    await tab.page.getByLabel('Target connection').fill(pair.target.url);
    await tab.page.getByRole('button', { name: 'Propose' }).click();
    await tab.page.getByText('A draft, proposed by rules').waitFor();
    const previewed = await tab.page.getByRole('region', { name: 'Rows of public.t as they would arrive' }).innerText();
    await tab.page.getByRole('link', { name: 'county' }).click();
    await tab.page.getByText('Write the next version').click();
    const field = tab.page.getByLabel('Mapping as JSON');
    await field.fill(JSON.stringify(mapping(HOSTILE), null, 2).replace('"constant"', '"constnt"'));
    await tab.page.getByRole('button', { name: 'Store as a draft' }).click();
    await tab.page.getByRole('button', { name: 'Line 6' }).click();
    const selected = await tab.page.evaluate(
      `document.activeElement.value.slice(document.activeElement.selectionStart, document.activeElement.selectionEnd)`,
    );
    await field.fill(JSON.stringify(mapping(HOSTILE), null, 2));
    await tab.page.getByRole('button', { name: 'Store as a draft' }).click();
    await tab.page.getByRole('heading', { name: 'Changes against version 1' }).waitFor();
    const change = await tab.page.getByRole('row', { name: 'land.property.county' }).innerText();
    const draft = tab.page.url();

    await using other = await openPage(browser);
    await other.page.goto(`${draft}#token=${await someone('viewer')}`);
    await other.page.getByText('someone · viewer').waitFor();
    await other.page.getByRole('button', { name: 'Approve version 2 needs resolver', disabled: true }).waitFor();
    await tab.page.getByRole('button', { name: 'Approve version 2' }).click();
    await tab.page.getByRole('button', { name: 'Approve it' }).click();
    await tab.page.locator('h1 + .chip', { hasText: 'in force' }).waitFor();

    expect(JSON.parse(String(selected))).toEqual({ constnt: HOSTILE });
    expect(previewed).toContain('parent');
    expect(change).toContain('Sangamon');
    expect(change).toContain('<script>alert(2)</script>');
    expect((await service.get('/api/sync/mappings/county')).body).toMatchObject({ approved: 2, version: 2 });
    expect(tab.complaints).toEqual([]);
    expect(other.complaints).toEqual([]);
  });

  test('an environment is made and tested, a request is refused with its reason, and a schedule is paused', async () => {
    await using tab = await openPage(browser);
    await tab.page.goto(at('/environments'));
    await tab.page.getByText('Make an environment').click();
    await tab.page.getByLabel('Name', { exact: true }).fill('production');
    await tab.page.getByLabel('Connection', { exact: true }).fill(pair.target.url);
    await tab.page.getByLabel('Jobs may write to it').check();
    await tab.page.getByLabel('Writing to it needs a second person').check();
    await tab.page.getByRole('button', { name: 'Try and make it' }).click();
    await tab.page.getByRole('button', { name: 'Connect and look' }).click();
    await tab.page.getByText('It answers: PostgreSQL').waitFor();
    const typed = await tab.page.locator('input[type=password]').inputValue();
    const asked = await service.post('/api/sync/full', {
      source_connection: pair.source.url,
      target_environment: 'production',
      config: MANUAL,
    });
    expect([asked.status, asked.body.code]).toEqual([409, 'approval_required']);
    await tab.page.goto(at('/approvals'));
    await tab.page.getByRole('heading', { name: 'A full job into production' }).waitFor();
    await tab.page.getByRole('button', { name: 'Approve' }).click();
    await tab.page.getByRole('button', { name: 'Approve it' }).click();
    await tab.page.getByText('approval_by_requester').waitFor(); // nobody approves what they have asked for
    await tab.page.getByRole('button', { name: 'Refuse' }).click();
    await tab.page.getByRole('button', { name: 'Refuse it' }).click();
    await tab.page.getByText('Nothing waits.').waitFor();

    await tab.page.goto(at('/schedules'));
    await tab.page.getByText('Make a schedule').click();
    await tab.page.getByLabel('Name', { exact: true }).fill('nightly');
    await tab.page.getByLabel('Source:').fill('production');
    await tab.page.getByLabel('Target:').fill(pair.source.url);
    await tab.page.getByLabel('Configuration of the job').fill('{"batch_size": 10}');
    await tab.page.getByRole('button', { name: 'Check and make it' }).click();
    await tab.page.getByRole('heading', { name: 'nightly' }).waitFor();
    await tab.page.getByRole('button', { name: 'Pause' }).click();
    await tab.page.locator('h1 + .chip', { hasText: 'paused' }).waitFor();

    expect(typed).toBe(''); // what was put is never shown again
    expect((await service.get('/api/sync/schedules/nightly')).body).toMatchObject({
      paused: true,
      config: { batch_size: 10 },
      environments: { source: 'production' },
    });
    expect(tab.complaints).toEqual([]);
  });

  test('each role is offered what it may do, and told which role the rest needs', async () => {
    const needed: Readonly<Record<string, readonly string[]>> = {
      '/start': [
        'Start a job needs operator',
        'Test both and list tables needs operator',
        'Start needs operator',
        'Dry run needs operator',
      ],
      [`/conflicts/${job}`]: ['Decide many alike needs resolver', 'Count them needs resolver'],
      '/mappings/county': [
        'Take it out of use needs resolver',
        'Write the next version needs operator',
        'Store as a draft needs operator',
      ],
      '/environments/production': [
        'Connect and look needs operator',
        'Change it, or give it new credentials needs admin',
        'Save needs admin',
        'Delete the environment needs admin',
      ],
    };
    const found: Record<string, unknown> = {};
    const expected: Record<string, unknown> = {};
    for (const role of ROLES) {
      await using tab = await openPage(browser);
      const token = await someone(role);
      const held = ([, texts]: [string, readonly string[]]) =>
        texts.filter((text) => !mayCall(text.split(' ').at(-1) as Role, [role]));
      for (const entry of Object.entries(needed)) {
        const [path] = entry;
        await tab.page.goto(at(path, token));
        await tab.page.getByText(`someone · ${role}`).waitFor();
        await tab.page.locator('h1').first().waitFor();
        await tab.page.locator('#app [aria-busy=true]').first().waitFor({ state: 'detached' });
        const texts = await tab.page.locator('main :has(> .needs)').allTextContents();
        found[`${role} ${path}`] = texts;
        expected[`${role} ${path}`] = held(entry);
        const enabled = await tab.page.locator('main button:enabled:has(.needs)').count();
        expect(enabled).toBe(0);
      }
      found[role] = await tab.page.getByRole('navigation', { name: 'Pages' }).getByRole('link').allTextContents();
      expected[role] = ['Jobs', 'Start', 'Mappings', 'Environments', 'Schedules'].filter(
        (name) => role !== 'viewer' || !['Start', 'Schedules'].includes(name),
      );
      expect(tab.complaints).toEqual([]);
    }
    expect(found).toEqual(expected);
  });

  test('in light and dark, wide and narrow, nothing sticks out and axe finds nothing serious', async () => {
    const { conflicts } = (await service.get(`/api/sync/conflicts/${job}`)).body;
    const [one] = conflicts;
    const paths = [
      `/conflicts/${job}`,
      `/conflicts/${job}/${one.conflict_id}`,
      '/mappings',
      '/mappings/county',
      '/environments',
      '/environments/production',
      '/approvals?state=all',
      '/schedules',
      '/schedules/nightly',
      `/conflicts/${job}/${'0'.repeat(32)}`,
    ];
    const found: unknown[] = [];
    for (const [colorScheme, width] of [
      ['light', 1280],
      ['dark', 360],
    ] as const) {
      await using tab = await openPage(browser, { colorScheme, viewport: { width, height: 780 } });
      for (const [i, path] of paths.entries()) {
        await tab.page.goto(i === 0 ? at(path) : `${service.url}${BASE}${path}`);
        await tab.page.locator('h1').first().waitFor();
        await tab.page.locator('#app [aria-busy=true]').first().waitFor({ state: 'detached' });
        await tab.page.evaluate(`for (const details of document.querySelectorAll('main details')) details.open = true`);
        const [findings, wider] = [await axeFindings(tab.page), await overflow(tab.page)];
        if (findings.length > 0 || wider > 0) found.push({ colorScheme, width, path, findings, wider });
      }
      expect(tab.complaints).toEqual([]);
    }
    expect(found).toEqual([]);
  });

  test('a hundred payloads in every place that a text comes from stay text on every page', async () => {
    const world = await payloadWorld(service);
    pairs.push(world.pair);
    await using tab = await openPage(browser);

    const seen = await lookThrough(tab.page, { ...world, base: `${service.url}${BASE}`, token: service.token });

    expect(seen.unvisited).toEqual([]);
    expect(seen.made).toEqual([]);
    expect(seen.missing).toEqual([]);
    expect(PAYLOADS.length).toBe(100);
    expect(tab.complaints).toEqual([]);
  });

  test('shapes of both sides lie over each other with what they measure, and are decided', async ({ skip }) => {
    skip(!POSTGIS, 'TEST_POSTGIS_URL is not set; `.ci/postgis FOLDER PORT` starts a server');
    await using source = await createDatabaseAt(POSTGIS ?? '');
    await using target = await createDatabaseAt(POSTGIS ?? '');
    const square = (side: number, hole: string) =>
      `gis.st_geomfromtext('POLYGON((0 0,${side} 0,${side} ${side},0 ${side},0 0)${hole})', 2926)`;
    for (const { client } of [source, target])
      await client.query(
        `create schema gis; create extension postgis schema gis;
         create table parcels (id int primary key, shape gis.geometry, spot gis.geometry);
         insert into parcels values (1, ${square(10, '')}, gis.st_geomfromtext('MULTIPOINT((1 1),(2 2))', 2926))`,
      );
    const config = { conflict_strategy: 'manual' };
    const both = { source, target } as unknown as TestPair; // as far as a start needs one
    await service.waitForEnd(await service.startFull(both, config));
    await source.client.query(`update parcels set shape = ${square(20, ',(5 5,6 5,6 6,5 6,5 5)')}`);
    await target.client.query(`update parcels set shape = ${square(15, '')}, spot = null`);
    const id = await service.startFull(both, config);
    await service.waitForEnd(id);

    await using tab = await openPage(browser);
    await tab.page.goto(at(`/conflicts/${id}`));
    await tab.page.getByRole('link', { name: 'public.parcels 1' }).click();
    await tab.page.getByRole('img', { name: /^shape: target, source/ }).waitFor();
    const shape = tab.page.getByRole('article', { name: 'shape' });
    const area = await shape.getByRole('row', { name: 'Area' }).innerText();
    const holes = await shape.locator('g.source .area').getAttribute('d');
    await shape.getByRole('button', { name: 'Look closer at what differs' }).click();
    await tab.page.getByRole('radio', { name: 'shape from the source' }).check();
    await tab.page.getByRole('radio', { name: 'spot from the target' }).check();
    const findings = await axeFindings(tab.page);
    await apply(tab, /put together column by column/);

    expect(area.split(/\s+/)).toEqual(expect.arrayContaining(['399', '225', '+174']));
    expect(holes?.match(/Z/g)).toHaveLength(2);
    expect(findings).toEqual([]);
    const { rows } = await target.client.query('select gis.st_area(shape)::text as area, spot from parcels');
    expect(rows).toEqual([{ area: '399', spot: null }]);
    expect(tab.complaints).toEqual([]);
  });
});
