import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import type { SegmentMessage } from '../../lib/model/message.ts';
import { prepareJob } from '../../lib/orchestrator/prepare-job.ts';
import { runSegment } from '../../lib/orchestrator/run-segment.ts';
import { settleJob } from '../../lib/orchestrator/settle-job.ts';
import { planTable, settleTable } from '../../lib/orchestrator/table-steps.ts';
import type { Databases, TargetDatabase } from '../../lib/ports.ts';
import { postgresDatabases } from '../../lib/postgres/databases.ts';
import { compareDatabases, summary } from '../support/compare.ts';
import { createPair, type TestPair } from '../support/databases.ts';
import { type Ports, ports, start } from '../support/in-process.ts';
import { ON_ONE_MACHINE } from '../support/rules.ts';
import { eventsOf } from '../support/trail.ts';

const TABLE = `create table t (id int primary key, x text)`;
/** Counts every row the service writes: a row applied twice shows. */
const COUNTER = `create table writes (id int, how text); create function count_write() returns trigger language plpgsql as
  'begin insert into public.writes values (coalesce(new.id, old.id), tg_op); return null; end';
  create trigger count_write after insert or update or delete on t for each row execute function count_write()`;

async function prepared(pair: TestPair, p: Ports, config: Parameters<typeof start>[1] = {}) {
  for (const db of [pair.source, pair.target]) await db.client.query(TABLE);
  await pair.source.client.query(`insert into t select i, 'v' || i from generate_series(1, 1000) i`);
  await pair.target.client.query(`insert into t select i, 'old' from generate_series(1, 1000, 3) i`);
  await pair.target.client.query(COUNTER);
  const job = await start(pair, { batch_size: 50, ...config }, p);
  await prepareJob({ job_id: job.job_id, epoch: 1 }, p);
  const message: SegmentMessage = {
    v: 1,
    job_id: job.job_id,
    epoch: 1,
    table: 0,
    pass: 'apply',
    segment: 0,
    task_token: 'none',
  };
  return { job, message };
}

const run = (p: Ports) => ({ ...p, owner: randomUUID(), remainingMs: () => 900_000, wait: async () => undefined });

/** Databases whose commits are counted; `onCommit` may break one, before or after it happened. */
function watched(onCommit: (n: number, commit: () => Promise<void>) => Promise<void>): Databases {
  const real = postgresDatabases({ rules: ON_ONE_MACHINE, version: 'test' });
  let n = 0;
  return {
    source: real.source,
    planSegments: real.planSegments,
    async target(connection, as) {
      const target: TargetDatabase = await real.target(connection, as);
      const commit = target.commit;
      target.commit = (chunk) => onCommit(++n, () => commit(chunk));
      return target;
    },
  };
}

async function finish(job: { job_id: string }, p: Ports, epoch = 1) {
  for (const pass of ['apply', 'verify'] as const) {
    const input = { job_id: job.job_id, epoch, table: 0, pass };
    for (const segment of (await planTable(input, p)).segments)
      await runSegment({ v: 1, ...input, segment, task_token: 'none' }, run(p));
    await settleTable(input, p);
  }
  await settleJob({ job_id: job.job_id, epoch }, p);
  return p.jobs.get(job.job_id);
}

/** Every row that needed a write was written once, and the two databases are equal. */
async function expectOnce(pair: TestPair) {
  const { rows } = await pair.target.client.query(
    'select how, count(*), count(distinct id) as ids from writes group by how order by how',
  );
  expect(rows).toEqual([
    { how: 'INSERT', count: '666', ids: '666' },
    { how: 'UPDATE', count: '334', ids: '334' },
  ]);
  await pair.target.client.query('drop table writes cascade');
  expect(summary(await compareDatabases(pair.source.client, pair.target.client))).toEqual({});
}

// the source has no table `writes`; the tests' own counter must not count as a difference of the schemas
const config = { triggers: 'fire' } as const;

