import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { seenIn } from '../../functions/api/entity-tag.ts';
import type { JobConfig } from '../../lib/model/config.ts';
import type { NamedSides } from '../../lib/model/environment.ts';
import { SyncError } from '../../lib/model/errors.ts';
import { Secret } from '../../lib/model/secret.ts';
import { jobConfigSchema } from '../../lib/orchestrator/config-schema.ts';
import { decideApproval } from '../../lib/orchestrator/decide-approval.ts';
import { fireSchedule } from '../../lib/orchestrator/fire-schedule.ts';
import {
  type KeepPorts,
  type PutEnvironment,
  putEnvironment,
  removeEnvironment,
} from '../../lib/orchestrator/keep-environments.ts';
import { namedPair, readmit } from '../../lib/orchestrator/named-pair.ts';
import { type PutSchedule, putSchedule } from '../../lib/orchestrator/put-schedule.ts';
import { type StartRequest, startJob } from '../../lib/orchestrator/start-job.ts';
import { stopJob } from '../../lib/orchestrator/stop-job.ts';
import { testEnvironment } from '../../lib/orchestrator/test-environment.ts';
import type { ConnectionPair } from '../../lib/ports.ts';
import { commandDatabases } from '../../lib/postgres/command-databases.ts';
import { lookingDatabases } from '../../lib/postgres/looking-databases.ts';
import { memoryScheduleStore } from '../contract/memory.ts';
import { sampleSchedule } from '../contract/samples.ts';
import { createPair, type TestPair } from '../support/databases.ts';
import { ports as jobPorts } from '../support/in-process.ts';
import { ON_ONE_MACHINE } from '../support/rules.ts';

const OPTIONS = { rules: ON_ONE_MACHINE, version: 'test' } as const;
const databases = commandDatabases(OPTIONS);

let pair: TestPair;
beforeAll(async () => {
  pair = await createPair();
  for (const { client } of [pair.source, pair.target]) await client.query('create table t (id int primary key)');
});
afterEach(async () => {
  await pair.target.client.query('delete from tf_sync.lease').catch(() => undefined); // not made yet
});
afterAll(() => pair[Symbol.asyncDispose]());

function world() {
  const own = jobPorts();
  const now = { at: Date.parse('2026-11-23T10:00:00Z') };
  return {
    ...own,
    now,
    databases,
    clock: () => new Date(now.at),
    schedules: memoryScheduleStore(),
    catalogs: lookingDatabases(OPTIONS),
    newId: randomUUID,
  };
}
type World = ReturnType<typeof world> & KeepPorts;
let w: World;
beforeEach(() => {
  w = world();
});

const put = async (name: string, over: Partial<PutEnvironment> = {}) => {
  const before = await w.environments.get(name);
  const whole: PutEnvironment = {
    name,
    description: '',
    colour: 'grey',
    writable: true,
    protected: false,
    sends_to: ['*'],
    receives_from: ['*'],
    actor: 'root',
    seen: before,
    ...over,
  };
  return putEnvironment(whole, w);
};

interface Starting {
  readonly pair?: Partial<ConnectionPair>;
  readonly environments?: NamedSides;
  readonly config?: Partial<JobConfig>;
  readonly subject?: string;
}

/** As the commands function starts a job. */
async function start({ pair: given = {}, environments, config = {}, subject = 'id-ada' }: Starting) {
  const connections = await namedPair(given, environments, w);
  const named = environments && { environments };
  const request = { jobId: randomUUID(), pair: connections, actor: 'ada', subject, ...named };
  return startJob({ ...request, config: jobConfigSchema.parse(config) }, w);
}

const NAMES = { source: 'production', target: 'training' } as const;
const both = async (training: Partial<PutEnvironment> = {}, production: Partial<PutEnvironment> = {}) => {
  await put('production', { connection: pair.source.connection, writable: false, ...production });
  await put('training', { connection: pair.target.connection, ...training });
};

/** The code of what it throws; undefined: nothing. */
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => (error instanceof SyncError ? error.code : String(error)),
  );

/** Lets go of what a start has taken. */
const ended = async (job: { readonly job_id: string }) => {
  await pair.target.client.query('delete from tf_sync.lease where job_id = $1', [job.job_id]);
};

test('a start by names goes over the databases of these names, and the job and its first event say so', async () => {
  await both();

  const job = await start({ environments: NAMES });

  expect(job).toMatchObject({
    source: { database: pair.source.name },
    target: { database: pair.target.name },
    environments: { source: { names: ['production'], asked: true }, target: { names: ['training'], asked: true } },
  });
  expect((await w.secrets.get(job.secret_ref)).target.database).toBe(pair.target.name);
  const { rows } = await pair.target.client.query(
    "select stream from tf_sync.outbox where job_id = $1 and event::text like '%training%'",
    [job.job_id],
  );
  expect(rows).toHaveLength(1);
  await ended(job);
  expect(await codeOf(start({ environments: { source: 'production', target: 'nowhere' } }))).toBe(
    'environment_not_found',
  );
});

