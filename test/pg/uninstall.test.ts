import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type Connection, connectionView, type ServerIdentity } from '../../lib/model/connection.ts';
import { ERRORS, SyncError } from '../../lib/model/errors.ts';
import { Secret } from '../../lib/model/secret.ts';
import { jobConfigSchema } from '../../lib/orchestrator/config-schema.ts';
import { pairId } from '../../lib/orchestrator/conflict-plan.ts';
import { resumeJob } from '../../lib/orchestrator/resume-job.ts';
import { stopJob } from '../../lib/orchestrator/stop-job.ts';
import { type UninstallPorts, type UninstallRequest, uninstall } from '../../lib/orchestrator/uninstall.ts';
import type { MaskKeys } from '../../lib/ports.ts';
import { uninstallDatabases } from '../../lib/postgres/uninstall.ts';
import { memoryScheduleStore } from '../contract/memory.ts';
import { sampleJob, sampleSchedule } from '../contract/samples.ts';
import { catalogsOf } from '../support/catalog.ts';
import { createPair, type TestDatabase, type TestPair } from '../support/databases.ts';
import { createClones } from '../support/elsewhere.ts';
import { type Ports, ports, runJob, start } from '../support/in-process.ts';
import { ON_ONE_MACHINE } from '../support/rules.ts';
import { eventsOf } from '../support/trail.ts';

const DATABASES = uninstallDatabases({ rules: ON_ONE_MACHINE, version: 'test' });

const TABLES = `create table parcel (id int primary key, owner text);
  create table fee (id int primary key, parcel int references parcel, amount numeric check (amount > 0));
  create function untouched() returns int language sql as 'select 1';
  create view seen as select id from parcel`;

async function setUp(pair: TestPair) {
  for (const { client } of [pair.source, pair.target]) await client.query(TABLES);
  await pair.source.client.query(`insert into parcel select i, 'o' || i from generate_series(1, 50) i;
    insert into fee select i, i, i from generate_series(1, 50) i`);
}

function portsFor(p: Ports, maskKeys: MaskKeys = { has: async () => false, remove: async () => undefined }) {
  return { ...p, databases: DATABASES, maskKeys, schedules: memoryScheduleStore() } satisfies UninstallPorts;
}

const asked = (db: TestDatabase, more: Partial<UninstallRequest> = {}): UninstallRequest => ({
  connection: db.connection,
  confirm: true,
  everything: false,
  actor: 'ada',
  requestId: randomUUID(),
  ...more,
});

const AT = '2026-11-23T10:00:00.000Z';

async function putEnvironment(p: Ports, name: string, connection: Connection, identity: ServerIdentity) {
  await p.environments.put({
    name,
    description: '',
    colour: 'grey',
    connection: connectionView(connection),
    identity,
    writable: true,
    protected: false,
    sends_to: ['*'],
    receives_from: ['*'],
    secret_ref: await p.environmentSecrets.put(`${name}/1`, connection),
    actor: 'ada',
    created_at: AT,
    updated_at: AT,
    connected_at: AT,
    revision: 1,
  });
}

const look = (db: TestDatabase, p: UninstallPorts) => uninstall(asked(db, { confirm: false }), p);

/** Sessions of a database that wait for a lock. */
const WAITS = `select count(*) as n from pg_stat_activity where datname = $1 and wait_event_type = 'Lock'`;

