import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JobConfig } from '../../lib/model/config.ts';
import type { ConflictType } from '../../lib/model/conflict.ts';
import { createPair, type TestPair } from '../support/databases.ts';
import { createDatabaseAt } from '../support/elsewhere.ts';
import { axeFindings, noBrowser, openPage, type TestPage } from './browser.ts';
import { served } from './served.ts';

const POSTGIS = process.env.TEST_POSTGIS_URL;

const TABLES = `create table parent (id int primary key); create domain worth as numeric(8, 2);
  create type stage as enum ('draft', 'final');
  create table t (id int primary key, name text, n int, u text unique, parent int references parent, worth worth, stage stage)`;

const HOSTILE = `<img src=x onerror=alert(1)>"'><script>alert(2)</script>{{alert(3)}}`;

/** Key of the row of each type, and how both sides come to it. */
const MAKES: Readonly<Record<ConflictType, readonly [id: number, source: string, target: string]>> = {
  insert_exists: [1, `insert into t values (1, 's')`, `insert into t values (1, 't')`],
  update_differing: [
    12,
    `update t set name = 's', n = 1, worth = 1, stage = 'draft' where id = 12`,
    `update t set name = 't', n = 2, worth = 2, stage = 'final' where id = 12`,
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

/** Presses a key in the moment that a text is there: before it is painted. */
const pressAt = (text: string, key: string) => `new MutationObserver((_, watch) => {
  if (!document.body.innerText.includes(${JSON.stringify(text)})) return;
  watch.disconnect();
  document.dispatchEvent(new KeyboardEvent('keydown', { key: ${JSON.stringify(key)}, cancelable: true }));
}).observe(document.body, { subtree: true, childList: true })`;

describe('the pages of conflicts', () => {
  const web = served();
  let pair: TestPair;
  let job: string;

  beforeAll(async () => {
    if (noBrowser !== undefined) return;
    pair = await createPair();
    for (const { client } of [pair.source, pair.target]) await client.query(TABLES);
    await pair.source.client.query(`insert into t select i, 'n' || i, i from generate_series(11, 40) i`);
    expect((await web.service.waitForEnd(await web.service.startFull(pair, MANUAL))).state).toBe('completed');
    for (const [, source, target] of Object.values(MAKES)) {
      await pair.source.client.query(source);
      await pair.target.client.query(target);
    }
    await pair.source.client.query('update t set name = $1 where id between 30 and 39', [HOSTILE]);
    await pair.target.client.query(`update t set name = 'kept' where id between 30 and 39`);
    job = await web.service.startFull(pair, MANUAL);
    expect((await web.service.waitForEnd(job)).state).toBe('completed_with_issues');
  });
  afterAll(() => pair?.[Symbol.asyncDispose]());

  const nameOf = async (id: number) => {
    const { rows } = await pair.target.client.query('select name from t where id = $1', [id]);
    return rows[0]?.name ?? 'no row';
  };
  const apply = async ({ page }: TestPage, said: RegExp) => {
    await page.getByRole('button', { name: 'Apply the decision' }).click();
    await page.locator('.result').getByText(said).waitFor();
  };

  test('a conflict of each type is found by its type and decided, with the keyboard where it is a side', async () => {
    await using tab = await openPage(web.browser);
    const open = async (type: ConflictType) => {
      await tab.page.goto(web.at(`/conflicts/${job}?type=${type}&status=open`));
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
    await tab.page.getByText('Still to be chosen: n, worth, stage.').waitFor();
    await tab.page.getByRole('button', { name: 'Edit n', exact: true }).click();
    await tab.page.locator('textarea:focus').waitFor();
    await tab.page.getByLabel('Value of n', { exact: true }).fill('1,5');
    await tab.page.getByText('Expected a whole number').waitFor();
    const held = await tab.page.getByRole('button', { name: 'Apply the decision' }).isDisabled();
    await tab.page.getByLabel('Value of n', { exact: true }).fill('7');
    await tab.page.getByRole('button', { name: 'Edit stage' }).click();
    await tab.page.getByLabel('Value of stage').fill('finl');
    await tab.page.getByText('Expected one of draft, final.').waitFor();
    await tab.page.getByLabel('Value of stage').fill('draft');
    await tab.page.getByRole('button', { name: 'Edit worth' }).click();
    await tab.page.getByLabel('Value of worth').fill('abc');
    await tab.page.getByText('Expected a number').waitFor();
    await tab.page.getByLabel('Value of worth').fill('1234567'); // a number, and too large for numeric(8, 2)
    const fits = await tab.page.getByLabel('Value of worth').getAttribute('aria-invalid');
    await tab.page.getByRole('button', { name: 'Apply the decision' }).click();
    await tab.page
      .getByRole('alert')
      .getByText('worth: the value does not fit the type worth, which is numeric')
      .waitFor();
    await tab.page.locator('textarea[aria-label="Value of worth"][aria-invalid=true]:focus').waitFor();
    await tab.page.getByLabel('Value of worth').fill('15.5');
    await tab.page.getByLabel('Note, kept with').fill('by phone');
    await apply(tab, /put together column by column/);
    await tab.page.getByText('Note: by phone').waitFor();
    await tab.page.locator('.result').getByText('worth: “15.5” typed').waitFor();
    const worth = await tab.page.getByRole('article', { name: 'worth' }).locator('.cell').allInnerTexts();

    await open('update_deleted');
    await tab.page.evaluate(pressAt('The target has no such row', 's'));
    await tab.page.getByRole('link', { name: 'public.t 13' }).click();
    await tab.page.getByText('The row is inserted into the target.').waitFor();
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

    expect(worth.map((text) => text.split(/\n+/))).toEqual([
      ['Source, before', '1.00'],
      ['Target, before', '2.00'],
      ['Result, as decided', '15.5'],
    ]);
    expect(held).toBe(true);
    expect(fits).toBe(null); // Pico draws a tick where it says false
    const names = [];
    for (const id of [1, 12, 13, 14, 5, 6]) names.push(await nameOf(id));
    expect(names).toEqual(['s', 't', 's', 'no row', 'no row', 's']);
    const { rows } = await pair.target.client.query('select n, worth, stage from t where id = 12');
    expect(rows).toEqual([{ n: '7', worth: '15.50', stage: 'draft' }]);
    expect(tab.complaints).toEqual([]);
  });

  test('a side that has moved, and a decision by somebody else, are shown in place, and text is never markup', async () => {
    await using tab = await openPage(web.browser);
    await tab.page.goto(web.at(`/conflicts/${job}?table=public.t&status=open`));
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
    const { expected } = (await web.service.get(path)).body;
    await web.service.post(`${path}/resolve`, { side: 'target', expected, note: 'first' });
    await tab.page.keyboard.press('s');
    await tab.page.getByRole('button', { name: 'Apply the decision' }).click();
    await tab.page.getByText('Not applied: ').waitFor();
    await tab.page.locator('.result').getByText('The row of the target was kept').waitFor();
    await tab.page.getByRole('button', { name: 'Next open conflict' }).click();
    await tab.page.getByRole('heading', { name: /^public\.t (?!30$)\d+$/ }).waitFor();
    const left = await tab.page.getByRole('heading', { level: 1 }).locator('.key').innerText();
    await tab.page.keyboard.press('u');
    await tab.page.locator('th a:focus', { hasText: left }).waitFor(); // the list goes on where it was left

    expect(shown).toEqual(expect.arrayContaining([HOSTILE, 'kept']));
    expect([fresh.includes('moved'), unwritten, await nameOf(30)]).toEqual([true, 'moved', 'moved']);
    expect(await tab.page.locator('#app img, #app script').count()).toBe(0);
    expect(tab.complaints).toEqual([]);
  });

  test('many are decided alike once they have been counted, and the order is followed to its end', async () => {
    await using tab = await openPage(web.browser);
    const { count } = (
      await web.service.post(`/api/sync/conflicts/${job}/resolve-all`, { side: 'target', preview: true })
    ).body;
    await tab.page.goto(web.at(`/conflicts/${job}?status=open`));
    await tab.page.getByText('Decide many alike').click();
    await tab.page.getByLabel('Keep the row of the target').check();
    await tab.page.getByRole('button', { name: 'Count them' }).click();
    await tab.page.getByRole('heading', { name: `Decide ${count} conflicts?` }).waitFor();
    await tab.page.keyboard.press('Escape');
    await tab.page.getByRole('dialog').waitFor({ state: 'detached' });
    await tab.page.locator('button:focus', { hasText: 'Count them' }).press('Enter');
    await tab.page.getByRole('heading', { name: `Decide ${count} conflicts?` }).waitFor();
    await tab.page.getByRole('button', { name: `Decide ${count}` }).click();
    await tab.page.locator('.order .chip', { hasText: 'completed' }).waitFor();
    await tab.page.getByText(`${count} decided`).waitFor();
    await tab.page.getByText('No conflict of this job is open').waitFor();
    await tab.page.getByRole('link', { name: '← Job' }).click();
    await tab.page.getByText(/^0 open of \d+$/).waitFor(); // the count of the job's end stays what it was

    expect(count).toBeGreaterThan(5);
    expect(await nameOf(35)).toBe('kept');
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
    await web.service.waitForEnd(await web.service.startFull(both, config));
    await source.client.query(`update parcels set shape = ${square(20, ',(5 5,6 5,6 6,5 6,5 5)')}`);
    await target.client.query(`update parcels set shape = ${square(15, '')}, spot = null`);
    const id = await web.service.startFull(both, config);
    await web.service.waitForEnd(id);

    await using tab = await openPage(web.browser);
    await tab.page.goto(web.at(`/conflicts/${id}`));
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
