import { expect, test } from 'vitest';
import type { JobConfig } from '../../lib/model/config.ts';
import { connectionView } from '../../lib/model/connection.ts';
import { Secret } from '../../lib/model/secret.ts';
import { checkPair } from '../../lib/orchestrator/check-pair.ts';
import { jobConfigSchema } from '../../lib/orchestrator/config-schema.ts';
import { projectDatabases } from '../../lib/postgres/project-databases.ts';
import { sampleEnvironment } from '../contract/samples.ts';
import { compareDatabases, summary } from '../support/compare.ts';
import { createPair, type TestPair } from '../support/databases.ts';
import { noEnvironments } from '../support/environments.ts';
import { ports, runJob, start } from '../support/in-process.ts';
import { ON_ONE_MACHINE } from '../support/rules.ts';

const check = (pair: Pick<TestPair, 'source' | 'target'>, config: object = {}, { environments } = noEnvironments()) =>
  checkPair(
    {
      jobId: 'doctor',
      pair: { source: pair.source.connection, target: pair.target.connection },
      config: jobConfigSchema.parse(config),
    },
    { clock: () => new Date(), databases: projectDatabases({ rules: ON_ONE_MACHINE, version: 'test' }), environments },
  );

/** A table whose names would end a statement early, and one with a sequence. */
const TABLES = `
  create schema "odd; drop"; create table "odd; drop"."a ""b"";" (id int primary key, v text, seen timestamptz not null default now());
  create table plain (id serial primary key, v text, seen timestamptz not null default now())`;
const ROWS = `
  insert into "odd; drop"."a ""b"";" select i, 'v' || i from generate_series(1, 30) i;
  insert into plain (v) select 'v' || i from generate_series(1, 20) i`;

/** Both sides as roles that may do nothing but sign in. `await using` drops them. */
async function withPoorRoles() {
  const pair = await createPair();
  for (const { client } of [pair.source, pair.target]) await client.query(TABLES);
  await pair.source.client.query(ROWS);
  const sides = ['source', 'target'] as const;
  const role = (side: (typeof sides)[number]) => `Poor "${pair[side].name}"; x`;
  const quoted = (side: (typeof sides)[number]) => `"${role(side).replaceAll('"', '""')}"`;
  for (const side of sides) await pair[side].client.query(`create role ${quoted(side)} login password 'pw'`);
  const poor = (side: (typeof sides)[number]) => ({
    ...pair[side],
    connection: { ...pair[side].connection, user: role(side), password: new Secret('pw') },
  });
  return {
    pair,
    as: { source: poor('source'), target: poor('target') },
    [Symbol.asyncDispose]: async () => {
      for (const side of sides)
        await pair[side].client.query(`drop owned by ${quoted(side)} cascade; drop role ${quoted(side)}`);
      await pair[Symbol.asyncDispose]();
    },
  };
}

const STRATEGIES: readonly (readonly [string, Partial<JobConfig>])[] = [
  ['hash', {}],
  ['hash, mirror, suppressed triggers', { delete_mode: 'mirror', triggers: 'suppress' }],
  ['content', { detection_strategy: 'content' }],
  ['primary_key', { detection_strategy: 'primary_key' }],
  [
    'timestamp',
    {
      detection_strategy: 'timestamp',
      timestamp_columns: { 'public.plain': 'seen', 'odd; drop.a "b";': 'seen' },
    },
  ],
  ['cdc', { detection_strategy: 'cdc' }],
];

test.each(STRATEGIES)(
  '%s: what roles lack is printed, and once it is run the doctor and a job are content',
  async (_, config) => {
    await using poor = await withPoorRoles();
    const { pair, as } = poor;

    const before = await check(as, config);
    const statements = {
      source: [...(before.source?.statements ?? [])],
      target: [...(before.target?.statements ?? [])],
    };
    for (const side of ['source', 'target'] as const)
      for (const statement of statements[side]) await pair[side].client.query(statement);
    const after = await check(as, config);

    expect(before.problems.map((p) => p.code)).toContain('privilege_missing');
    expect(statements.source.length).toBeGreaterThan(1);
    expect(statements.target.length).toBeGreaterThan(2);
    expect(after.problems).toEqual([]);
    expect([after.source?.statements, after.target?.statements]).toEqual([[], []]);
    const { rows } = await pair.target.client.query(`select count(*) from pg_namespace where nspname = 'tf_sync'`);
    expect(rows[0].count).toBe('0'); // it wrote nothing

    const { job } = await runJob(as, config);
    expect(job.failure).toBeUndefined();
    expect(job.state).toBe('completed');
    expect(summary(await compareDatabases(pair.source.client, pair.target.client))).toEqual({});
    await pair.source.client.query(
      `select pg_drop_replication_slot(slot_name) from pg_replication_slots where database = current_database()`,
    );
  },
);

