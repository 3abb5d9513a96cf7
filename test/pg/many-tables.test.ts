import { expect, test, vi } from 'vitest';
import { PAGE_TABLES } from '../../lib/orchestrator/paging.ts';
import { prepareJob } from '../../lib/orchestrator/prepare-job.ts';
import { planPass, planTable } from '../../lib/orchestrator/table-steps.ts';
import { createPair } from '../support/databases.ts';
import { ports, runJob, start } from '../support/in-process.ts';

vi.setConfig({ testTimeout: 240_000 });

const TABLES = PAGE_TABLES + 10;
const create = `do $$begin for i in 1..${TABLES} loop
  execute format('create table %I (id int primary key)', 't' || to_char(i, 'FM00000')); end loop; end$$`;

test('a job of more tables than one execution carries is cut into parts, and each table is gone through', async () => {
  await using pair = await createPair();
  for (const { client } of [pair.source, pair.target]) await client.query(create);
  await pair.source.client.query('insert into t00001 values (1); insert into t00105 values (1)');
  const p = ports();

  const job = await start(pair, {}, p);
  const input = { job_id: job.job_id, epoch: job.epoch };
  const plan = await prepareJob(input, p);
  const last = plan.next.parts.at(-1);
  const page = await planPass({ ...input, pass: 'apply', ...(last && { part: last }) }, p);

  expect(plan.next.levels).toEqual([]);
  expect(plan.next.parts.at(-1)?.to).toBe(Math.ceil(TABLES / PAGE_TABLES));
  expect(page.levels.flat()).toHaveLength(TABLES - PAGE_TABLES);
});

test('such a job ends like any other', async () => {
  await using pair = await createPair();
  for (const { client } of [pair.source, pair.target]) await client.query(create);
  await pair.source.client.query('insert into t00001 values (1); insert into t00105 values (1)');

  const { job, counts, ports: p } = await runJob(pair, { max_parallel_tables: 5 });

  expect(job.failure).toBeUndefined();
  expect(job.state).toBe('completed');
  expect(counts.inserted).toBe(2);
  expect((await p.jobs.tables(job.job_id)).map((t) => t.state)).toEqual(Array(TABLES).fill('verified'));
});

test('a table under work says so, also where the machine names a part for the whole of it', async () => {
  await using pair = await createPair();
  for (const { client } of [pair.source, pair.target]) await client.query('create table t (id int primary key)');
  const p = ports();
  const at = { job_id: (await start(pair, {}, p)).job_id, epoch: 1 };
  await prepareJob(at, p);

  await planTable({ ...at, table: 0, pass: 'apply', part: { from: 0, to: 1 } }, p);

  expect((await p.jobs.tables(at.job_id)).map((t) => t.state)).toEqual(['running']);
});
