import { expect } from 'vitest';
import type { JobConfig } from '../../lib/model/config.ts';
import { compareDatabases, summary } from '../support/compare.ts';
import { createPair, type TestPair } from '../support/databases.ts';

const TABLE = 'create table t (id int primary key, x text)';

/** Writes down every row that anybody but a test's own session changes: a row applied twice shows. */
const COUNTER = `
  create table writes (id int, how text);
  create function count_write() returns trigger language plpgsql as
    'begin insert into public.writes values (coalesce(new.id, old.id), tg_op); return null; end';
  create trigger count_write after insert or update or delete on t for each row execute function count_write()`;

const ROWS = 2000;

/** Small chunks, so that a job of few rows commits some twenty times. */
export const CHUNKED: Partial<JobConfig> = { batch_size: 100 };

/** Some ten chunks come before the ones of these rows: an update of the first hangs, and an insert of the second. */
export const MIDDLE = {
  update: { sql: 'select from t where id = 1000 for update', hangs: /update "public"."t"/ },
  insert: { sql: `insert into t values (1001, 'the test has it')`, hangs: /insert into "public"."t"/ },
} as const;

/** 2,000 rows of which the target has every third with another value; the target counts what is written to it. */
export async function countedPair(): Promise<TestPair> {
  const pair = await createPair();
  for (const { client } of [pair.source, pair.target]) await client.query(TABLE);
  await pair.source.client.query(`insert into t select i, 'v' || i from generate_series(1, ${ROWS}) i`);
  await pair.target.client.query(`insert into t select i, 'old' from generate_series(1, ${ROWS}, 3) i`);
  await pair.target.client.query(COUNTER);
  return pair;
}

/** Every row that needed a write was written once and once only, and the two databases are equal. */
export async function expectAppliedOnce(pair: TestPair): Promise<void> {
  const { rows } = await pair.target.client.query(
    'select how, count(*), count(distinct id) as ids from writes group by how order by how',
  );
  expect(rows).toEqual([
    { how: 'INSERT', count: '1333', ids: '1333' },
    { how: 'UPDATE', count: '667', ids: '667' },
  ]);
  await pair.target.client.query('drop table writes cascade'); // the source has none
  expect(summary(await compareDatabases(pair.source.client, pair.target.client))).toEqual({});
}

/** Chunks that the apply pass of the job's only segment has committed; undefined before Prepare is done. */
export async function progress(
  pair: TestPair,
): Promise<{ readonly seq: number; readonly finished: boolean } | undefined> {
  const { client } = pair.target;
  const known = await client.query(`select to_regclass('tf_sync.checkpoint') is not null as there`);
  if (known.rows[0].there !== 't') return undefined;
  const { rows } = await client.query(`select seq, finished from tf_sync.checkpoint where pass = 'apply'`);
  return rows[0] && { seq: Number(rows[0].seq), finished: rows[0].finished === 't' };
}