describe('uninstall', () => {
  test('leaves both databases with the catalogs that they had before the first job', async () => {
    await using pair = await createPair();
    await setUp(pair);
    const sides = [pair.source, pair.target];
    const before = await Promise.all(sides.map((db) => catalogsOf(db.client)));
    const p = ports();
    // jobs of every kind that leaves something behind
    for (const [config, mode] of [
      [{}, 'full'],
      [{ detection_strategy: 'cdc' }, 'full'],
      [{ detection_strategy: 'cdc' }, 'incremental'],
      [{ conflict_strategy: 'field_level' }, 'full'],
    ] as const)
      expect((await runJob(pair, config, {}, p, mode)).job.state).toBe('completed');
    await pair.source.client.query(`update parcel set owner = 'source' where id = 7`);
    await pair.target.client.query(`update parcel set owner = 'target' where id = 7;
      update parcel set owner = 'edited' where id = 9`);
    const both = await runJob(pair, { direction: 'bidirectional', conflict_strategy: 'manual' }, {}, p);
    expect(both.job).toMatchObject({ state: 'completed_with_issues', open_conflicts: 1 });
    const during = await Promise.all(sides.map((db) => catalogsOf(db.client)));
    for (const [i, catalogs] of during.entries()) expect(catalogs).not.toEqual(before[i]);
    const rows = () =>
      Promise.all(sides.map(async ({ client }) => (await client.query('select * from parcel order by id::int')).rows));
    const kept = await rows();

    const u = portsFor(p);
    const seen = await look(pair.target, u);
    expect(seen).toMatchObject({
      confirmed: false,
      complete: false,
      jobs_under_way: [],
      had: {
        schema: true,
        jobs: 5,
        baselines: 2,
        open_conflicts: 1,
        slots: [],
        publications: [],
        streams: [expect.stringMatching(/^tfsync_/)],
      },
    });
    expect(await Promise.all(sides.map((db) => catalogsOf(db.client)))).toEqual(during); // a look changes nothing
    const atSource = await look(pair.source, u);
    expect(atSource.had).toMatchObject({
      schema: true,
      slots: [{ active: false }],
      publications: [{ owned: true }],
      streams: [],
    });
    expect(atSource.had.slots[0]?.slot).toBe(seen.had.streams[0]);

    for (const db of sides) expect(await uninstall(asked(db), u)).toMatchObject({ complete: true, left: [] });

    expect(await Promise.all(sides.map((db) => catalogsOf(db.client)))).toEqual(before);
    expect(await rows()).toEqual(kept);
    // once more finds nothing, and says nothing
    for (const db of sides)
      expect(await uninstall(asked(db), u)).toMatchObject({
        complete: true,
        had: { schema: false, slots: [], publications: [] },
      });
    const { system_identifier, database_oid } = both.job.target;
    const told = await eventsOf(p.audit, `database#${system_identifier}/${database_oid}`);
    expect(told.map((e) => [e.type, e.actor])).toEqual([['database.uninstalled', 'ada']]);
    // and a job begins anew
    expect((await runJob(pair, { conflict_strategy: 'source_wins' }, {}, p)).job.state).toBe('completed');
  });

  test('is refused while a job over the database is under way, on either side, and names it', async () => {
    await using pair = await createPair();
    await setUp(pair);
    const p = ports();
    const job = await start(pair, {}, p);
    const u = portsFor(p);
    const before = await catalogsOf(pair.target.client);
    for (const db of [pair.source, pair.target]) {
      expect((await look(db, u)).jobs_under_way).toEqual([job.job_id]);
      await expect(uninstall(asked(db), u)).rejects.toMatchObject({
        code: 'target_busy',
        facts: { job_id: job.job_id },
      });
    }
    expect(await catalogsOf(pair.target.client)).toEqual(before);
  });

  test('is refused by a lease whose job is not in any list yet', async () => {
    await using pair = await createPair();
    await setUp(pair);
    const p = ports();
    const job = await start(pair, {}, p);
    const blind = { ...portsFor(p), jobs: { ...p.jobs, listToSweep: async () => [] } }; // its index lags behind
    await expect(uninstall(asked(pair.target), blind)).rejects.toMatchObject({
      code: 'target_busy',
      facts: { job_id: job.job_id },
    });
    const [row] = (await pair.target.client.query('select count(*) as n from tf_sync.job')).rows;
    expect(row.n).toBe('1');
  });

  test('is refused by a fresh lease of a job that is not stored yet, and not by one that is five minutes old', async () => {
    await using pair = await createPair();
    await setUp(pair);
    const p = ports();
    const job = await start(pair, {}, p);
    const blind = { ...portsFor(p), jobs: { ...p.jobs, listToSweep: async () => [], get: async () => undefined } };
    const refused = { code: 'target_busy', facts: { job_id: job.job_id } };
    const aged = (seconds: number) =>
      pair.target.client.query(`update tf_sync.lease set taken_at = now() - make_interval(secs => ${seconds})`);

    await expect(uninstall(asked(pair.target), blind)).rejects.toMatchObject(refused);
    await aged(280);
    await expect(uninstall(asked(pair.target), blind)).rejects.toMatchObject(refused);
    await aged(320);
    expect(await uninstall(asked(pair.target), blind)).toMatchObject({ complete: true });
  });

  test('waits for a start that is just taking its lease, and is refused by it', async () => {
    await using pair = await createPair();
    await setUp(pair);
    const p = ports();
    await runJob(pair, {}, {}, p);
    const { client } = pair.target;
    const job = randomUUID();
    await client.query(
      `begin; insert into tf_sync.lease (table_schema, table_name, job_id) values ('public', 'fee', '${job}')`,
    );

    const asks = uninstall(asked(pair.target), portsFor(p));
    asks.catch(() => undefined); // looked at below
    await expect
      .poll(async () => (await pair.source.client.query(WAITS, [pair.target.name])).rows[0].n, { interval: 20 })
      .toBe('1');
    await client.query('commit');

    await expect(asks).rejects.toMatchObject({ code: 'target_busy', facts: { job_id: job } });
    expect((await client.query('select job_id from tf_sync.lease')).rows).toEqual([{ job_id: job }]);
  });

  test('drops no tables that newer code has changed', async () => {
    await using pair = await createPair();
    await setUp(pair);
    const p = ports();
    await runJob(pair, {}, {}, p);
    await pair.target.client.query('insert into tf_sync.schema_version (version) values (999000)');
    const before = await catalogsOf(pair.target.client);

    for (const confirm of [false, true])
      await expect(uninstall(asked(pair.target, { confirm }), portsFor(p))).rejects.toMatchObject({
        code: 'schema_newer',
      });
    expect(await catalogsOf(pair.target.client)).toEqual(before);
  });

  test('drops nothing that is not its own: what depends on its tables, or lies among them, stops it', async () => {
    await using pair = await createPair();
    await setUp(pair);
    const p = ports();
    await runJob(pair, {}, {}, p);
    const { client } = pair.target;
    for (const [make, drop] of [
      ['create view report as select job_id from tf_sync.job', 'drop view report'],
      ['create table tf_sync.mine (id int)', 'drop table tf_sync.mine'],
    ] as const) {
      await client.query(make);
      const before = await catalogsOf(client);
      await expect(uninstall(asked(pair.target), portsFor(p))).rejects.toMatchObject({ code: 'uninstall_blocked' });
      expect(await catalogsOf(client)).toEqual(before);
      await client.query(drop);
    }
    await client.query('create publication tfsyncs_of_others');
    expect(await uninstall(asked(pair.target), portsFor(p))).toMatchObject({ complete: true });
    expect((await client.query('select pubname from pg_publication')).rows).toEqual([{ pubname: 'tfsyncs_of_others' }]);
  });

  test('tells what belongs to another role, and how its owner removes it', async () => {
    await using pair = await createPair();
    await setUp(pair);
    const p = ports();
    await runJob(pair, {}, {}, p);
    const { client, connection, name } = pair.target;
    const role = `worker_${name}`;
    await client.query(`create role ${role} login password 'pw'; create publication tfsync_00000000000000000000000000000bad;
      grant usage, create on schema tf_sync to ${role};
      do $$ declare t record; begin
        for t in select c.oid::regclass as name from pg_class c where c.relnamespace = 'tf_sync'::regnamespace and c.relkind = 'r'
        loop execute format('alter table %s owner to ${role}', t.name); end loop;
      end $$; alter sequence tf_sync.generation owner to ${role}`);
    const as = { connection: { ...connection, user: role, password: new Secret('pw') } };

    const removed = await uninstall(asked(pair.target, as), portsFor(p));

    expect(removed.had.publications).toEqual([
      { publication: 'tfsync_00000000000000000000000000000bad', owned: false },
    ]);
    expect(removed).toMatchObject({
      complete: false,
      left: [
        { what: 'schema tf_sync', code: 'privilege_missing', hint: 'As its owner: DROP SCHEMA tf_sync;' },
        {
          what: 'publication tfsync_00000000000000000000000000000bad',
          code: 'privilege_missing',
          hint: 'As its owner: DROP PUBLICATION tfsync_00000000000000000000000000000bad;',
        },
      ],
    });
    for (const { hint } of removed.left) await client.query(hint.replace('As its owner: ', ''));
    expect((await look(pair.target, portsFor(p))).complete).toBe(true);
    await client.query(`drop owned by ${role}; drop role ${role}`);
  });

  test('tells what it could not remove, and the same call again does the rest', async () => {
    await using pair = await createPair();
    await setUp(pair);
    const p = ports();
    await runJob(pair, { detection_strategy: 'cdc' }, {}, p);
    const slot = (await look(pair.source, portsFor(p))).had.slots[0]?.slot ?? '';
    const reading = () => Promise.reject(new SyncError('lock_timeout', 'somebody reads the slot'));
    const databases: UninstallPorts['databases'] = {
      ...DATABASES,
      open: async (...args) => ({ ...(await DATABASES.open(...args)), dropSlot: reading }),
    };
    const first = await uninstall(asked(pair.source), { ...portsFor(p), databases });
    expect(first).toMatchObject({
      complete: false,
      left: [{ what: `slot ${slot}`, code: 'lock_timeout', hint: ERRORS.lock_timeout.remedy }],
    });
    expect((await look(pair.source, portsFor(p))).had).toMatchObject({ slots: [{ slot }], publications: [] });
    expect(await uninstall(asked(pair.source), portsFor(p))).toMatchObject({ complete: true, left: [] });
    expect((await look(pair.source, portsFor(p))).had.slots).toEqual([]);
  });

  test('with everything it removes the key of masks of a pair that a job alone tells of', async () => {
    await using pair = await createPair();
    await setUp(pair);
    const p = ports();
    const { job } = await runJob(pair, {}, {}, p);
    const mine = pairId(job.source, job.target);
    const keys = new Set([mine, 'of another pair']);
    const u = portsFor(p, { has: async (of) => keys.has(of), remove: async (of) => void keys.delete(of) });
    expect((await uninstall(asked(pair.target), u)).mask_keys).toBe(1); // its baselines told of it
    expect((await look(pair.target, u)).mask_keys).toBe(0);
    const config = jobConfigSchema.parse({
      mapping: {
        'public.parcel': { from: 'public.parcel', columns: { owner: { column: 'owner', mask: { kind: 'hash' } } } },
      },
    });
    await p.jobs.create(sampleJob({ state: 'completed', source: job.source, target: job.target, config }));

    expect((await look(pair.target, u)).mask_keys).toBe(1);
    await uninstall(asked(pair.target, { everything: true }), u);
    expect([...keys]).toEqual(['of another pair']);
  });

  test('with everything is refused while a schedule names the environment, and has removed nothing then', async () => {
    await using pair = await createPair();
    await setUp(pair);
    const p = ports();
    const { job } = await runJob(pair, {}, {}, p);
    const u = portsFor(p);
    await putEnvironment(p, 'training', pair.target.connection, job.target);
    await u.schedules.create(sampleSchedule({ name: 'nightly', environments: { target: 'training' } }));
    const before = await catalogsOf(pair.target.client);

    await expect(uninstall(asked(pair.target, { everything: true }), u)).rejects.toMatchObject({
      code: 'environment_in_use',
      facts: { schedules: ['nightly'] },
    });

    expect(await catalogsOf(pair.target.client)).toEqual(before);
    expect(await uninstall(asked(pair.target), u)).toMatchObject({ complete: true });
    expect((await p.environments.list()).map((e) => e.name)).toEqual(['training']);
  });

  test('forgets the connections of jobs that could be resumed; with everything environments and keys of masks too', async () => {
    await using pair = await createPair();
    await setUp(pair);
    const p = ports();
    const { job: other } = await runJob(pair, {}, {}, p);
    const job = await start(pair, {}, p);
    await stopJob({ jobId: job.job_id, actor: 'ada' }, p);
    await putEnvironment(p, 'training', pair.target.connection, job.target);
    await putEnvironment(p, 'production', pair.source.connection, job.source);
    const mine = pairId(other.source, other.target);
    const keys = new Set([mine, 'of another pair']);
    const maskKeys: MaskKeys = {
      has: async (of) => keys.has(of),
      remove: async (of) => void keys.delete(of),
    };
    const u = portsFor(p, maskKeys);
    expect(await look(pair.target, u)).toMatchObject({ job_secrets: 2, environments: ['training'], mask_keys: 1 });

    expect(await uninstall(asked(pair.target), u)).toMatchObject({ complete: true, job_secrets: 2 });
    await expect(p.secrets.get(job.secret_ref)).rejects.toMatchObject({ code: 'secret_missing' });
    expect((await p.jobs.get(job.job_id))?.secret_removed).toBe(true);
    await expect(resumeJob({ jobId: job.job_id, actor: 'ada' }, p)).rejects.toMatchObject({ code: 'resume_expired' });
    expect((await p.environments.list()).map((e) => e.name)).toEqual(['production', 'training']);

    await runJob(pair, {}, {}, p); // the baseline tells which pair it is
    await uninstall(asked(pair.target, { everything: true }), u);
    expect((await p.environments.list()).map((e) => e.name)).toEqual(['production']);
    expect([...keys]).toEqual(['of another pair']);
  });

  test('of a restored copy leaves the original alone: environment, connections, keys of masks, and jobs that work there', async () => {
    await using clones = await createClones((client) => client.query('create table t (id int primary key)'));
    await using third = await createPair();
    for (const { client } of [third.source, third.target]) await client.query('create table t (id int primary key)');
    const { source: original, target: copy } = clones;
    const p = ports();
    const stopped = await start({ source: original, target: third.target }, {}, p);
    await stopJob({ jobId: stopped.job_id, actor: 'ada' }, p); // to be resumed tomorrow
    const into = await start({ source: third.source, target: copy }, {}, p);
    await stopJob({ jobId: into.job_id, actor: 'ada' }, p);
    const working = await start({ source: third.source, target: original }, {}, p);
    await copy.client.query(`insert into tf_sync.lease (table_schema, table_name, job_id) values ('public', 't', $1)`, [
      working.job_id, // as a copy that is made now would have it
    ]);
    await putEnvironment(p, 'training', copy.connection, stopped.source);
    await putEnvironment(p, 'production', original.connection, stopped.source);
    const keys: string[] = [];
    const u = portsFor(p, { has: async () => true, remove: async (of) => void keys.push(of) });
    const { host, port, database } = original.connection;

    expect(await look(copy, u)).toMatchObject({
      environments: ['training'],
      jobs_under_way: [],
      job_secrets: 1,
      mask_keys: 0,
      copies: [{ host, port, database, is: 'another', environments: ['production'], jobs: 2 }],
    });
    expect(await uninstall(asked(copy, { everything: true }), u)).toMatchObject({ complete: true });

    expect((await p.environments.list()).map((e) => e.name)).toEqual(['production']);
    expect(keys).toEqual([]);
    expect((await p.jobs.get(into.job_id))?.secret_removed).toBe(true);
    expect((await p.jobs.get(working.job_id))?.state).toBe('created');
    expect((await resumeJob({ jobId: stopped.job_id, actor: 'ada' }, p)).state).toBe('created');
    await expect(uninstall(asked(original), u)).rejects.toMatchObject({ code: 'target_busy' });
  });

  test('knows a database by another name of its host, and leaves alone what nobody can ask', async () => {
    await using pair = await createPair();
    await setUp(pair);
    const p = ports();
    const job = await start(pair, {}, p);
    await stopJob({ jobId: job.job_id, actor: 'ada' }, p);
    const { connection } = pair.target;
    const renamed = connection.host === 'localhost' ? '127.0.0.1' : 'localhost';
    await putEnvironment(p, 'training', { ...connection, host: renamed }, job.target);
    await putEnvironment(p, 'gone', { ...connection, port: 1 }, job.target);
    const u = portsFor(p);

    expect(await uninstall(asked(pair.target, { everything: true }), u)).toMatchObject({
      environments: ['training'],
      job_secrets: 1,
      copies: [{ host: connection.host, port: 1, is: 'unknown', environments: ['gone'], jobs: 0 }],
    });
    expect((await p.environments.list()).map((e) => e.name)).toEqual(['gone']);
  });

  test('is refused while a job works on what may be the database and cannot be asked', async () => {
    await using pair = await createPair();
    await setUp(pair);
    const p = ports();
    const job = await start(pair, {}, p);
    await p.secrets.remove(job.secret_ref);
    const renamed = { ...pair.target.connection, host: 'localhost' };
    const at = {
      ...pair.target,
      connection: renamed.host === pair.target.connection.host ? { ...renamed, host: '127.0.0.1' } : renamed,
    };
    await expect(uninstall(asked(at), portsFor(p))).rejects.toMatchObject({ code: 'target_busy' });
  });
});
