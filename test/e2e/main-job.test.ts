import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JobConfig } from '../../lib/model/config.ts';
import { costOf } from '../../lib/model/cost.ts';
import type { Usage } from '../../lib/model/usage.ts';
import { synthesize } from '../../local/synth.ts';
import { compareDatabases, rowVersions, summary } from '../support/compare.ts';
import { createCountyPair, smallCounty } from '../support/county.ts';
import { connect, createPair, type TestPair } from '../support/databases.ts';
import { executionsOf } from './executions.ts';
import { auditEvents, type E2eService, type Finished, runNode, startService } from './support.ts';

let service: E2eService;
beforeAll(async () => {
  service = await startService({ assembly: (await synthesize()).folder });
});
afterAll(() => service[Symbol.asyncDispose]());

const MIRROR = { delete_mode: 'mirror', max_delete_percent: 100 } as const;

const tfsync = (args: readonly string[], env: Record<string, string> = {}): Promise<Finished> =>
  runNode(['cli/tfsync.ts', '--url', service.url, '--token-file', join(service.dataDir, 'token'), ...args], env);

const difference = async (pair: TestPair) => summary(await compareDatabases(pair.source.client, pair.target.client));

const number = async (pair: TestPair, sql: string) => Number((await pair.target.client.query(sql)).rows[0].n);

test('a full sync brings a drifted county in step, and a second one writes nothing', async () => {
  await using pair = await createCountyPair();
  expect(await difference(pair)).not.toEqual({});

  const first = await service.waitForEnd(await service.startFull(pair, MIRROR));
  const versions = await rowVersions(pair.target.client);
  const second = await service.waitForEnd(await service.startFull(pair, MIRROR));

  expect(first.failure).toBeUndefined();
  expect(first.state).toBe('completed');
  expect(first.tables.length).toBeGreaterThanOrEqual(10);
  expect(first.tables.map((t) => t.state)).toEqual(first.tables.map(() => 'verified'));
  expect(first.counts.inserted * first.counts.updated * first.counts.deleted).toBeGreaterThan(0);
  expect(await difference(pair)).toEqual({});
  expect(second.state).toBe('completed');
  expect(second.counts).toMatchObject({ inserted: 0, updated: 0, deleted: 0, unchanged: second.counts.read });
  expect(await rowVersions(pair.target.client)).toEqual(versions);
});

