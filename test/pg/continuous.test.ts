import { expect, test } from 'vitest';
import type { Job, Pass } from '../../lib/model/job.ts';
import type { Figures } from '../../lib/model/metrics.ts';
import { hasWork, waitSeconds } from '../../lib/orchestrator/follow-rounds.ts';
import { resumeJob } from '../../lib/orchestrator/resume-job.ts';
import { jobStatus } from '../../lib/orchestrator/status.ts';
import { compareDatabases, summary } from '../support/compare.ts';
import { createPair, type TestPair } from '../support/databases.ts';
import { type Ports, ports, runJob, start } from '../support/in-process.ts';
import { CONTINUOUS, play } from '../support/rounds.ts';
import { trailOf } from '../support/trail.ts';

// A job that follows the source's log until it is stopped: rounds of one job, under one lease.

const TABLES = `create table t (id int primary key, n int not null default 0);
  create table other (id int primary key, x text)`;

const different = async (pair: TestPair) => summary(await compareDatabases(pair.source.client, pair.target.client));
const rows = async (pair: TestPair, sql: string) => (await pair.target.client.query(sql)).rows;
const count = async (pair: TestPair, table: string) =>
  Number((await rows(pair, `select count(*) from ${table}`))[0].count);

async function twoTables(): Promise<TestPair> {
  const pair = await createPair();
  for (const db of [pair.source, pair.target]) await db.client.query(TABLES);
  await pair.source.client.query(
    `insert into t select i from generate_series(1, 20) i; insert into other select i, 'x' from generate_series(1, 5) i`,
  );
  return pair;
}

const status = async (p: Ports, job: Job) =>
  jobStatus(job, { tables: await p.jobs.tables(job.job_id), progress: await p.jobs.progress(job.job_id) }, new Date());

test('brings changes over round by round under one lease, tells how far it is, and ends when it is stopped', async () => {
  await using pair = await twoTables();
  const inMemory = ports();
  const told: Figures[] = [];
  const info = (_message: string, _fields?: object, figures: Figures = {}) => void told.push(figures);
  const p = { ...inMemory, log: { ...inMemory.log, info } };
  const seen: Awaited<ReturnType<typeof status>>[] = [];
  const leases: number[] = [];
  const note = async (job: Job) => {
    seen.push(await status(p, job));
    leases.push(await count(pair, 'tf_sync.lease'));
    expect(await different(pair)).toEqual({});
  };

  const job = await play(
    pair,
    [
      async (now) => {
        await note(now);
        await pair.source.client.query(
          'insert into t values (21); update t set n = 1 where id < 4; delete from t where id = 9',
        );
      },
      async (now) => {
        await note(now);
        await pair.source.client.query(`update t set id = 90 where id = 10; update other set x = 'y' where id = 2`);
      },
      note,
    ],
    { ports: p },
  );
  const looks = told.filter((figures) => figures.RetainedWalBytes !== undefined);
  expect(looks.length).toBeGreaterThanOrEqual(seen.length); // the alarms of lag and log go by them
  for (const { ReplicationLagBytes: bytes, ReplicationLagSeconds: seconds } of looks)
    expect([Number(bytes) >= 0, Number(seconds) >= 0]).toEqual([true, true]);

  expect(seen.map((s) => [s.state, s.following?.round, s.following?.rows, s.following?.working])).toEqual([
    ['running', 1, 25, false],
    ['running', 2, 5, false],
    ['running', 3, 3, false],
  ]);
  expect(seen.map((s) => s.counts.inserted + s.counts.updated + s.counts.deleted)).toEqual([25, 30, 33]);
  expect(seen.map((s) => s.tables.map((t) => t.validation))).toEqual(seen.map(() => ['validated', 'validated']));
  expect(seen.every((s) => (s.following?.lag_seconds ?? 99) < 30 && s.following?.quiet_since !== undefined)).toBe(true);
  expect(leases).toEqual([2, 2, 2]);
  expect(job.state).toBe('stopped');
  expect(await count(pair, 'tf_sync.lease')).toBe(0);
});