test.each([1, 2, 7, 20])(
  'a worker that dies before commit %i leaves no trace, and the next one goes on',
  async (at) => {
    await using pair = await createPair();
    const p = ports();
    const { job, message } = await prepared(pair, p, config);
    const dying = {
      ...p,
      databases: watched(async (n, commit) => (n === at ? Promise.reject(new Error('killed')) : commit())),
    };

    await expect(runSegment(message, run(dying))).rejects.toThrow('killed');
    const ended = await finish(job, p);

    expect(ended?.failure).toBeUndefined();
    expect(ended?.state).toBe('completed');
    const [row] = (await pair.target.client.query(`select counts from tf_sync.checkpoint where pass = 'apply'`)).rows;
    expect(JSON.parse(row.counts)).toMatchObject({ read: 1000, inserted: 666, updated: 334, unchanged: 0 });
    await expectOnce(pair);
  },
);

test.each([1, 5, 20])('a worker that dies after commit %i, before anybody knows, does not repeat it', async (at) => {
  await using pair = await createPair();
  const p = ports();
  const { job, message } = await prepared(pair, p, config);
  const dying = {
    ...p,
    databases: watched(async (n, commit) => {
      await commit();
      if (n === at) throw new Error('killed');
    }),
  };

  await expect(runSegment(message, run(dying))).rejects.toThrow('killed');
  const ended = await finish(job, p);

  expect(ended?.state).toBe('completed');
  await expectOnce(pair);
});

test('the same message delivered four times at once has one effect', async () => {
  await using pair = await createPair();
  const p = ports();
  const { job, message } = await prepared(pair, p, config);

  const outcomes = await Promise.all(Array.from({ length: 4 }, () => runSegment(message, run(p))));
  const ended = await finish(job, p);

  expect(outcomes).toContain('finished');
  expect(ended?.state).toBe('completed');
  await expectOnce(pair);
});

test('a finished segment that is delivered again answers at once and writes nothing', async () => {
  await using pair = await createPair();
  const p = ports();
  const { message } = await prepared(pair, p, config);
  await runSegment(message, run(p));
  const commits: number[] = [];

  const again = await runSegment(message, run({ ...p, databases: watched(async (n) => void commits.push(n)) }));

  expect(again).toBe('finished');
  expect(commits).toEqual([]);
});

test('a worker of an older epoch cannot commit, not even its first chunk', async () => {
  await using pair = await createPair();
  const p = ports();
  const { job, message } = await prepared(pair, p, config);
  const raised = {
    ...p,
    databases: watched(async (n, commit) => {
      if (n === 3) {
        await p.jobs.transition(
          job.job_id,
          { from: ['running'], epoch: 1 },
          { epoch: 2, state: 'created', takeovers: 1 },
        );
        await prepareJob({ job_id: job.job_id, epoch: 2 }, p);
      }
      await commit();
    }),
  };

  const zombie = await runSegment(message, run(raised));
  const writes = (await pair.target.client.query('select count(*) from writes')).rows[0].count;
  const late = await runSegment(message, run(p));
  const ended = await finish(job, p, 2);

  expect([zombie, late]).toEqual(['dropped', 'dropped']);
  expect(writes).toBe('100');
  expect(ended?.state).toBe('completed');
  await expectOnce(pair);
});

test('hands over near the deadline, and the next invocation goes on from the checkpoint', async () => {
  await using pair = await createPair();
  const p = ports();
  const { job, message } = await prepared(pair, p, config);
  let left = 8;

  const outcome = await runSegment(message, { ...run(p), remainingMs: () => (left-- > 0 ? 900_000 : 0) });
  const ended = await finish(job, p);

  expect(outcome).toBe('continue');
  expect(ended?.state).toBe('completed');
  await expectOnce(pair);
});

test('events reach the audit log once each, without gaps, whatever was repeated', async () => {
  await using pair = await createPair();
  const p = ports();
  const { job, message } = await prepared(pair, p, config);
  await runSegment(message, run(p));
  await finish(job, p);

  const events = await eventsOf(p.audit, job.job_id);
  const streams = Map.groupBy(events, (e) => e.stream);

  expect([...streams.keys()].sort()).toEqual(['job', 't0/apply/0', 't0/verify/0']);
  for (const list of streams.values()) expect(list.map((e) => e.seq)).toEqual(list.map((_, i) => i + 1));
  expect(events.filter((e) => e.type === 'job.completed')).toHaveLength(1);
  expect((await pair.target.client.query('select count(*) from tf_sync.outbox')).rows[0].count).toBe('0');
  expect((await pair.target.client.query('select count(*) from tf_sync.lease')).rows[0].count).toBe('0');
});
