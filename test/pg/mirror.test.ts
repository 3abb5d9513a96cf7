import { expect, test } from 'vitest';
import { SyncError } from '../../lib/model/errors.ts';
import { addCounts, NO_COUNTS } from '../../lib/model/job.ts';
import { createPair } from '../support/databases.ts';
import { ports, runJob } from '../support/in-process.ts';

test('progress that no worker could tell of is told when the job ends, so that its counts are those of the target', async () => {
  await using pair = await createPair();
  for (const { client } of [pair.source, pair.target])
    await client.query('create table t (id int primary key, x text)');
  await pair.source.client.query(`insert into t select i, 'v' from generate_series(1, 300) i`);
  await pair.target.client.query(`insert into t select i, 'old' from generate_series(200, 310) i`);
  const p = ports();
  const { putProgress } = p.jobs;
  let away = true;
  let repaired = 0;
  p.jobs.putProgress = async (progress) => {
    if (away) throw new SyncError('unavailable', 'throttled');
    repaired += 1;
    await putProgress(progress);
  };
  const { progress } = p.jobs;
  p.jobs.progress = (jobId) => {
    away = false; // the job is being settled
    return progress(jobId);
  };

  const { job, counts } = await runJob(pair, { delete_mode: 'mirror', batch_size: 50 }, {}, p);

  expect(job.state).toBe('completed');
  expect(counts).toMatchObject({ inserted: 199, updated: 101, deleted: 10, kept: 0 });
  const told = (await progress(job.job_id)).map((s) => s.counts);
  expect(told.reduce(addCounts, NO_COUNTS)).toEqual(counts);
  expect(repaired).toBe(3); // apply, delete, verify of one segment
});
