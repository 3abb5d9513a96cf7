import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { StatusView } from '../../lib/orchestrator/status.ts';
import { hold, startService } from '../e2e/support.ts';
import { createPair, type TestPair } from '../support/databases.ts';
import { axeFindings, openPage } from './browser.ts';
import { BASE, served } from './served.ts';

describe('the pages', () => {
  const web = served();
  const pairs: TestPair[] = [];
  afterAll(async () => {
    for (const pair of pairs) await pair[Symbol.asyncDispose]();
  });

  /** A job that has ended with issues, for those who only look at one; made when the first of them asks. */
  let ended: Promise<StatusView> | undefined;
  const endedJob = () => {
    ended ??= (async () => {
      const pair = await troubled();
      pairs.push(pair);
      return web.service.waitForEnd(await web.service.startFull(pair, { batch_size: 10 }));
    })();
    return ended;
  };
  const signedIn = (path: string) => `${web.service.url}${path}#token=${web.service.token}`;

  test('the address that npm start prints signs in, and the token is gone from the address and the history', async () => {
    await using tab = await openPage(web.browser);

    await tab.page.goto(signedIn('/'));
    await tab.page.getByRole('heading', { name: 'Jobs' }).waitFor();
    await tab.page.getByText('All is well').waitFor();
    await tab.page.reload();
    await tab.page.getByRole('heading', { name: 'Jobs' }).waitFor();

    expect(tab.page.url()).toBe(`${web.service.url}${BASE}`);
    expect(await tab.page.evaluate('history.length')).toBe(2); // about:blank and the dashboard
    expect(await tab.page.evaluate('sessionStorage.length + localStorage.length')).toBe(1);
    expect(tab.complaints).toEqual([]);
  });

  test('without a good token nothing is shown but the way to sign in', async () => {
    await using tab = await openPage(web.browser);

    await tab.page.goto(`${web.service.url}${BASE}/dashboard`);
    await tab.page.getByLabel('Access token').fill('not a token');
    await tab.page.keyboard.press('Enter');
    await tab.page.getByText('does not accept this token').waitFor();
    await tab.picture('sign-in');
    const findings = await axeFindings(tab.page);
    await tab.page.getByLabel('Access token').fill(web.service.token);
    await tab.page.keyboard.press('Enter');
    await tab.page.getByRole('heading', { name: 'Jobs' }).waitFor();
    await tab.page.getByRole('button', { name: 'Sign out' }).click();
    await tab.page.getByLabel('Access token').waitFor();

    expect(findings).toEqual([]);
    expect(await tab.page.evaluate('sessionStorage.length')).toBe(0);
    expect(tab.complaints).toEqual([]);
  });

  test.each([
    { role: 'viewer', webhooks: 403 },
    { role: 'admin', webhooks: 200 },
  ] as const)('a $role signs in with the provider, comes back, stays signed in and signs out', async (person) => {
    await using tab = await openPage(web.browser);
    const { page } = tab;
    const button = page.getByRole('button', { name: 'Sign in with 127.0.0.1' });
    const passwords = JSON.parse(readFileSync(join(web.service.dataDir, 'accounts.json'), 'utf8'));
    const giveName = async (password: string) => {
      await page.getByLabel('Name').fill(person.role);
      await page.getByLabel('Password').fill(password);
      await page.getByRole('button', { name: 'Sign in' }).click();
    };
    const stored = () => page.evaluate('Object.keys(sessionStorage).sort().join()');
    const token = () => page.evaluate(`sessionStorage.getItem('terrafusion.token')`) as Promise<string>;
    const statusOf = async (path: string) => (await web.service.call(path, { token: await token() })).status;
    await page.clock.install();

    await page.goto(`${web.service.url}${BASE}/dashboard?status=failed`);
    await button.click();
    await giveName('guessed');
    await page.getByText('do not belong together').waitFor();
    await tab.picture('sign-in-provider');
    const ofProvider = await axeFindings(page);
    await giveName(passwords[person.role]);
    await page.getByRole('heading', { name: 'Jobs' }).waitFor();
    const came = page.url();
    const may = [await statusOf('/api/sync/jobs'), await statusOf('/api/sync/webhooks')];
    const kept = await stored();

    const first = await token();
    const renewed = page.waitForResponse((r) => r.url().endsWith('/issuer/token') && r.ok());
    await page.clock.fastForward('59:00');
    await renewed;
    await expect.poll(token).not.toBe(first);
    const after = await statusOf('/api/sync/jobs');

    await page.getByRole('button', { name: 'Sign out' }).click();
    await button.waitFor();
    const left = [page.url(), await stored()];
    await button.click();
    await page.getByLabel('Password').waitFor(); // the provider has forgotten this browser too

    expect(came).toBe(`${web.service.url}${BASE}/dashboard?status=failed`);
    expect(may).toEqual([200, person.webhooks]);
    expect(kept).toBe('terrafusion.grant,terrafusion.token');
    expect(after).toBe(200);
    expect(left).toEqual([`${web.service.url}${BASE}/sign-in`, '']);
    expect(ofProvider).toEqual([]);
    expect(tab.complaints).toEqual([]);
  });

  test('an answer of a provider that this tab has not asked signs nobody in', async () => {
    await using tab = await openPage(web.browser);

    await tab.page.goto(`${web.service.url}${BASE}/sign-in?code=stolen&state=forged`);
    await tab.page.getByText('does not belong to a sign-in that was begun here').waitFor();

    expect(tab.page.url()).toBe(`${web.service.url}${BASE}/sign-in`);
    expect(await tab.page.evaluate('sessionStorage.length')).toBe(0);
    expect(tab.complaints).toEqual([]);
  });

  test('a job is followed from its start to its end without a reload', async () => {
    await using pair = await createOffice();
    await using tab = await openPage(web.browser);
    await tab.page.goto(signedIn(BASE));

    const lock = await hold(pair.target, 'lock table public.sales in share mode');
    const jobId = await web.service.startFull(pair, { max_parallel_tables: 4 });
    await tab.page.getByRole('link', { name: jobId.slice(0, 8) }).click();
    await tab.page.getByRole('row', { name: /public\.owners verified|public\.owners apply 1\/1/ }).waitFor();
    await tab.page.locator('h1 + .chip', { hasText: 'running' }).waitFor();
    await tab.picture('job-running');
    await lock.release();
    await tab.page.locator('h1 + .chip', { hasText: 'completed' }).waitFor();
    const status = await web.service.status(jobId);
    const sales = status.tables.find((t) => t.name === 'public.sales');
    const row = await tab.page.getByRole('row', { name: 'public.sales' }).innerText();

    expect(tab.page.url()).toBe(`${web.service.url}${BASE}/job/${jobId}`);
    expect(row.split(/\s+/)).toEqual(expect.arrayContaining(['verified', '100', String(sales?.counts.inserted)]));
    expect(await tab.page.title()).toContain('completed');
    expect(await tab.page.getByText('final, read').count()).toBe(1);
    await tab.page.goBack();
    await tab.page.getByRole('heading', { name: 'Jobs' }).waitFor();
    expect(tab.complaints).toEqual([]);
  });

  test('asks with the tag of the last answer, and no more after the end', async () => {
    await using pair = await createOffice();
    await using tab = await openPage(web.browser);
    const asked: string[] = [];
    await tab.page.clock.install();
    tab.page.on('request', (r) => r.url().includes('/api/sync/status/') && asked.push(r.url()));

    const lock = await hold(pair.target, 'lock table public.owners in share mode');
    const jobId = await web.service.startFull(pair);
    const unchanged = tab.page.waitForResponse((r) => r.url().includes('/status/') && r.status() === 304);
    await tab.page.goto(signedIn(`${BASE}/job/${jobId}`));
    const asking = (await unchanged).request().headers();
    await lock.release();
    await tab.page.getByText('final, read').waitFor();
    const before = asked.length;
    await tab.page.clock.fastForward('10:00');
    await tab.page.evaluate(`fetch('/').then((r) => r.status)`); // what was asked before this has been seen

    expect(asking['if-none-match']).toMatch(/^W\//);
    expect(before).toBeGreaterThan(1);
    expect(asked.length).toBe(before);
  });

  test('a job that fails says why and what to do', async () => {
    await using pair = await createPair();
    for (const { client } of [pair.source, pair.target]) await client.query('create table t (id int primary key)');
    await pair.source.client.query('insert into t values (1)');
    await pair.target.client.query(
      `create function drops() returns trigger language plpgsql as 'begin return null; end';
       create trigger quiet before insert on t for each row execute function drops()`,
    );
    await using tab = await openPage(web.browser);

    const ended = await web.service.waitForEnd(await web.service.startFull(pair, { max_quarantined_rows: 0 }));
    await tab.page.clock.install();
    await tab.page.goto(signedIn(`${BASE}/job/${ended.job_id}`));
    await tab.page.locator('h1 + .chip', { hasText: 'failed' }).waitFor();
    await tab.picture('job-failed');
    const note = await tab.page.locator('.note.bad').first().innerText();

    // somebody else mends the cause and resumes it: this tab learns of it by itself
    const asked = tab.page.waitForResponse((r) => r.url().includes('/status/'));
    await pair.target.client.query('drop trigger quiet on t');
    await web.service.post(`/api/sync/resume/${ended.job_id}`, {});
    await web.service.waitForEnd(ended.job_id);
    await tab.page.clock.fastForward('00:15');
    await asked;
    await tab.page.locator('h1 + .chip', { hasText: 'completed' }).waitFor();

    expect(ended.failure?.code).toBe('quarantine_limit');
    expect(note).toContain(ended.failure?.message);
    expect(note).toContain('quarantine_limit');
    expect(note).toContain(ended.failure?.hint);
    expect(tab.complaints).toEqual([]);
  });

  test('a job is stopped, after a question, and resumed; a refusal is shown with its reason', async () => {
    await using pair = await createOffice();
    await using tab = await openPage(web.browser);
    const lock = await hold(pair.target, 'lock table public.sales in share mode');
    const jobId = await web.service.startFull(pair);
    await tab.page.clock.install();
    await tab.page.goto(signedIn(`${BASE}/job/${jobId}`));
    const state = (text: string) => tab.page.locator('h1 + .chip', { hasText: text }).waitFor();
    await state('running');

    await tab.page.getByRole('button', { name: 'Stop', exact: true }).click();
    await tab.page.getByRole('dialog').waitFor();
    await tab.page.keyboard.press('Escape');
    await tab.page.getByRole('dialog').waitFor({ state: 'hidden' });
    const stillThere = await web.service.status(jobId);
    await tab.page.getByRole('button', { name: 'Stop', exact: true }).click();
    await tab.picture('job-stop-question');
    await tab.page.getByRole('button', { name: 'Stop the job' }).click();
    await state('stop');
    await lock.release();
    await state('stopped');
    await tab.picture('job-stopped');
    await tab.page.clock.pauseAt(Date.now() + 1000); // so that the page does not ask meanwhile
    await web.service.post(`/api/sync/resume/${jobId}`, {});
    await web.service.waitForEnd(jobId);
    await tab.page.getByRole('button', { name: 'Resume' }).click();
    await tab.page.getByRole('alert').waitFor();
    const refusal = await tab.page.getByRole('alert').innerText();
    await tab.page.clock.resume();
    await state('completed');

    expect(stillThere.state).toBe('running');
    expect(refusal).toMatch(/HTTP 409/);
    expect(await tab.page.getByRole('button', { name: /Stop|Resume/ }).count()).toBe(0);
    expect(tab.complaints).toEqual([]);
  });

  test('a job that waits before many deletes goes on once their number is typed', async () => {
    await using pair = await createPair();
    for (const { client } of [pair.source, pair.target]) await client.query('create table t (id int primary key)');
    await pair.target.client.query('insert into t select generate_series(1, 200)');
    await using tab = await openPage(web.browser);

    const jobId = await web.service.startFull(pair, { delete_mode: 'mirror' });
    await tab.page.goto(signedIn(`${BASE}/job/${jobId}`));
    await tab.page.locator('h1 + .chip', { hasText: 'paused' }).waitFor();
    await tab.page.getByRole('button', { name: 'Resume' }).click();
    const number = tab.page.getByLabel('Number of deletes to accept');
    await number.fill('20');
    await tab.page.keyboard.press('Enter');
    const why = await tab.page.evaluate(`document.querySelector('dialog input').validationMessage`);
    await number.fill('200');
    await tab.picture('job-confirm-deletes');
    await tab.page.keyboard.press('Enter');
    await tab.page.locator('h1 + .chip', { hasText: 'completed' }).waitFor();

    expect(why).toBe('The job would delete 200 rows; with fewer accepted it pauses again.');
    expect(await web.service.status(jobId)).toMatchObject({ state: 'completed', counts: { deleted: 200 } });
    expect(tab.complaints).toEqual([]);
  });

  test('names in databases are shown as they are and are never markup', async () => {
    const names = [
      '<img src=x onerror=alert(1)>',
      '<script>alert(2)</script>',
      `"><svg onload=alert('3')>`,
      'javascript:alert(4)//',
      '{{constructor.constructor("alert(5)")()}}',
    ];
    await using pair = await createPair();
    for (const { client } of [pair.source, pair.target]) {
      for (const name of names) await client.query(`create table "${name.replaceAll('"', '""')}" (id int primary key)`);
    }
    await using tab = await openPage(web.browser);

    const ended = await web.service.waitForEnd(await web.service.startFull(pair));
    await tab.page.goto(signedIn(`${BASE}/job/${ended.job_id}`));
    await tab.page.getByText('final, read').waitFor();
    const shown = await tab.page.locator('.tables tbody th').allInnerTexts();

    expect(shown.sort()).toEqual(ended.tables.map((t) => t.name).sort());
    expect(shown.join()).toContain('<script>alert(2)</script>');
    expect(await tab.page.locator('#app img, #app script').count()).toBe(0);
    expect(tab.complaints).toEqual([]);
  });

  test('the policy of the pages lets no script run that the service did not send as a file', async () => {
    await using tab = await openPage(web.browser);
    await tab.page.goto(signedIn(BASE));
    await tab.page.getByRole('heading', { name: 'Jobs' }).waitFor();

    const ran = await tab.page.evaluate(`(() => {
      const script = document.createElement('script');
      try { script.text = 'window.ran = true'; } catch { return 'refused'; }
      document.body.append(script);
      return window.ran === true;
    })()`);

    expect(ran).toBe('refused');
    await expect.poll(() => tab.complaints.join()).toMatch(/TrustedScript|Content Security Policy/);
  });

  test('the filter is in the address, and an unknown job and a strange address say so', async () => {
    await using tab = await openPage(web.browser);
    const unknown = randomUUID();

    await tab.page.goto(signedIn(BASE));
    await tab.page.getByLabel('State').selectOption('paused');
    await tab.page.getByText('No job here is like this').waitFor();
    const filtered = tab.page.url();
    await tab.page.goto(`${web.service.url}${BASE}/job/${unknown}`);
    await tab.page.getByText('job_not_found').waitFor();
    const problem = await tab.page.getByRole('alert').innerText();
    await tab.picture('job-unknown');
    await tab.page.goto(`${web.service.url}${BASE}/job/nonsense`);
    await tab.page.getByText('id_format').waitFor();
    await tab.page.goto(`${web.service.url}/sync/job/${unknown}`);
    await tab.page.getByRole('link', { name: 'look for it among all jobs' }).click();
    await tab.page.waitForURL(`**${BASE}/job/${unknown}`);
    const strange = `${web.service.url}${BASE}/jbos?a=b`;
    await tab.page.goto(strange);
    await tab.page.getByRole('heading', { name: 'There is no such page' }).waitFor();
    const shown = tab.page.url();
    await tab.page.goto(`${web.service.url}${BASE}/start/`);
    await tab.page.getByRole('heading', { name: 'Start a job' }).waitFor();

    expect(shown).toBe(strange);
    expect(filtered).toBe(`${web.service.url}${BASE}?status=paused`);
    expect(problem).toMatch(/HTTP 404 · request [0-9a-f-]{36}/);
    expect(tab.complaints).toEqual([]);
  });

  test('keeps what it has and says so while the service does not answer, and goes on by itself', async () => {
    await using tab = await openPage(web.browser);
    const { job_id: jobId } = await endedJob();
    await tab.page.clock.install();
    await tab.page.goto(signedIn(BASE));
    await tab.page.getByRole('link', { name: jobId.slice(0, 8) }).waitFor();

    await tab.page.context().setOffline(true);
    await tab.page.clock.fastForward('00:10'); // sooner than a person would wait
    await tab.page.getByText('The service does not answer').first().waitFor();
    const health = tab.page.getByRole('region', { name: 'Health of the service' });
    await health.getByText('The service does not answer').waitFor(); // sooner than it is asked how it is
    const kept = await tab.page.getByRole('link', { name: jobId.slice(0, 8) }).count();
    await tab.picture('offline');
    await tab.page.context().setOffline(false);
    await tab.page.clock.fastForward('00:10');
    await tab.page.getByText('live, updated').waitFor();
    await health.getByText('All is well').waitFor();

    // a list that did not come is no empty one, and it is asked for until it comes
    await tab.page.route('**/api/sync/environments', (route) => route.abort());
    await tab.page.getByRole('link', { name: 'Start', exact: true }).click();
    await tab.page.getByText('They are asked for again every few seconds.').first().waitFor();
    const offered = await tab.page.getByLabel('Source environment').innerText();
    await tab.page.unroute('**/api/sync/environments');
    await tab.page.clock.fastForward('00:10');
    await tab.page.getByLabel('Source connection URL').waitFor(); // there is none

    expect(offered).toBe('They could not be read');
    expect(kept).toBe(1);
  });

  test('without sign-in the pages work, and so does what they ask of the service', async () => {
    await using open = await startService({ auth: false });
    await using tab = await openPage(web.browser);

    await tab.page.goto(open.url);
    await tab.page.getByText('There is no job yet').waitFor();
    await tab.picture('dashboard-empty');
    const posted = await tab.page.evaluate(
      `fetch('/api/sync/full', { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } })
         .then((r) => r.json()).then((problem) => problem.code)`,
    );

    expect(posted).toBe('required'); // it was let in, and read
    expect(await tab.page.getByRole('button', { name: 'Sign out' }).count()).toBe(0);
    expect(tab.complaints).toEqual([]);
  });
});

/** Two tables that do not wait for each other. */
async function createOffice(): Promise<TestPair> {
  const pair = await createPair();
  for (const { client } of [pair.source, pair.target])
    await client.query(
      'create table owners (id int primary key); create table sales (sale_id int primary key, price int)',
    );
  await pair.source.client.query(
    'insert into owners select generate_series(1, 50); insert into sales select i, i from generate_series(1, 150) i',
  );
  return pair;
}

/** The same with rows that the target refuses. */
async function troubled(): Promise<TestPair> {
  const pair = await createOffice();
  await pair.target.client.query('alter table public.sales add constraint small check (sale_id < 100) not valid');
  return pair;
}
