import { expect, test } from 'vitest';
import { resumeJob } from '../../lib/orchestrator/resume-job.ts';
import { stopJob } from '../../lib/orchestrator/stop-job.ts';
import { compareDatabases, summary } from '../support/compare.ts';
import { createPair, type TestPair } from '../support/databases.ts';
import { ports, run, runJob, start } from '../support/in-process.ts';
import { eventsOf } from '../support/trail.ts';

// A table that changes its definition under a job that follows the log.

const CDC = { detection_strategy: 'cdc' } as const;

const different = async (pair: TestPair) => summary(await compareDatabases(pair.source.client, pair.target.client));

/** Two tables in step, and a change of both that no job has seen yet. */
async function twoTables(): Promise<TestPair> {
  const pair = await createPair();
  for (const db of [pair.source, pair.target])
    await db.client.query(
      'create table t (id int primary key, x text, y int); create table u (id int primary key, x text)',
    );
  await pair.source.client.query(
    `insert into t select i, 'v', i from generate_series(1, 100) i; insert into u select i, 'v' from generate_series(1, 100) i`,
  );
  expect((await runJob(pair, CDC)).job.failure).toBeUndefined();
  await pair.source.client.query(
    `update t set x = 'new' where id < 4; update u set x = 'new' where id < 6; delete from t where id = 9`,
  );
  return pair;
}

/** An incremental job under which `ddl` runs in the source once it is prepared. */
const changedUnder = (pair: TestPair, ddl: string, p = ports()) =>
  runJob(
    pair,
    CDC,
    { before: async (pass) => (pass === 'apply' ? void (await pair.source.client.query(ddl)) : undefined) },
    p,
    'incremental',
  );

test('a job pauses with what has changed, and goes on once that is undone: nothing is lost', async () => {
  await using pair = await twoTables();
  const secret = 'c4n4ry';

  const { job, ports: p } = await changedUnder(
    pair,
    `alter table t rename column y to z; alter table t alter x type varchar(40); alter table t add more text default '${secret}'`,
  );
  await pair.source.client.query(
    'alter table t rename column z to y; alter table t alter x type text; alter table t drop more',
  );
  const ended = await run(await resumeJob({ jobId: job.job_id, actor: 'ada' }, p), p);

  expect(job.state).toBe('paused');
  expect(job.pause?.code).toBe('schema_changed');
  expect(job.pause?.problems?.map((x) => [x.side, x.object, x.message])).toEqual([
    ['source', 'public.t.y', 'The column y (integer) is not there any more.'],
    ['source', 'public.t.x', 'The column x was text, and is character varying(40).'],
    ['source', 'public.t.z', 'The column z (integer) is new.'],
    ['source', 'public.t.more', 'The column more (text) is new.'],
  ]);
  expect(JSON.stringify(job)).not.toContain(secret);
  expect(job.pause?.hint).toMatch(/Undo the change and resume the job; or stop it/);
  expect(ended.state).toBe('completed');
  expect(await different(pair)).toEqual({});
});

test('where the change stays, a resume says so again; another job compares that table whole, the other by the log', async () => {
  await using pair = await twoTables();

  const { job, ports: p } = await changedUnder(pair, 'alter table t drop column y');
  await pair.target.client.query('alter table t drop column y');
  const again = await run(await resumeJob({ jobId: job.job_id, actor: 'ada' }, p), p);
  await stopJob({ jobId: job.job_id, actor: 'ada' }, p);
  const next = await runJob(pair, CDC, {}, p, 'incremental');
  const drained = (await eventsOf(p.audit, next.job.job_id)).find((e) => e.type === 'changes.drained')?.data;

  expect(job.pause?.problems?.map((x) => [x.side, x.object])).toEqual([['source', 'public.t.y']]);
  expect(again.pause?.problems?.map((x) => [x.side, x.object])).toEqual([
    ['source', 'public.t.y'],
    ['target', 'public.t.y'],
  ]);
  expect(next.job.state).toBe('completed');
  expect(
    ((drained?.tables ?? []) as { whole?: string; changed_keys?: number }[]).map((t) => t.whole ?? t.changed_keys),
  ).toEqual(['mapping_changed', 5]);
  expect(await different(pair)).toEqual({});
});

test('a table that is gone is named; a nullable column that only the source gains disturbs no job that runs, and the next start names it', async () => {
  await using pair = await twoTables();
  const goesOn = await changedUnder(pair, 'alter table t add more int; update t set more = 1 where id = 50');
  const refused = await start(pair, CDC, ports(), 'incremental').catch((e) => e);
  await pair.target.client.query('alter table t add more int');
  const whole = await runJob(pair, CDC, {}, ports(), 'incremental');
  await pair.source.client.query(`update u set x = 'once more' where id = 1`);
  const gone = await changedUnder(pair, 'drop table u');

  expect(goesOn.job.state).toBe('completed');
  expect(refused.problems.map((x: { object: string }) => x.object)).toEqual(['public.t.more']);
  expect(whole.counts).toMatchObject({ updated: 1 });
  expect(gone.job.pause?.problems).toMatchObject([
    { side: 'source', object: 'public.u', message: 'The source has no table public.u any more.' },
  ]);
});