test('a full sync fills an empty county over the whole path, several tables and segments at once', async () => {
  await using pair = await createPair({ template: smallCounty });
  const { rows } = await pair.target.client.query(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname not in ('pg_catalog', 'information_schema')`,
  );
  await pair.target.client.query(`truncate ${rows.map((r) => r.name).join(', ')}`);

  const jobId = await service.startFull(pair, { batch_size: 50, max_parallel_tables: 4 });
  const ended = await service.waitForEnd(jobId);

  expect(ended.failure).toBeUndefined();
  expect(ended.state).toBe('completed');
  expect(ended.counts.inserted).toBe(ended.counts.read);
  expect(await difference(pair)).toEqual({});
});

test('every segment comes from the queue and is answered by a call over HTTP', async () => {
  await using pair = await createCountyPair();
  const figures = async () => {
    const { queues, states, functions } = await service.counters();
    const worker = Object.entries(functions).find(([name]) => /SyncSegment/.test(name))?.[1];
    const [queue] = Object.values(queues);
    return [queue?.received, queue?.deleted, worker?.invocations, states.tokens, states.succeeded].map(Number);
  };
  const before = await figures();
  const ended = await service.waitForEnd(await service.startFull(pair, MIRROR));
  const after = await figures();

  const segments = await number(pair, 'select count(*) as n from tf_sync.checkpoint where finished');
  expect(ended.state).toBe('completed');
  expect(segments).toBeGreaterThan(2 * ended.tables.length - 1); // at least one a table in each of two passes that touched it
  expect(after.map((figure, i) => figure - (before[i] ?? 0))).toEqual(before.map(() => segments));
});

/** What the runner has counted, once nothing is under way any more. */
async function billed(): Promise<Readonly<Record<string, number>>> {
  await expect.poll(async () => (await service.counters()).states.running, { timeout: 20_000 }).toBe(0);
  const { functions, queues, states } = await service.counters();
  const metered = Object.entries(functions).filter(([name]) =>
    /Commands|PrepareJob|PlanPass|PlanTable|SettleTable|SettleJob|SyncSegment/.test(name),
  );
  const [segments] = Object.values(queues);
  return {
    state_transitions: states.transitions,
    invocations: metered.reduce((n, [, f]) => n + f.invocations, 0),
    received: Number(segments?.received),
  };
}

test('a dry run foresees what the run uses that writes, and that tells what the runner has counted, and what it costs', async () => {
  await using pair = await createCountyPair();
  const runOf = async (config: Partial<JobConfig>) => {
    const before = await billed();
    const jobId = await service.startFull(pair, config);
    expect((await service.waitForEnd(jobId)).state).toBe('completed');
    const after = await billed();
    const by = (name: string) => (after[name] ?? 0) - (before[name] ?? 0);
    const counted = { state_transitions: by('state_transitions'), invocations: by('invocations') };
    // the last step notes what it has used when it has ended
    await expect
      .poll(async () => (await service.status(jobId)).usage?.figures, { timeout: 10_000 })
      .toMatchObject(counted);
    return { usage: (await service.status(jobId)).usage, messages: by('received') };
  };

  const foreseen = (await runOf({ ...MIRROR, dry_run: true })).usage?.estimate;
  const { usage, messages } = await runOf(MIRROR);

  expect(await difference(pair)).toEqual({});
  const used = usage?.figures as Usage;
  expect(usage?.cost).toEqual(costOf(used));
  expect(used.state_transitions).toBeGreaterThan(100);
  expect(used.queue_requests).toBeGreaterThanOrEqual(4 * messages); // each sent, received, hidden, deleted
  expect(used.secret_requests).toBeGreaterThan(used.invocations / 2); // most read the connections
  for (const figure of ['source_bytes_received', 'target_bytes_received', 'target_bytes_sent'] as const)
    expect(used[figure]).toBeGreaterThan(100_000);
  const share = (figure: keyof Usage) => Number(foreseen?.figures[figure]) / used[figure];
  const near = (share: number, factor: number) => share < factor && share > 1 / factor;
  for (const figure of ['state_transitions', 'invocations'] as const) expect(near(share(figure), 1.05)).toBe(true);
  for (const figure of ['queue_requests', 'secret_requests', 'read_units', 'write_units'] as const)
    expect([figure, near(share(figure), 1.5)]).toEqual([figure, true]);
  expect(foreseen?.cost).toEqual(costOf(foreseen?.figures as Usage));
});

test('audit events reach DynamoDB without a gap, one for each commit, and leave the outbox empty', async () => {
  await using pair = await createCountyPair();

  const jobId = await service.startFull(pair, { ...MIRROR, batch_size: 20 });
  await service.waitForEnd(jobId);

  const events = await auditEvents(service, jobId);
  const streams = Map.groupBy(events, (e) => e.stream);
  for (const [stream, list] of streams) {
    const seqs = list.map((e) => e.seq).sort((a, b) => a - b);
    expect([stream, seqs]).toEqual([stream, seqs.map((_, i) => i + 1)]);
  }
  const ofJob = (streams.get('job') ?? []).toSorted((a, b) => a.seq - b.seq);
  const commits = await number(pair, 'select sum(seq) as n from tf_sync.checkpoint');
  expect(ofJob[0]?.type).toBe('job.created');
  expect(ofJob.at(-1)?.type).toBe('job.completed');
  expect(events.length - ofJob.length).toBe(commits);
  expect(commits).toBeGreaterThan(20);
  expect(await number(pair, 'select count(*) as n from tf_sync.outbox')).toBe(0);
  expect(await number(pair, 'select count(*) as n from tf_sync.lease')).toBe(0);
});

test('no password is anywhere but in the secret store, and not even there once the job has ended', async () => {
  const canary = `canary${randomUUID().replaceAll('-', '')}`;
  await using pair = await createCountyPair();
  await using login = await createLogin(pair, canary);

  const jobId = await service.startFull(login.pair, MIRROR);
  const during = readFileSync(join(service.dataDir, 'secrets.json'), 'utf8');
  await tfsync(['status', jobId, '--json']);
  const ended = await service.waitForEnd(jobId);

  expect(ended.state).toBe('completed');
  expect(during).toContain(canary); // so the search is for the password that was used
  const forms = [canary, Buffer.from(canary).toString('base64').slice(0, -4), Buffer.from(canary).toString('hex')];
  const isIn = (text: string | Buffer) => forms.some((form) => text.includes(form));
  expect(
    filesOf(service.dataDir)
      .filter((file) => isIn(contentOf(file)))
      .map(nameOf),
  ).toEqual([]);
  expect(isIn(JSON.stringify(await service.items()))).toBe(false);
  expect(isIn(JSON.stringify(await executionsOf(service, jobId)))).toBe(false);
  expect(service.answers.filter(isIn)).toEqual([]);
  expect(isIn(service.output())).toBe(false);
  // and the search finds what is there: the job's id stands in these places
  const found = filesOf(service.dataDir)
    .filter((file) => contentOf(file).includes(jobId))
    .map((file) => nameOf(file).split('/')[0]);
  expect(new Set(found)).toEqual(new Set(['dynamodb', 'logs', 'sqs']));
  expect(JSON.stringify(await service.items())).toContain(jobId);
  expect((await executionsOf(service, jobId)).length).toBeGreaterThan(ended.tables.length);
});

test('the command starts a job, waits for it, lists it and shows it, and says by its exit code how it went', async () => {
  await using pair = await createCountyPair();
  const ends = { TFSYNC_SOURCE: pair.source.url, TFSYNC_TARGET: pair.target.url };

  const started = await tfsync(['start', 'full', '--wait', '--json'], ends);
  const job = JSON.parse(started.stdout);
  const listed = await tfsync(['jobs', '--json']);
  const shown = await tfsync(['status', job.job_id]);
  const unknown = await tfsync(['status', randomUUID()]);
  const refused = await tfsync(['start', 'full', '--wait', '--json'], { ...ends, TFSYNC_TARGET: pair.source.url });
  const unreachable = await tfsync(['--url', 'http://127.0.0.1:9', 'jobs']);

  expect(started).toMatchObject({ code: 0, stderr: expect.stringContaining(job.job_id) });
  expect(job).toMatchObject({ state: 'completed', source: { database: pair.source.name } });
  expect(listed.code).toBe(0);
  expect(JSON.parse(listed.stdout).jobs[0]).toMatchObject({ job_id: job.job_id, state: 'completed' });
  expect(shown).toMatchObject({ code: 0, stdout: expect.stringContaining('completed') });
  expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining('job_not_found') });
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('same_database') });
  expect(unreachable.code).toBe(1);
});

test('a job that would delete too much waits before it deletes anything, and goes on when somebody confirms', async () => {
  await using pair = await createPair();
  for (const { client } of [pair.source, pair.target]) await client.query('create table t (id int primary key)');
  await pair.target.client.query('insert into t select generate_series(1, 200)');

  const ended = await tfsync(['start', 'full', '--wait', '--json', '--delete-mode', 'mirror'], {
    TFSYNC_SOURCE: pair.source.url,
    TFSYNC_TARGET: pair.target.url,
  });

  expect(ended.code).toBe(1);
  const paused = JSON.parse(ended.stdout);
  expect(paused).toMatchObject({
    state: 'paused',
    pause: { code: 'confirm_required', deletes: 200 },
    allowed_actions: ['stop', 'resume'],
  });
  expect(await number(pair, 'select count(*) as n from t')).toBe(200);
  expect(await number(pair, 'select count(*) as n from tf_sync.lease')).toBe(1);

  const resumed = await tfsync(['resume', paused.job_id, '--confirm-deletes', '200', '--wait']);

  expect(resumed).toMatchObject({ code: 0, stdout: expect.stringContaining('200 deleted') });
  expect(await number(pair, 'select count(*) as n from t')).toBe(0);
  expect(await number(pair, 'select count(*) as n from tf_sync.lease')).toBe(0);
});

test('rows that the target refuses are put aside under the name of the constraint, and their values appear nowhere', async () => {
  const canary = `canary${randomUUID().replaceAll('-', '')}`;
  await using pair = await createPair();
  for (const { client } of [pair.source, pair.target])
    await client.query('create table t (id int primary key, x text)');
  await pair.source.client.query('insert into t select i, $1 || i from generate_series(1, 100) i', [canary]);
  await pair.target.client.query(`alter table t add constraint short check (length(x) < 40 or id < 50)`);

  const ended = await service.waitForEnd(await service.startFull(pair, { batch_size: 10, audit_level: 'detailed' }));

  expect(ended).toMatchObject({ state: 'completed_with_issues', counts: { inserted: 49, quarantined: 51 } });
  expect(
    await number(pair, `select count(*) as n from tf_sync.quarantine where code = 'check_failed' and object = 'short'`),
  ).toBe(51);
  expect(await number(pair, 'select count(*) as n from t where id >= 50')).toBe(0);
  const inFiles = filesOf(service.dataDir).filter((file) => contentOf(file).includes(canary));
  expect(inFiles.map(nameOf)).toEqual([]);
  expect(JSON.stringify(await service.items())).not.toContain(canary);
  expect(service.answers.filter((text) => text.includes(canary))).toEqual([]);
});

/** A role with its own password that may do everything, and the pair as it sees it. */
async function createLogin(pair: TestPair, password: string): Promise<AsyncDisposable & { readonly pair: TestPair }> {
  const role = `login_${pair.source.name}`;
  await pair.source.client.query(`create role ${role} superuser login password '${password}'`);
  const as = <Database extends TestPair['source']>(database: Database): Database => {
    const url = new URL(database.url);
    url.username = role;
    url.password = password;
    return { ...database, url: url.href };
  };
  return {
    pair: { ...pair, source: as(pair.source), target: as(pair.target) },
    [Symbol.asyncDispose]: async () => {
      for (const { name } of [pair.source, pair.target]) {
        const client = await connect(name);
        await client.query(`drop owned by ${role} cascade`);
        await client.end();
      }
      await pair.source.client.query(`drop role ${role}`);
    },
  };
}

function filesOf(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Empty where the file has gone meanwhile: the database compacts its files when it likes. */
function contentOf(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0); // readFile throws system errors only
    throw error;
  }
}

function nameOf(file: string): string {
  return relative(service.dataDir, file);
}

test('what docs/deploy.md says to do after a deployment is done as it stands there, from the doctor to the first sync', async () => {
  await using pair = await createCountyPair();
  const ends = { TFSYNC_SOURCE: pair.source.url, TFSYNC_TARGET: pair.target.url };
  const page = readFileSync('docs/deploy.md', 'utf8');
  const commands = [...page.matchAll(/^npm run tfsync -- (.*)$/gm)].map(([, line = '']) => line);
  const afterLogin = commands.slice(commands.indexOf('login') + 1);

  const ran: string[] = [];
  for (const line of afterLogin) {
    const args = line
      .split(' ')
      .map((word) => word.replace(/^"\$(TFSYNC_\w+)"$/, (_, name: keyof typeof ends) => ends[name]));
    const { code, stdout, stderr } = await tfsync(args, ends);
    expect(`${line}: ${code} ${code === 0 ? '' : stdout + stderr}`).toBe(`${line}: 0 `);
    ran.push(args[0] ?? '');
  }

  expect(ran).toEqual(['doctor', 'environments', 'environments', 'doctor', 'start', 'start']);
  const left = Object.values(await difference(pair));
  expect(left.map(({ missing, different }) => [missing, different])).toEqual(left.map(() => [0, 0])); // its own rows are kept
});