test('each side says how it was reached and what room there is; a role and a database may have less than the server', async () => {
  await using poor = await withPoorRoles();
  const { pair, as } = poor;
  const whole = await check(as);
  await pair.source.client.query(`alter role "${as.source.connection.user.replaceAll('"', '""')}" connection limit 7`);
  await pair.target.client.query(`alter database ${pair.target.name} connection limit 9`);

  const found = await check(as);

  expect(whole.source?.connections?.limit).toBeGreaterThan(50);
  expect(found.source).toMatchObject({
    answers: true,
    version: expect.stringMatching(/^1[4-9]\./),
    connections: { limit: 7, in_use: 1 },
  });
  expect(found.target).toMatchObject({ database: pair.target.name, connections: { limit: 9, in_use: 2 } }); // and this test's own
});

test('a side that does not let the role in is told, with the other one that does', async () => {
  await using poor = await withPoorRoles();
  const { as } = poor;
  const { connection } = as.target;

  const wrong = await check({
    ...as,
    target: { ...as.target, connection: { ...connection, password: new Secret('no') } },
  });
  const neither = await check({
    source: { ...as.source, connection: { ...as.source.connection, port: 1 } },
    target: { ...as.target, connection: { ...connection, port: 1 } },
  });
  const away = await check({ ...as, target: { ...as.target, connection: { ...connection, port: 1 } } });

  expect(wrong).toMatchObject({ source: { answers: true }, target: { answers: false, statements: [] } });
  expect(wrong.problems.map((p) => [p.code, p.side])).toEqual([['connection_auth_failed', 'target']]);
  expect(away.problems.map((p) => [p.code, p.side])).toEqual([['connection_unreachable', 'target']]);
  expect(neither.problems.map((p) => [p.code, p.side])).toEqual([
    ['connection_unreachable', 'source'],
    ['connection_unreachable', 'target'],
  ]);
  expect(JSON.stringify(wrong)).not.toContain('"no"');
});

test('it says what environments refuse, who has to approve, and which job is in the way; it asks nobody', async () => {
  await using pair = await createPair();
  for (const { client } of [pair.source, pair.target]) await client.query('create table a (id int primary key)');
  const p = ports();
  expect(await check(pair, {}, p)).toMatchObject({ problems: [], warnings: [] });
  const job = await start(pair, {}, p);
  const production = sampleEnvironment({
    name: 'production',
    connection: connectionView(pair.target.connection),
    identity: job.target,
    writable: false,
    protected: true,
    receives_from: ['*'],
    revision: 1,
  });
  await p.environments.put(production);

  const refused = await check(pair, {}, p);
  await p.environments.put({ ...production, writable: true, revision: 2 });
  const guarded = await check(pair, {}, p);

  expect(refused.problems).toMatchObject([{ code: 'environment_read_only', side: 'target', object: 'production' }]);
  expect(refused.warnings.map((w) => w.code)).toEqual(['target_busy']);
  expect(guarded.problems).toEqual([]);
  expect(guarded.warnings).toMatchObject([
    { code: 'target_busy', side: 'target', object: job.job_id },
    { code: 'approval_required', object: 'production' },
  ]);
  expect((await check(pair, { dry_run: true }, p)).warnings.map((w) => w.code)).toEqual(['target_busy']);
  expect(await p.approvals.list()).toEqual([]);
});

test('a trigger that would meet the rows is told by the doctor, and counted in the status of a dry run', async () => {
  await using pair = await createPair();
  for (const { client } of [pair.source, pair.target])
    await client.query('create table t (id int primary key, at timestamptz)');
  await pair.target.client.query(`
    create function stamp() returns trigger language plpgsql as $$ begin new.at := now(); return new; end $$;
    create trigger stamp before update on t for each row execute function stamp()`);

  const found = await check(pair);
  const p = ports();
  const { job } = await runJob(pair, { dry_run: true }, {}, p);

  expect(found.problems).toEqual([]);
  expect(found.warnings.map((w) => w.code)).toEqual(['trigger_in_target']);
  expect((await p.jobs.tables(job.job_id)).map((t) => t.schema_warnings)).toEqual([1]);
  expect((await check(pair, { triggers: 'suppress' })).warnings).toEqual([]);
});
