import { expect, test } from 'vitest';
import { createPair } from '../support/databases.ts';
import { ports, runJob } from '../support/in-process.ts';

test('probe', async () => {
  await using pair = await createPair();
  for (const db of [pair.source, pair.target])
    await db.client.query('create table t (id int primary key, x text, updated_at timestamptz default now())');
  await pair.source.client.query(`insert into t select i, 'v' || i from generate_series(1, 100) i`);
  const config = { detection_strategy: 'timestamp', timestamp_overlap_seconds: 0 } as const;
  const p = ports();
  const a = await runJob(pair, config, {}, p);
  expect(a.job.failure).toBeUndefined();
  await pair.source.client.query(`update t set x = 'n', updated_at = now() where id < 5`);
  const b = await runJob(pair, config, {}, p, 'incremental');
  expect(b.job.failure).toBeUndefined();
  console.log(
    b.counts,
    await p.jobs.tables(b.job.job_id),
    (await pair.target.client.query('select * from tf_sync.watermark')).rows,
  );
  const c = await runJob(pair, { ...config, key_sweep: true }, {}, p, 'incremental');
  console.log(c.counts, c.job.failure);
});