test('what may not be written to is refused by name and by connection, under any name of its host', async () => {
  await both({ writable: false });
  const { connection } = pair.target;
  const elsewhere = { ...connection, host: connection.host === '127.0.0.1' ? 'localhost' : '127.0.0.1' };

  const refused = [
    start({ environments: NAMES }),
    start({ pair: { source: pair.source.connection, target: connection } }),
    start({ pair: { source: pair.source.connection, target: elsewhere } }),
  ];

  expect(await Promise.all(refused.map(codeOf))).toEqual(Array(3).fill('environment_read_only'));
});

test('a source that a job writes to must be writable too', async () => {
  await both();

  expect(
    await codeOf(start({ environments: NAMES, config: { direction: 'bidirectional', conflict_strategy: 'manual' } })),
  ).toBe('environment_read_only');
});

test.each([
  { name: 'the target takes rows of others alone', training: { receives_from: ['staging'] }, production: {} },
  { name: 'the source sends rows to others alone', training: {}, production: { sends_to: ['staging'] } },
  { name: 'the source sends rows to nobody', training: {}, production: { sends_to: [] } },
])('a direction that is not allowed is refused: $name', async ({ training, production }) => {
  await both(training, production);

  expect(await codeOf(start({ environments: NAMES }))).toBe('direction_not_allowed');
  const raw = { source: pair.source.connection, target: pair.target.connection };
  expect(await codeOf(start({ pair: raw }))).toBe('direction_not_allowed');
});

test('directions that name each other are allowed, and let in no database that is no environment', async () => {
  await both({ receives_from: ['production'] }, { sends_to: ['training'] });
  const job = await start({ environments: NAMES });
  await ended(job);
  await removeEnvironment({ name: 'production', seen: await w.environments.get('production'), actor: 'root' }, w);

  expect(await codeOf(start({ pair: { source: pair.source.connection }, environments: { target: 'training' } }))).toBe(
    'direction_not_allowed',
  );
});

test('where a name leads to another database than it was put for, nothing starts until an admin puts it again', async () => {
  await both();
  const found = await w.environments.get('training');
  if (!found) throw new Error('it was put');
  await w.environments.put({ ...found, identity: { ...found.identity, database_oid: '1' }, revision: 2 });

  expect(await codeOf(start({ environments: NAMES }))).toBe('environment_moved');
  await put('training', { connection: pair.target.connection });
  await ended(await start({ environments: NAMES }));
});

const asks = async (starting: Starting = {}) => {
  const error = await start({ environments: NAMES, ...starting }).catch((e: unknown) => e);
  if (!(error instanceof SyncError) || error.code !== 'approval_required') throw error;
  return String(error.facts.approval_id);
};
const decide = (id: string, subject = 'id-bob', state: 'approved' | 'rejected' = 'approved') =>
  decideApproval({ id, state, by: { actor: 'bob', subject } }, w);

test('a protected environment is written to once a second person has approved exactly that, and once only', async () => {
  await both({ protected: true });
  const id = await asks();

  expect(await asks()).toBe(id); // the same request, not another one
  expect(await codeOf(decide(id, 'id-ada'))).toBe('approval_by_requester');
  await decide(id);
  const job = await start({ environments: NAMES });

  expect(job.approval).toMatchObject({ id, asked_by: 'ada', approved_by: 'bob' });
  expect(await w.approvals.get(id)).toMatchObject({ state: 'used', used_by: `job:${job.job_id}` });
  await ended(job);
  expect(await asks()).toBe(id); // used up: asked anew
  const trail = (await w.audit.blocks(`approval#${id}`, 0)).blocks.flatMap((b) => b.records ?? []);
  expect(trail.map((r) => [r.type, r.actor])).toEqual([
    ['approval.asked', 'ada'],
    ['approval.decided', 'bob'],
  ]);
});

test('an approval is for one config, one pair and one person, for a day, and a no is a no', async () => {
  await both({ protected: true });
  const id = await asks();
  await decide(id);

  expect(await asks({ config: { batch_size: 7 } })).not.toBe(id);
  expect(await asks({ subject: 'id-eve' })).not.toBe(id);
  w.now.at += 25 * 3_600_000;
  expect(await asks()).toBe(id);
  await decide(id, 'id-bob', 'rejected');
  expect(await codeOf(start({ environments: NAMES }))).toBe('approval_rejected');
  expect(await codeOf(decide(id, 'id-carl'))).toBe('approval_decided');
  w.now.at += 25 * 3_600_000;
  const again = await asks();
  w.now.at += 25 * 3_600_000;
  expect(await codeOf(decide(again))).toBe('approval_decided'); // too late
});

