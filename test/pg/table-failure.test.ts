import { expect, test, vi } from 'vitest';
import { resumeJob } from '../../lib/orchestrator/resume-job.ts';
import { createPair, type TestPair } from '../support/databases.ts';
import { differences } from '../support/faults.ts';
import { run, runJob } from '../support/in-process.ts';
import { eventsOf } from '../support/trail.ts';

vi.setConfig({ testTimeout: 120_000 });

/** A table whose rows the target refuses, its child, and one that has nothing to do with either. */
async function setUp(pair: TestPair) {
  for (const { client } of [pair.source, pair.target])
    await client.query(`create table bad (id int primary key, x text); create table fine (id int primary key, x text);
      create table child (id int primary key, bad_id int references bad)`);
  await pair.source.client.query(`insert into bad select i, 'b' from generate_series(1, 50) i;
    insert into fine select i, 'f' from generate_series(1, 500) i; insert into child select i, i from generate_series(1, 5) i`);
  await pair.target.client.query(`insert into fine select i, 'other' from generate_series(1, 100) i;
    create schema own; create function own.refuse() returns trigger language plpgsql as $$begin raise exception 'no'; end$$;
    create trigger refuse before insert on bad for each row execute function own.refuse()`);
}

test('a table that fails does not keep the others: they are applied and verified, and the job ends failed with its name', async () => {
  await using pair = await createPair();
  await setUp(pair);

  const { job, ports } = await runJob(pair, { max_quarantined_rows: 10, triggers: 'fire' });

  const tables = await ports.jobs.tables(job.job_id);
  expect(tables.map((t) => [t.name, t.state, t.failure?.code]).sort()).toEqual([
    ['public.bad', 'failed', 'quarantine_limit'],
    ['public.child', 'verified', undefined],
    ['public.fine', 'verified', undefined],
  ]);
  expect(job.state).toBe('failed');
  expect(job.failure?.code).toBe('quarantine_limit');
  expect(job.failure?.message).toMatch(/^1 of 3 tables failed: public\.bad \(quarantine_limit\)\. public\.bad: /);
  expect(job.failure?.problems?.map((p) => [p.object, p.code])).toEqual([['public.bad', 'quarantine_limit']]);
  const { rows } = await pair.target.client.query(`select count(*) as n from fine where x = 'f'`);
  expect(rows).toEqual([{ n: '500' }]);
  const events = (await eventsOf(ports.audit, job.job_id)).map((e) => e.type);
  expect(events.filter((t) => t === 'healing.table_failed')).toHaveLength(1);
  expect(events).toContain('job.failed');

  await pair.target.client.query('drop trigger refuse on bad; drop schema own cascade');
  const resumed = await resumeJob({ jobId: job.job_id, actor: 'tester' }, ports);
  const ended = await run(resumed, ports);

  expect(ended.failure).toBeUndefined();
  expect(ended.state).toBe('completed');
  expect(await differences(pair)).toEqual({});
});

test('an error that the whole job waits for still pauses it, whatever table met it', async () => {
  await using pair = await createPair();
  await setUp(pair);
  const between = {
    before: async (pass: string) => {
      if (pass === 'apply') await pair.target.client.query('alter table fine rename to gone');
    },
  };

  const { job } = await runJob(pair, { max_quarantined_rows: 10 }, between);

  expect(job.state).toBe('paused');
  expect(job.pause?.code).toBe('schema_changed');
});
