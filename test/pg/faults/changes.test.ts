import { expect, test, vi } from 'vitest';
import { resumeJob } from '../../../lib/orchestrator/resume-job.ts';
import { stopJob } from '../../../lib/orchestrator/stop-job.ts';
import { connect, createPair, type TestPair } from '../../support/databases.ts';
import { differences, onCommits, portsWith } from '../../support/faults.ts';
import { run, runJob } from '../../support/in-process.ts';

vi.setConfig({ testTimeout: 120_000 }); // servers start and databases are made, on machines that are shared

const TABLE = 'create table t (id int primary key, x text, y int)';

async function setUp(pair: TestPair) {
  for (const db of [pair.source, pair.target]) await db.client.query(TABLE);
  await pair.source.client.query(`insert into t select i, 'v' || i, i from generate_series(1, 500) i`);
  await pair.target.client.query(`insert into t select i, 'old', 0 from generate_series(1, 500, 2) i`);
}

test.each([
  ['source', 'alter table t drop column y'],
  ['source', 'alter table t rename to u'],
  ['source', 'alter table t rename column x to z'],
  ['source', 'drop table t'],
  ['target', 'alter table t drop column y'],
  ['target', 'alter table t rename column y to z'],
  ['target', 'drop table t'],
  ['target', 'alter table t alter y type bytea using null'],
] as const)('E12: in the %s, "%s" in the middle of a job pauses it as schema_changed', async (side, ddl) => {
  await using pair = await createPair();
  await setUp(pair);
  const altering = onCommits(async (n, commit) => {
    if (n === 3) await pair[side].client.query(ddl);
    return commit();
  });

  const { job, counts } = await runJob(pair, { batch_size: 50, verify: 'all' }, {}, portsWith({}, altering));

  expect(job.state).toBe('paused');
  expect(job.pause).toMatchObject({ code: 'schema_changed' });
  expect(job.pause?.probe_at).toBeUndefined();
  expect(counts.quarantined).toBe(0);
});

test('E12: a job that paused over a changed table goes on once the change is undone', async () => {
  await using pair = await createPair();
  await setUp(pair);
  const altering = onCommits(async (n, commit) => {
    if (n === 3) await pair.source.client.query('alter table t rename column x to z');
    return commit();
  });
  const p = portsWith({}, altering);
  const { job } = await runJob(pair, { batch_size: 50 }, {}, p);
  expect(job.state).toBe('paused');

  await pair.source.client.query('alter table t rename column z to x');
  const ended = await run(await resumeJob({ jobId: job.job_id, actor: 'operator' }, p), p);

  expect(ended.state).toBe('completed');
  expect(await differences(pair)).toEqual({});
});

test('E12: a column that both sides gain, and a wider type, disturb nobody', async () => {
  await using pair = await createPair();
  await setUp(pair);
  const altering = onCommits(async (n, commit) => {
    if (n === 3)
      for (const db of [pair.source, pair.target])
        await db.client.query('alter table t add column extra text; alter table t alter y type int8');
    return commit();
  });

  const { job } = await runJob(pair, { batch_size: 50 }, {}, portsWith({}, altering));

  expect(job.state).toBe('completed');
  expect(await differences(pair)).toEqual({});
});

test('E13: between two chunks no session of a job holds a transaction or a snapshot', async () => {
  await using pair = await createPair();
  await setUp(pair);
  const watcher = await connect('postgres');
  const held: unknown[] = [];
  let looks = 0;
  const watching = onCommits(async (_, commit) => {
    await commit();
    looks += 1;
    const { rows } = await watcher.query(
      `select datname, state, query from pg_stat_activity where datname = any($1) and application_name like 'terrafusion-sync/%'
         and (backend_xmin is not null or backend_xid is not null or xact_start is not null)`,
      [[pair.source.name, pair.target.name]],
    );
    held.push(...rows);
  });

  const { job } = await runJob(pair, { batch_size: 50 }, {}, portsWith({}, watching));
  await watcher.end();

  expect(job.state).toBe('completed');
  expect(looks).toBeGreaterThan(8);
  expect(held).toEqual([]);
});

test('E14: under a storm of writers on both sides no source edit is lost and every end is named', async () => {
  await using pair = await createPair();
  await setUp(pair);
  const writers = [await connect(pair.source.name), await connect(pair.target.name)];
  let over = false;
  let writes = 0;
  const storm = writers.map(async (client, side) => {
    for (let i = side; !over; i += 7) {
      const id = (i % 520) + 1;
      if (i % 5 === 0) await client.query('delete from t where id = $1', [id]);
      else
        await client.query(
          'insert into t values ($1, $2, $3) on conflict (id) do update set x = excluded.x, y = excluded.y',
          [id, `w${i}`, i],
        );
      writes += 1;
    }
  });

  const during = [];
  for (let n = 0; n < 2; n++) {
    const { job, ports } = await runJob(pair, { batch_size: 20, delete_mode: 'mirror', max_delete_percent: 100 });
    during.push(job);
    if (job.state === 'paused') await stopJob({ jobId: job.job_id, actor: 'operator' }, ports); // frees the table
  }
  over = true;
  await Promise.all(storm);
  await Promise.all(writers.map((w) => w.end()));
  const quiet = await runJob(pair, { verify: 'all', delete_mode: 'mirror', max_delete_percent: 100 });

  expect(writes).toBeGreaterThan(100);
  for (const job of during) {
    if (job.state === 'failed') expect(job.failure?.code).toBe('verification_failed');
    else if (job.state === 'paused') expect(job.pause?.code).toBe('target_moving');
    else expect(['completed', 'completed_with_issues']).toContain(job.state);
  }
  expect(quiet.job.state).toBe('completed');
  expect(await differences(pair)).toEqual({});
});

test('E14: a target row that is edited between the look and the write is looked at again, not overwritten unseen', async () => {
  await using pair = await createPair();
  await setUp(pair);
  const editing = onCommits(async (n, commit) => {
    if (n === 2) await pair.target.client.query(`update t set x = 'edited' where id % 10 = 1`);
    return commit();
  });
  const p = portsWith({}, editing);

  const { job } = await runJob(pair, { batch_size: 100 }, {}, p);

  expect(p.log.lines.some((line) => line.includes('rows moved, looking again'))).toBe(true);
  expect(job.state).toBe('completed');
  expect(await differences(pair)).toEqual({});
});