test('a table of which the log tells nothing is not looked at, and a look that finds nothing leaves no trace in the trail', async () => {
  await using pair = await twoTables();
  const p = ports();
  const events: string[][] = [];
  const trail = async (job: Job) => {
    const all = await trailOf(p.audit, job.job_id);
    events.push(all.map((e) => `${e.type} ${(e.data as { table?: string }).table ?? ''}`));
  };

  await play(
    pair,
    [
      async (job) => {
        await trail(job);
        await pair.source.client.query('update t set n = 1 where id = 1');
      },
      trail,
      trail,
      trail,
    ],
    { ports: p },
  );

  const round = events[1]?.slice(events[0]?.length);
  expect(round?.filter((e) => e.startsWith('table.started'))).toEqual([
    'table.started public.t',
    'table.started public.t',
  ]);
  expect(round?.filter((e) => e.startsWith('changes'))).toEqual(['changes.drained ', 'changes.applied ']);
  expect(events[3]).toEqual(events[1]);
});

test('nothing of earlier rounds stays: a dozen of them leave as many rows of control as two', async () => {
  await using pair = await twoTables();
  const p = ports();
  const sizes: Record<string, number>[] = [];
  const tables = [
    'told',
    'checkpoint',
    'changed_key',
    'outbox',
    'quarantine',
    'table_plan',
    'round',
    'round_count',
    'intent',
  ];
  const measure = async () => {
    const all: Record<string, number> = {};
    for (const t of tables) all[t] = await count(pair, `tf_sync.${t}`);
    sizes.push(all);
  };
  const write = (n: number) => () =>
    pair.source.client.query(`update t set n = ${n}; insert into t values (${1000 + n})`);
  const scenes = Array.from({ length: 12 }, (_, i) => write(i + 1));

  const job = await play(pair, [...scenes.slice(0, 2), measure, ...scenes.slice(2), measure], { ports: p });

  expect(sizes[1]).toEqual(sizes[0]);
  expect(JSON.stringify(await p.jobs.get(job.job_id)).length).toBeLessThan(4_000);
  expect((await p.jobs.progress(job.job_id)).length).toBeLessThanOrEqual(8);
  expect(await different(pair)).toEqual({});
});

test('goes on after a stop: what another job has done meanwhile is not done again, and nothing is missed', async () => {
  await using pair = await twoTables();
  const p = ports();
  const first = await play(pair, [() => pair.source.client.query('update t set n = 1 where id = 1')], { ports: p });
  await pair.source.client.query('update t set n = 2 where id < 4');
  const between = await runJob(pair, { ...CONTINUOUS, continuous: false }, {}, ports(), 'incremental');
  await pair.source.client.query('update t set n = 3 where id = 7');

  const resumed = await resumeJob({ jobId: first.job_id, actor: 'tester' }, p);
  const looked: (number | undefined)[] = [];
  const shown: string[] = [];
  const note = async (now: Job) => {
    looked.push(now.following?.rows);
    shown.push(...(await status(p, now)).tables.map((t) => t.validation));
  };
  const job = await play(pair, [note], { ports: p, job: resumed });

  expect(between.counts.updated).toBe(3);
  expect(looked).toEqual([1]);
  expect(shown).toEqual(['validated', 'validated']);
  expect(job.state).toBe('stopped');
  expect(await different(pair)).toEqual({});
});

test('a row that the target refuses is listed between rounds, and released once it fits', async () => {
  await using pair = await twoTables();
  await pair.target.client.query('alter table t add constraint small check (n < 100)');
  const p = ports();
  const listed: number[] = [];
  const states: string[][] = [];
  const look = async (job: Job) => {
    listed.push(await count(pair, 'tf_sync.quarantine'));
    states.push((await status(p, job)).tables.map((t) => t.validation));
  };

  await play(
    pair,
    [
      () => pair.source.client.query('update t set n = 200 where id = 1'),
      async (job) => {
        await look(job);
        await pair.source.client.query('update t set n = 2 where id = 2');
      },
      async (job) => {
        await look(job);
        await pair.target.client.query('alter table t drop constraint small');
        await pair.source.client.query('update t set n = 3 where id = 3');
      },
      look,
    ],
    { ports: p },
  );

  expect(listed).toEqual([1, 1, 0]);
  expect(states).toEqual(
    [
      ['quarantined', 'validated'],
      ['quarantined', 'validated'],
      ['validated', 'validated'],
    ].map(([t, other]) => [other, t]),
  );
  expect(await different(pair)).toEqual({});
});