test('an approval of which nothing came can be used again, and a dry run needs none', async () => {
  await both({ protected: true });
  const id = await asks();
  await decide(id);
  const blocking = await start({ environments: NAMES, config: { dry_run: true } });

  expect(await codeOf(start({ environments: NAMES }))).toBe('target_busy');
  await ended(blocking);
  const job = await start({ environments: NAMES });

  expect(job.approval?.id).toBe(id);
  await ended(job);
});

test('of two starts at once one uses the approval', async () => {
  await both({ protected: true });
  await decide(await asks());

  const found = await Promise.all([1, 2].map(() => codeOf(start({ environments: NAMES }))));

  expect(found.filter((code) => code === undefined)).toHaveLength(1);
  const { rows } = await pair.target.client.query('select distinct job_id from tf_sync.lease');
  expect(rows).toHaveLength(1);
});

test('a schedule starts its runs under the approval that it was put with, and none once what they do has changed', async () => {
  await both({ protected: true });
  const ports = {
    ...w,
    alarms: { set: async () => undefined, remove: async () => undefined },
    startConfig: async (config: JobConfig) => config,
  };
  const schedule: PutSchedule = {
    name: 'nightly',
    expression: 'rate(1 hour)',
    timezone: 'UTC',
    flexible_minutes: 0,
    mode: 'full',
    overlap: 'skip',
    paused: false,
    config: jobConfigSchema.parse({}),
    environments: NAMES,
    actor: 'ada',
    subject: 'id-ada',
  };
  const refused = await putSchedule(schedule, ports).catch((e: unknown) => e);
  if (!(refused instanceof SyncError)) throw refused;
  expect(refused.code).toBe('approval_required');
  await decide(String(refused.facts.approval_id));
  const { schedule: stored } = await putSchedule(schedule, ports);
  expect(stored).toMatchObject({ secret_ref: '', approval: { approved_by: 'bob' } }); // nothing of its own to keep

  const fire = async (hour: string, change: Partial<JobConfig> = {}) => {
    const start = (r: StartRequest) => startJob({ ...r, config: { ...r.config, ...change } }, w);
    await fireSchedule('nightly', `2026-11-23T${hour}:00:00.000Z`, { ...ports, start });
    const run = (await w.schedules.get('nightly'))?.runs[0];
    const job = run?.job_id === undefined ? undefined : await w.jobs.get(run.job_id);
    if (job) await w.jobs.transition(job.job_id, { from: ['created'], epoch: job.epoch }, { state: 'completed' });
    await pair.target.client.query('delete from tf_sync.lease');
    return { run, job };
  };

  expect((await fire('11')).job).toMatchObject({ actor: 'schedule:nightly', approval: { approved_by: 'bob' } });
  expect((await fire('12')).run?.outcome).toBe('started');
  // as if another version of the stored mapping that it names had come into force
  expect((await fire('13', { batch_size: 7 })).run).toMatchObject({ outcome: 'refused', code: 'approval_required' });
  await put('training', { writable: false });
  expect((await fire('14')).run).toMatchObject({ outcome: 'refused', code: 'environment_read_only' });
});

test('a new connection is tried first: what does not answer changes nothing', async () => {
  await both();
  const before = await w.environments.get('training');
  const wrong = { ...pair.target.connection, database: `${pair.target.name}_not` };

  const error = await put('training', { connection: wrong }).catch((e: unknown) => e);

  expect(error).toMatchObject({ code: 'database_not_found', problems: [{ field: '/connection' }] });
  expect(await w.environments.get('training')).toEqual(before);
  expect(w.environmentSecrets.kept.size).toBe(2);
});

test('a server that refuses is called by the name of its environment; one that is not there is missed whatever the etag', async () => {
  await both();
  const connection = { ...pair.target.connection, port: 1 };

  const refused = await put('training', { connection }).catch((e: SyncError) => e);
  const seen = seenIn({ 'if-match': '' });
  const missed = await removeEnvironment({ name: 'nope', seen, actor: 'root' }, w).catch((e: SyncError) => e);

  expect(refused).toMatchObject({
    code: 'connection_unreachable',
    message: 'The server of training cannot be reached.',
    problems: [{ field: '/connection', message: 'The server of training cannot be reached.' }],
  });
  expect(missed).toMatchObject({ code: 'environment_not_found' });
});

