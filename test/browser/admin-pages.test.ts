import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mayCall, ROLES, type Role } from '../../lib/model/roles.ts';
import { createPair, type TestPair } from '../support/databases.ts';
import { noBrowser, openPage } from './browser.ts';
import { DRAWN } from './keyboard.ts';
import { served } from './served.ts';

const HOSTILE = `<img src=x onerror=alert(1)>"'><script>alert(2)</script>{{alert(3)}}`;

describe('the pages of those who run the service', () => {
  const web = served();
  let pair: TestPair;
  beforeAll(async () => {
    if (noBrowser !== undefined) return;
    pair = await createPair();
    for (const { client } of [pair.source, pair.target])
      await client.query(`create table parent (id int primary key);
        create table t (id int primary key, name text, n int, u text unique, parent int references parent)`);
  });
  afterAll(() => pair?.[Symbol.asyncDispose]());

  test('a draft of a mapping is reviewed as a diff, corrected at its line, and approved by a second person alone', async () => {
    await using tab = await openPage(web.browser);
    const mapping = (county: string) => ({
      'land.property': { from: 'public.t', columns: { id: 'id', county: { constant: county } } },
    });
    const first = await web.put('/api/sync/mappings/county', { mapping: mapping('Sangamon') });
    const approval = '/api/sync/mappings/county/approve';
    await web.call('POST', approval, { version: 1 }, { 'if-match': first.headers.get('etag') ?? '' });
    const writer = await web.someone('operator', 'olga');
    await web.put('/api/sync/environments/made', { connection: pair.source.url, writable: true });
    await pair.source.client.query(`insert into t values (1, 'Ann', 7)`);

    await tab.page.goto(web.at('/mappings', writer));
    await tab.page.getByText('Have one proposed').click();
    await tab.page.getByLabel('Name', { exact: true }).fill('proposed');
    await tab.page.getByLabel('Source environment').selectOption('made');
    await tab.page.getByRole('radio', { name: 'Connection URL' }).nth(1).check();
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
    // nothing is stored by leaving, and nothing is lost without a word
    await tab.page.getByRole('link', { name: 'Environments' }).click();
    await tab.page.getByRole('button', { name: 'Stay' }).waitFor();
    // the question is asked anew while the one before is closing
    await tab.page.evaluate(`{
      const named = (tag, name) => [...document.querySelectorAll(tag)].find((one) => one.innerText.trim() === name);
      const elsewhere = named('a', 'Environments');
      named('dialog button', 'Stay').click();
      elsewhere.click();
    }`);
    await tab.page.evaluate(DRAWN);
    await tab.page.getByRole('button', { name: 'Stay' }).click();
    await tab.page.goBack();
    await tab.page.getByRole('button', { name: 'Stay' }).click();
    const stayed = [tab.page.url(), await field.inputValue()];
    // who has to sign in again finds what they had written
    await tab.page.route('**/api/sync/mappings/county', (route) => route.fulfill({ status: 401, json: {} }));
    await tab.page.getByRole('button', { name: 'Store as a draft' }).click();
    await field.waitFor({ state: 'detached' });
    await tab.page.unroute('**/api/sync/mappings/county');
    await tab.page.evaluate(`location.hash = 'token=${writer}'`);
    await tab.page.getByText('This is what you had written here before').waitFor();
    const again = await field.inputValue();
    await tab.page.getByRole('button', { name: 'Begin again' }).click();
    const anew = await field.inputValue();
    await tab.page.getByText('This is what you had written').waitFor({ state: 'detached' });
    // what is written can be checked and previewed before anybody stores it
    const at = tab.page.getByRole('region', { name: 'Check and preview' }).last();
    await field.fill(
      JSON.stringify(
        { 'public.t': { from: 'public.t', columns: { n: { expression: 'n + 1' }, u: 'no_such_column' } } },
        null,
        2,
      ),
    );
    await at.getByLabel('Source environment').selectOption('made');
    await at.getByRole('radio', { name: 'Connection URL' }).nth(1).check();
    await at.getByLabel('Target connection').fill(pair.target.url);
    await at.getByRole('button', { name: 'Check and preview' }).click();
    await at.getByText('A job with it would be refused: 1 error.').waitFor();
    await at.getByText('no column no_such_column').waitFor();
    const rows = await at.getByRole('region', { name: 'Rows of public.t as they would arrive' }).innerText();
    await at.getByRole('button', { name: 'Line' }).first().click();
    const wrongAt = await tab.page.evaluate(
      `document.activeElement.value.slice(document.activeElement.selectionStart, document.activeElement.selectionEnd)`,
    );
    await tab.picture('mapping-check');

    await field.fill(JSON.stringify(mapping(HOSTILE), null, 2));
    await tab.page.getByRole('button', { name: 'Store as a draft' }).click();
    await tab.page.getByRole('heading', { name: 'Changes against version 1' }).waitFor();
    const left = await tab.page.evaluate(`Object.keys(sessionStorage).filter((key) => key.includes('.text.'))`);
    const change = await tab.page.getByRole('row', { name: 'land.property.county' }).innerText();
    const draft = tab.page.url();
    await tab.page.getByRole('button', { name: 'Approve version 2 needs resolver', disabled: true }).waitFor();
    const tag = (await web.service.get('/api/sync/mappings/county')).headers.get('etag') ?? '';
    const refused = await web.service.call(approval, {
      method: 'POST',
      token: writer,
      headers: { 'content-type': 'application/json', 'if-match': tag },
      body: JSON.stringify({ version: 2 }),
    });

    await using other = await openPage(web.browser);
    await other.page.goto(`${draft}#token=${await web.someone('resolver', 'rhea')}`);
    await other.page.getByText('rhea · resolver').waitFor();
    await other.page.getByText('Stored by olga').or(other.page.getByText('Written by olga')).waitFor();
    await other.page.getByRole('button', { name: 'Approve version 2' }).click();
    await other.page.getByText('It was compared with no database on this page').waitFor();
    await other.page.getByLabel('Note, kept with it').fill('checked with the assessor');
    await other.page.getByRole('button', { name: 'Approve it' }).click();
    await other.page.locator('h1 + .chip', { hasText: 'in force' }).waitFor();
    await other.page.getByText('Version 2 approved by rhea').waitFor();
    await other.page.setViewportSize({ width: 360, height: 780 });
    const caption = await other.page.locator('.made caption').first().boundingBox();
    await other.picture('mapping-narrow');
    await tab.page.reload();
    await tab.page.locator('h1 + .chip', { hasText: 'in force' }).waitFor();

    expect(JSON.parse(String(selected))).toEqual({ constnt: HOSTILE });
    expect(stayed).toEqual([expect.stringMatching(/mappings\/county$/), expect.stringContaining('constnt')]);
    expect([again, anew, left]).toEqual([stayed[1], expect.stringContaining('Sangamon'), []]);
    expect(rows).toContain('8');
    expect(caption?.width).toBeGreaterThan(200); // a name in one or two lines
    expect(wrongAt).toBe('"no_such_column"');
    expect(previewed).toContain('parent');
    expect(change).toContain('Sangamon');
    expect(change).toContain('<script>alert(2)</script>');
    expect(refused.status).toBe(403);
    const { body } = await web.service.get('/api/sync/mappings/county');
    expect(body).toMatchObject({ approved: 2, version: 2, author: 'olga' });
    expect(body.approvals.at(-1)).toMatchObject({ version: 2, by: 'rhea', note: 'checked with the assessor' });
    expect(tab.complaints).toEqual([]);
    expect(other.complaints).toEqual([]);
  });

  test('an environment is made and tested, a request is decided by a second person alone, and a schedule is paused', async () => {
    await using tab = await openPage(web.browser);
    await tab.page.goto(web.at('/environments'));
    await tab.page.getByText('Make an environment').click();
    await tab.page.getByLabel('Name', { exact: true }).fill('production');
    await tab.page.getByLabel('Connection', { exact: true }).fill(pair.target.url);
    await tab.page.getByLabel('Jobs may write to it').check();
    await tab.page.getByLabel('Writing to it needs a second person').check();
    await tab.page.getByRole('button', { name: 'Try and make it' }).click();
    await tab.page.getByRole('button', { name: 'Connect and look' }).click();
    await tab.page.getByText('It answers: PostgreSQL').waitFor();
    const typed = await tab.page.locator('input[type=password]').inputValue();
    const start = (batch_size: number) =>
      web.service.post('/api/sync/full', {
        source_connection: pair.source.url,
        target_environment: 'production',
        config: { batch_size },
      });
    const asked = [await start(10), await start(20)];
    expect(asked.map(({ status, body }) => [status, body.code])).toEqual(asked.map(() => [409, 'approval_required']));
    await tab.page.goto(web.at('/approvals'));
    await tab.page.getByRole('heading', { name: 'A full job into production' }).nth(1).waitFor();
    await tab.page.getByRole('button', { name: 'Approve', disabled: true }).nth(1).waitFor();
    await tab.page.getByText('You have asked for it: another person has to approve it.').nth(1).waitFor();
    await tab.picture('approvals-own');
    await using other = await openPage(web.browser);
    await other.page.goto(web.at('/approvals', await web.someone('admin', 'ada')));
    const requests = other.page.getByRole('article');
    await requests.nth(1).waitFor();
    const batchOf = async (at: number) => {
      await requests.nth(at).getByText('The configuration that would be approved').click();
      await requests.nth(at).locator('pre').waitFor();
      return JSON.parse(await requests.nth(at).locator('pre').innerText()).batch_size;
    };
    const shown = [await batchOf(0), await batchOf(1)];
    await requests.first().getByRole('button', { name: 'Approve' }).click();
    await other.page.getByRole('button', { name: 'Approve it' }).click();
    await requests.nth(1).waitFor({ state: 'detached' });
    await other.page.getByRole('button', { name: 'Refuse' }).click();
    await other.page.getByLabel('Note, kept with the decision').fill('not tonight');
    await other.page.getByRole('button', { name: 'Refuse it' }).click();
    await other.page.getByText('Nothing waits.').waitFor();
    const [approved, rejected] = [await start(shown[0]), await start(shown[1])];

    await tab.page.goto(web.at('/schedules'));
    await tab.page.getByText('Make a schedule').click();
    await tab.page.getByLabel('Name', { exact: true }).fill('nightly');
    await tab.page.getByLabel('Source:').fill('production');
    await tab.page.getByLabel('Target:').fill(pair.source.url);
    await tab.page.getByLabel('Configuration of the job').fill('{"batch_size": 10}');
    await tab.page.getByRole('button', { name: 'Check and make it' }).click();
    await tab.page.getByRole('heading', { name: 'nightly' }).waitFor();
    await tab.page.getByRole('button', { name: 'Pause' }).click();
    await tab.page.locator('h1 + .chip', { hasText: 'paused' }).waitFor();

    expect([...shown].sort()).toEqual([10, 20]);
    expect(approved.status).toBe(202);
    await web.service.waitForEnd(approved.body.job_id);
    expect([rejected.status, rejected.body.code]).toEqual([409, 'approval_rejected']);
    expect(other.complaints).toEqual([]);
    expect(typed).toBe(''); // what was put is never shown again
    expect((await web.service.get('/api/sync/schedules/nightly')).body).toMatchObject({
      paused: true,
      config: { batch_size: 10 },
      environments: { source: 'production' },
    });
    expect(tab.complaints).toEqual([]);
  });

  test('a webhook is made with a secret that is shown once, tested, changed and deleted by those who may', async () => {
    let tests = 0; // what jobs of the tests before have to tell may come too
    const receiver = createServer((request, answer) => {
      if (String(request.headers['webhook-id']).startsWith('webhook_test-')) tests++;
      request.resume().on('end', () => answer.writeHead(tests === 1 ? 204 : 500).end());
    });
    receiver.listen(0, '127.0.0.1');
    await once(receiver, 'listening');
    const { port } = receiver.address() as AddressInfo;
    await using tab = await openPage(web.browser);
    const { page } = tab;

    await page.goto(web.at('/webhooks'));
    await page.getByText('There is no webhook yet.').waitFor();
    await page.getByText('Make a webhook').click();
    await page.getByLabel('Name', { exact: true }).fill('ops');
    await page.getByLabel('URL', { exact: true }).fill(`http://127.0.0.1:${port}/path-that-is-secret`);
    await page.getByRole('checkbox', { name: 'changes.lag' }).uncheck();
    await page.getByRole('button', { name: 'Make it' }).click();
    const shown = page.getByRole('status').getByText(/^whsec_/); // whoever does not see it is told of it
    await shown.waitFor();
    const secret = await shown.innerText();
    await page.getByRole('link', { name: 'ops' }).click();
    await page.getByRole('button', { name: 'Post a test' }).click();
    await page.getByRole('status').getByText('HTTP 204').waitFor();
    await page.getByRole('button', { name: 'Post a test' }).click();
    await page.getByRole('status').getByText('HTTP 500').waitFor();
    await page.getByText('Change it, or pause it').click();
    await page.getByRole('checkbox', { name: 'Paused: it is' }).check();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.locator('h1 + .chip', { hasText: 'paused' }).waitFor();
    const { body: kept } = await web.service.get('/api/sync/webhooks/ops');
    const again = await page.innerText('#app');

    await using other = await openPage(web.browser);
    await other.page.goto(web.at('/webhooks', await web.someone('viewer', 'vera')));
    await other.page.getByText('this needs the role admin').waitFor();
    const offered = await other.page.getByText('Make a webhook').count();

    await page.getByRole('button', { name: 'Give it another secret' }).click();
    await page.getByRole('button', { name: 'Make it' }).click();
    await shown.waitFor();
    const rotated = await shown.innerText();
    const changed = await web.put('/api/sync/webhooks/ops', { events: ['job.ended'], paused: true });
    await page.getByRole('button', { name: 'Delete the webhook' }).click();
    await page.getByRole('button', { name: 'Delete it' }).click();
    await page.getByRole('alert').getByText('webhook_changed').waitFor(); // somebody else has, since it was shown
    await page.reload();
    await page.getByRole('button', { name: 'Delete the webhook' }).click();
    await page.getByRole('button', { name: 'Delete it' }).click();
    await page.getByText('There is no webhook yet.').waitFor();
    receiver.close();

    expect(tests).toBe(2);
    expect(kept).toMatchObject({ paused: true, events: ['job.ended', 'job.paused', 'job.resumed', 'conflicts.new'] });
    expect(again).not.toContain(secret);
    expect(again).not.toContain('path-that-is-secret');
    expect(rotated).not.toBe(secret);
    expect(changed.status).toBe(200);
    expect(offered).toBe(0);
    expect([...tab.complaints, ...other.complaints]).toEqual([]);
  });

  test('each role is offered what it may do, and told which role the rest needs', async () => {
    const needed: Readonly<Record<string, readonly string[]>> = {
      '/start': [
        'Start a job needs operator',
        'Test both and list tables needs operator',
        'Start needs operator',
        'Dry run needs operator',
      ],
      [`/conflicts/${'0'.repeat(8)}-0000-4000-8000-${'0'.repeat(12)}`]: [
        'Decide many alike needs resolver',
        'Count them needs resolver',
      ],
      '/mappings/county': [
        'Take version 2 out of use needs resolver',
        'Check and preview version 2 needs operator',
        'Check and preview needs operator',
        'Write the next version needs operator',
        'Store as a draft needs operator',
        'Check and preview needs operator',
      ],
      '/environments/production': [
        'Connect and look needs operator',
        'Change it, or give it new credentials needs admin',
        'Save needs admin',
        'Delete the environment needs admin',
      ],
      '/pairs': ['Keep a pair needs operator', 'Keep it needs operator'],
      '/plan': [
        'Plan a project needs operator',
        'Test both and list tables needs operator',
        'Make the plan needs operator',
      ],
    };
    const found: Record<string, unknown> = {};
    const expected: Record<string, unknown> = {};
    for (const role of ROLES) {
      await using tab = await openPage(web.browser);
      const token = await web.someone(role);
      const held = ([, texts]: [string, readonly string[]]) =>
        texts.filter((text) => !mayCall(text.split(' ').at(-1) as Role, [role]));
      for (const entry of Object.entries(needed)) {
        const [path] = entry;
        await tab.page.goto(web.at(path, token));
        await tab.page.getByText(`someone · ${role}`).waitFor();
        await tab.page.locator('h1').first().waitFor();
        await tab.page.locator('#app [aria-busy=true]').first().waitFor({ state: 'detached' });
        const texts = await tab.page.locator('main :has(> .needs)').allTextContents();
        found[`${role} ${path}`] = texts;
        expected[`${role} ${path}`] = held(entry);
        const enabled = await tab.page.locator('main button:enabled:has(.needs)').count();
        expect(enabled).toBe(0);
      }
      found[role] = await tab.page
        .getByRole('navigation', { name: 'Pages', exact: true })
        .getByRole('link')
        .allTextContents();
      const hidden = {
        viewer: ['Start', 'Schedules', 'Webhooks'],
        operator: ['Webhooks'],
        resolver: ['Webhooks'],
        admin: [],
      };
      expected[role] = [
        'Jobs',
        'Start',
        'Mappings',
        'Environments',
        'Pairs',
        'Schedules',
        'Webhooks',
        'Projects',
      ].filter((name) => !(hidden[role] as readonly string[]).includes(name));
      expect(tab.complaints).toEqual([]);
    }
    expect(found).toEqual(expected);
  });
});
