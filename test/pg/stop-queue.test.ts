import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { onFailpoint } from '../../lib/failpoint.ts';
import type { SegmentMessage } from '../../lib/model/message.ts';
import { prepareJob } from '../../lib/orchestrator/prepare-job.ts';
import { runSegment } from '../../lib/orchestrator/run-segment.ts';
import { stopJob } from '../../lib/orchestrator/stop-job.ts';
import { createPair, type TestPair } from '../support/databases.ts';
import { untilRow } from '../support/faults.ts';
import { ports, start } from '../support/in-process.ts';

/** Sessions that wait for the lock which all chunks of a job share and a move of its epoch takes alone. */
const queued =
  ({ target }: TestPair, mode: 'ShareLock' | 'ExclusiveLock') =>
  () =>
    target.client.query(
      `select from pg_locks l join pg_database d on d.oid = l.database
     where d.datname = $1 and l.locktype = 'advisory' and l.mode = $2 and not l.granted`,
      [target.name, mode],
    );

test('a stop that waits for a chunk is not overtaken by chunks that begin after it', async () => {
  await using pair = await createPair();
  for (const { client } of [pair.source, pair.target])
    await client.query('create table a (id int primary key, x text); create table b (id int primary key, x text)');
  await pair.source.client.query(`insert into a select i, 'v' from generate_series(1, 50) i; insert into b table a`);
  await pair.target.client.query(`insert into a values (1, 'old'); insert into b values (1, 'old')`); // no bulk copy
  const p = ports();
  const job = await start(pair, {}, p);
  await prepareJob({ job_id: job.job_id, epoch: 1 }, p);
  const message = (table: number): SegmentMessage => ({
    ...{ v: 1, job_id: job.job_id, epoch: 1, pass: 'apply', segment: 0, task_token: 'none' },
    table,
  });
  const work = (table: number) =>
    runSegment(message(table), { ...p, owner: randomUUID(), remainingMs: () => 900_000, wait: async () => undefined });
  const inChunk = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  let chunks = 0;
  onFailpoint((name) => {
    if (name !== 'rows.all' || ++chunks > 1) return undefined;
    inChunk.resolve();
    return release.promise;
  });

  try {
    const first = work(0).catch(() => undefined); // its session is ended where this takes longer than a second
    await inChunk.promise;
    const stop = stopJob({ jobId: job.job_id, actor: 'ada' }, p);
    await untilRow(queued(pair, 'ExclusiveLock'), 'the stop to wait');
    const second = work(1);
    await Promise.race([untilRow(queued(pair, 'ShareLock'), 'the second chunk to wait'), second]);
    release.resolve();
    await first;

    expect((await stop).state).toBe('stopped');
    expect(await second).toBe('dropped');
    expect((await pair.target.client.query('select x from b')).rows).toEqual([{ x: 'old' }]);
  } finally {
    release.resolve();
    onFailpoint(undefined);
  }
});