test('deletes beyond the limit pause it before any is made; what was confirmed for one round holds for no other', async () => {
  await using pair = await twoTables();
  await pair.source.client.query('insert into t select i from generate_series(100, 1100) i; analyze t');
  const p = ports();
  const paused = await play(pair, [() => pair.source.client.query('delete from t where id between 100 and 400')], {
    ports: p,
  });
  const before = await count(pair, 't');
  const resumed = await resumeJob({ jobId: paused.job_id, actor: 'tester', confirmDeletes: 301 }, p);

  const again = await play(pair, [() => pair.source.client.query('delete from t where id between 401 and 650')], {
    ports: p,
    job: resumed,
  });

  expect(paused).toMatchObject({ state: 'paused', pause: { code: 'confirm_required' } });
  expect(before).toBe(1021);
  expect(again).toMatchObject({ state: 'paused', pause: { code: 'confirm_required' } });
  expect(await count(pair, 't')).toBe(720);
});

test('two jobs follow one log, each for tables of its own: what one drains in the middle of a round of the other is not lost', async () => {
  await using pair = await twoTables();
  const p = ports();
  const mine = { ...CONTINUOUS, tables: { include: ['public.t'] } };
  let others = 0;
  const before = async (pass: Pass) => {
    const rounds = await rows(pair, 'select settled from tf_sync.round');
    if (pass !== 'verify' || Number(rounds[0]?.settled) !== 1 || others > 0) return;
    await pair.source.client.query('update t set n = 5 where id = 1'); // in a bucket that the round has not written into
    const other = { ...mine, continuous: false, tables: { include: ['public.other'] } };
    others = (await runJob(pair, other, {}, ports(), 'incremental')).counts.read;
  };

  const job = await play(pair, [() => pair.source.client.query('insert into t values (1000)')], {
    ports: p,
    config: mine,
    between: { before },
  });

  expect(others).toBe(5);
  expect(job).toMatchObject({ state: 'stopped', following: { round: 3, rows: 1 } });
  expect(await different(pair)).toEqual({});
});

test('a row that is altered behind the service after a round has applied it fails the job', async () => {
  await using pair = await twoTables();
  const p = ports();
  let altered = 0;
  const before = async (pass: Pass) => {
    const rounds = await rows(pair, 'select settled from tf_sync.round');
    if (pass !== 'verify' || Number(rounds[0]?.settled) !== 1) return;
    altered = (await pair.target.client.query('update t set n = 77 where id = 1')).rowCount ?? 0;
  };

  const job = await play(pair, [() => pair.source.client.query('update t set n = 1 where id = 1')], {
    ports: p,
    between: { before },
  });

  expect(altered).toBe(1);
  expect(job).toMatchObject({ state: 'failed', failure: { code: 'verification_failed' } });
});

test('is refused with what it cannot do', async () => {
  await using pair = await twoTables();
  const refused = (config: object) => start(pair, { ...CONTINUOUS, ...config }, ports(), 'incremental').catch((e) => e);

  for (const [config, field] of [
    [{ detection_strategy: 'hash' }, '/config/continuous'],
    [{ dry_run: true }, '/config/continuous'],
  ] as const)
    expect((await refused(config)).problems).toContainEqual(
      expect.objectContaining({ code: 'option_not_supported', field }),
    );
});

test('what a look decides', () => {
  const rounds = { planned: 1, settled: 1, drains: 4, rows: 0, settledAt: '2026-01-01T00:00:00.000Z' };
  const at = (seconds: number) => Date.parse(rounds.settledAt) + seconds * 1000;
  const nothing = { whole: false, fresh: false, waiting: 0 };

  expect(hasWork(undefined, nothing, at(0))).toBe(true);
  expect(hasWork(rounds, nothing, at(9_999))).toBe(false);
  expect(hasWork(rounds, { ...nothing, fresh: true }, at(0))).toBe(true);
  expect(hasWork(rounds, { ...nothing, whole: true }, at(0))).toBe(true);
  expect(hasWork(rounds, { ...nothing, waiting: 3 }, at(599))).toBe(false);
  expect(hasWork(rounds, { ...nothing, waiting: 3 }, at(600))).toBe(true);
  expect([1, 2, 3, 4, 50].map((no) => waitSeconds(no, 5))).toEqual([1, 2, 4, 5, 5]);
  expect(waitSeconds(1, 1)).toBe(1);
});