test('jobs that name the environment go on with its new credentials, and those that are told too late take them when resumed', async () => {
  await both();
  const job = await start({ environments: NAMES });
  const role = `fresh_${pair.target.name}`;
  await pair.target.client.query(`create role ${role} login superuser password 'pw'`);
  const connection = { ...pair.target.connection, user: role, password: new Secret('pw') };

  const { jobs } = await put('training', { connection });

  expect(jobs).toBe(1);
  const kept = await w.secrets.get(job.secret_ref);
  expect([kept.source.user, kept.target.user]).toEqual([pair.source.connection.user, role]);
  expect(w.environmentSecrets.kept.size).toBe(2); // the secret before is gone

  await w.secrets.put(job.job_id, { ...kept, target: pair.target.connection }); // as if its start had read the one before
  await readmit(job.job_id, w);
  expect((await w.secrets.get(job.secret_ref)).target.user).toBe(role);

  const { jobs: told } = await put('training', { connection: { ...connection, database: pair.source.name } });
  expect(told).toBe(0); // another database: the job keeps to its own
  expect(await codeOf(readmit(job.job_id, w))).toBe('environment_moved');
  await stopJob({ jobId: job.job_id, actor: 'ada' }, w);
  await pair.target.client.query(`drop owned by ${role}; drop role ${role}`);
});

test('a job that was stopped does not go on into what may not be written to by now', async () => {
  await both();
  const job = await start({ environments: NAMES });

  await put('training', { writable: false });

  expect(await codeOf(readmit(job.job_id, w))).toBe('environment_read_only');
  await stopJob({ jobId: job.job_id, actor: 'ada' }, w);
});

test('whoever changes or deletes an environment has seen it as it is', async () => {
  await both();
  const seen = await w.environments.get('training');

  expect(await codeOf(put('training', { seen: undefined }))).toBe('required');
  expect(await codeOf(put('training', { seen: 'absent' }))).toBe('environment_changed');
  await put('training', { seen, colour: 'blue' });
  expect(await codeOf(put('training', { seen, colour: 'red' }))).toBe('environment_changed');
  expect(await codeOf(removeEnvironment({ name: 'training', seen, actor: 'root' }, w))).toBe('environment_changed');
  expect(await codeOf(removeEnvironment({ name: 'training', seen: undefined, actor: 'root' }, w))).toBe('required');

  const now = await w.environments.get('training');
  await w.schedules.create(sampleSchedule({ environments: { target: 'training' } }));
  expect(await codeOf(removeEnvironment({ name: 'training', seen: now, actor: 'root' }, w))).toBe('environment_in_use');
  await w.schedules.remove('nightly');
  await removeEnvironment({ name: 'training', seen: now, actor: 'root' }, w);
  expect(w.environmentSecrets.kept.size).toBe(1);

  w.now.at += 1_000;
  await put('training', { connection: pair.target.connection });
  expect(await codeOf(put('training', { seen, colour: 'red' }))).toBe('environment_changed'); // the same name, another one
  const trail = (await w.audit.blocks('environment#training', 0)).blocks.flatMap((b) => b.records ?? []);
  expect(trail.map((r) => r.type)).toEqual([
    'environment.put',
    'environment.put',
    'environment.deleted',
    'environment.put',
  ]);
  expect(JSON.stringify(trail)).not.toContain(pair.target.connection.password?.reveal() || 'no password');
});

test('a test of an environment names all that its role lacks, and with its GRANTs nothing is missing', async () => {
  const role = `Weak ${pair.target.name}`;
  const { client } = pair.target;
  await client.query(`
    create schema if not exists "Hidden"; create table if not exists "Hidden"."No Way" (id serial primary key);
    create role "${role}" login password 'pw'; grant usage on schema public to "${role}"; grant select on t to "${role}"`);
  const connection = { ...pair.target.connection, user: role, password: new Secret('pw') };
  await put('weak', { connection });

  const first = await testEnvironment('weak', undefined, w);
  const named = await testEnvironment('weak', ['public.t', 'public.absent'], w);

  const q = `"${role}"`;
  expect(first).toMatchObject({ role, same_database: true });
  expect([...first.as_source.grants].sort()).toEqual([
    `GRANT SELECT ON "Hidden"."No Way" TO ${q};`,
    `GRANT USAGE ON SCHEMA "Hidden" TO ${q};`,
  ]);
  expect(first.as_target.grants).toContain(`GRANT CREATE ON DATABASE ${pair.target.name} TO ${q};`);
  expect(first.as_target.grants).toContain(`GRANT INSERT, UPDATE, DELETE ON public.t TO ${q};`);
  expect(first.optional.grants).toContain(`GRANT pg_read_all_stats TO ${q};`);
  expect(named.as_source).toEqual({
    problems: [expect.objectContaining({ code: 'table_not_found', object: 'public.absent' })],
    grants: [],
  });

  for (const grant of [...first.as_source.grants, ...first.as_target.grants, ...first.optional.grants])
    await client.query(grant);
  const after = await testEnvironment('weak', undefined, w);
  for (const side of [after.as_source, after.as_target, after.optional])
    expect(side).toEqual({ problems: [], grants: [] });
  await client.query(`drop schema "Hidden" cascade; drop owned by ${q}; drop role ${q}`);
});
