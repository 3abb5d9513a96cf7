import { expect, test } from 'vitest';
import { prepareJob } from '../../lib/orchestrator/prepare-job.ts';
import { createPair } from '../support/databases.ts';
import { runJob } from '../support/in-process.ts';

/** Found by seed 58696 of the nightly simulated schedules: such a job was taken over again and again, and never ended. */
test.each([
  ['completed', '1'],
  ['completed_with_issues', '-1'],
] as const)(
  'a job that the target has closed and the store does not know of is told as %s by the run that takes over',
  async (state, value) => {
    await using pair = await createPair();
    for (const { client } of [pair.source, pair.target])
      await client.query('create table parcels (id int primary key, value int)');
    await pair.target.client.query('alter table parcels add check (value > 0)');
    await pair.source.client.query(`insert into parcels values (1, 1), (2, ${value})`);
    const { job, ports } = await runJob(pair);
    expect(job.state).toBe(state);
    const rows = await pair.target.client.query('select xmin, * from parcels');
    // what the last step told the store was lost, and the sweeper has taken the job over
    await ports.secrets.put(job.job_id, { source: pair.source.connection, target: pair.target.connection });
    const epoch = job.epoch + 1;
    await ports.jobs.transition(
      job.job_id,
      { from: [state], epoch: job.epoch },
      { state: 'created', epoch, ended_at: undefined, audit_root: undefined, counts: undefined },
    );

    const plan = await prepareJob({ job_id: job.job_id, epoch }, ports);
    const again = await ports.jobs.get(job.job_id);

    expect(plan.next).toEqual({ levels: [], parts: [] });
    expect(again).toMatchObject({ state, epoch, counts: job.counts });
    expect(job.counts).toMatchObject({ read: 2 });
    expect(again?.audit_root).toMatchObject({ events: job.audit_root?.events, hash: job.audit_root?.hash });
    expect((await pair.target.client.query('select xmin, * from parcels')).rows).toEqual(rows.rows);
  },
);

test('of a job that writes to both sides the source is closed too, where its last run died before that', async () => {
  await using pair = await createPair();
  for (const { client } of [pair.source, pair.target])
    await client.query('create table parcels (id int primary key, value int); insert into parcels values (1, 1)');
  const { job, ports } = await runJob(pair, { direction: 'bidirectional' });
  expect(job.state).toBe('completed');
  await pair.source.client.query(`update tf_sync.job set ended = false, epoch = ${job.epoch};
    insert into tf_sync.lease (table_schema, table_name, job_id) values ('public', 'parcels', '${job.job_id}')`);
  await ports.secrets.put(job.job_id, { source: pair.source.connection, target: pair.target.connection });
  const epoch = job.epoch + 1;
  await ports.jobs.transition(
    job.job_id,
    { from: ['completed'], epoch: job.epoch },
    { state: 'created', epoch, ended_at: undefined, audit_root: undefined },
  );

  await prepareJob({ job_id: job.job_id, epoch }, ports);

  expect((await ports.jobs.get(job.job_id))?.state).toBe('completed');
  expect((await pair.source.client.query('select ended::text from tf_sync.job')).rows).toEqual([{ ended: 'true' }]);
  expect((await pair.source.client.query('select from tf_sync.lease')).rowCount).toBe(0);
});
