import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import type { SegmentMessage } from '../../lib/model/message.ts';
import { giveUpSegment } from '../../lib/orchestrator/give-up-segment.ts';
import { prepareJob } from '../../lib/orchestrator/prepare-job.ts';
import { recordEnd } from '../../lib/orchestrator/record-failure.ts';
import { runSegment } from '../../lib/orchestrator/run-segment.ts';
import { settleJob } from '../../lib/orchestrator/settle-job.ts';
import { planTable, settleTable } from '../../lib/orchestrator/table-steps.ts';
import { createPair, type TestPair } from '../support/databases.ts';
import { ports, start } from '../support/in-process.ts';
import { eventsOf } from '../support/trail.ts';

/** A job that is prepared, the message of a segment of it, and the tasks that were failed. */
async function prepared(pair: TestPair, waited: boolean) {
  for (const { client } of [pair.source, pair.target])
    await client.query('create table a (id int primary key, x text)');
  await pair.source.client.query(`insert into a select i, 'v' from generate_series(1, 50) i`);
  const p = ports();
  const failed: string[] = [];
  const workflow = { ...p.workflow, beat: async () => waited, fail: async (token: string) => void failed.push(token) };
  const job = await start(pair, {}, p);
  await prepareJob({ job_id: job.job_id, epoch: 1 }, p);
  const at = { job_id: job.job_id, epoch: 1, table: 0, pass: 'apply', segment: 0 } as const;
  const message: SegmentMessage = { v: 1, ...at, task_token: 'token' };
  return { p: { ...p, workflow }, job, message, failed };
}
type Prepared = Awaited<ReturnType<typeof prepared>>;

async function finish({ p, job }: Prepared) {
  for (const pass of ['apply', 'verify'] as const) {
    const input = { job_id: job.job_id, epoch: 1, table: 0, pass };
    for (const segment of (await planTable(input, p)).segments)
      await runSegment(
        { v: 1, ...input, segment, task_token: 'other' },
        { ...p, owner: randomUUID(), remainingMs: () => 900_000, wait: async () => undefined },
      );
    await settleTable(input, p);
  }
  await settleJob({ job_id: job.job_id, epoch: 1 }, p);
  return p.jobs.get(job.job_id);
}

test('a dead letter whose token nobody waits for says nothing of the job', async () => {
  await using pair = await createPair();
  const set = await prepared(pair, false);

  // its fifth delivery had failed the task, the answer was lost, and the machine has sent the segment anew
  await giveUpSegment(set.message, set.p);

  expect((await set.p.jobs.get(set.job.job_id))?.failure).toBeUndefined();
  expect(set.failed).toEqual([]);
  expect(await finish(set)).toMatchObject({ state: 'completed' });
  expect((await eventsOf(set.p.audit, set.job.job_id)).map((e) => e.type)).not.toContain('healing.segment_given_up');
});

test('a dead letter that is waited for ends its task, and the job knows why', async () => {
  await using pair = await createPair();
  const { p, job, message, failed } = await prepared(pair, true);

  await giveUpSegment(message, p);

  expect((await p.jobs.get(job.job_id))?.failure).toMatchObject({ code: 'worker_lost' });
  expect(failed).toEqual(['token']);
});

test('a job that ends well keeps no failure of a step that was done again', async () => {
  await using pair = await createPair();
  const set = await prepared(pair, true);
  await recordEnd({ job_id: set.job.job_id, epoch: 1 }, new Error('once'), set.p);
  expect((await set.p.jobs.get(set.job.job_id))?.failure).toMatchObject({ code: 'internal' });

  const ended = await finish(set);

  expect(ended?.state).toBe('completed');
  expect(ended?.failure).toBeUndefined();
});
