import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TestDatabase, TestPair } from '../support/databases.ts';
import { CHUNKED, countedPair, expectAppliedOnce, MIDDLE, progress } from './counted.ts';
import {
  auditEvents,
  type E2eService,
  hold,
  ownerOfPort,
  sessionsOf,
  startService,
  until,
  untilWaiting,
} from './support.ts';

// Five jobs at once, each with its own databases; each loses its worker at another moment. A lock of the test makes the
// worker stand still at that moment, and the server's own view of its sessions tells that it is there.

let service: E2eService;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service[Symbol.asyncDispose]());

/** Leads a job's worker to its moment. Locks go to `holds`; they are released after the kill. Returns a port of the worker. */
type Moment = (pair: TestPair, jobId: string, holds: AsyncDisposableStack) => Promise<number>;

const prepared = (pair: TestPair) => until('the job to be prepared', () => progress(pair));
const LOCK_TABLE = 'lock table t in access exclusive mode';

const moments: readonly { readonly name: string; readonly at: Moment }[] = [
  {
    name: 'while it compares',
    async at(pair, jobId, holds) {
      await prepared(pair);
      holds.use(await hold(pair.target, LOCK_TABLE));
      const { port } = await untilWaiting(pair.target, jobId, /bit_xor/);
      expect(await progress(pair)).toEqual({ seq: 0, finished: false });
      return port;
    },
  },
  {
    name: 'between two chunks',
    async at(pair, jobId, holds) {
      const middle = holds.use(await hold(pair.target, MIDDLE.update.sql));
      await untilWaiting(pair.target, jobId, MIDDLE.update.hangs);
      holds.use(await hold(pair.source, LOCK_TABLE));
      await middle.release(); // that chunk commits; the next one's rows cannot be read
      const { port } = await untilWaiting(pair.source, jobId, /from "public"."t"|join "public"."t"/);
      const [inTarget] = await sessionsOf(pair.target.client, pair.target.name, jobId);
      expect(inTarget).toMatchObject({ state: 'idle', port: expect.any(Number) });
      return port;
    },
  },
  {
    name: 'inside the transaction of a chunk',
    async at(pair, jobId, holds) {
      holds.use(await hold(pair.target, MIDDLE.insert.sql)); // after the chunk's updates, which must not stay
      const { port } = await untilWaiting(pair.target, jobId, MIDDLE.insert.hangs);
      const { seq = 0, finished } = (await progress(pair)) ?? {};
      expect([seq > 5, finished]).toEqual([true, false]);
      return port;
    },
  },
  {
    name: 'after its last commit, before it answers',
    async at(pair, jobId, holds) {
      await prepared(pair);
      holds.use(await hold(pair.target, 'select from tf_sync.outbox for update'));
      const { port } = await untilWaiting(pair.target, jobId, /delete from tf_sync\.outbox/);
      expect(await progress(pair)).toMatchObject({ finished: true });
      return port;
    },
  },
  {
    name: 'in the final comparison',
    async at(pair, jobId, holds) {
      await prepared(pair);
      const verify = `select from tf_sync.checkpoint where pass = 'verify' for update`;
      const claim = holds.use(await hold(pair.target, verify));
      await untilWaiting(pair.target, jobId, /update tf_sync\.checkpoint/);
      holds.use(await hold(pair.target, LOCK_TABLE));
      await claim.release();
      const { port } = await untilWaiting(pair.target, jobId, /bit_xor/);
      return port;
    },
  },
];

let killed = 0;

/** Kills the worker process that has the connection, and returns when it is dead. */
async function killWorker(port: number): Promise<void> {
  const workers = (await service.processes()).filter((one) => one.busy && /SyncSegment/.test(one.function));
  const pid = ownerOfPort(
    port,
    workers.map((one) => one.pid),
  );
  process.kill(pid, 'SIGKILL');
  killed += 1;
  await until('the worker to be dead', async () => !(await service.processes()).some((one) => one.pid === pid));
}

const chunksOf = async (database: TestDatabase) =>
  Number((await database.client.query(`select seq from tf_sync.checkpoint where pass = 'apply'`)).rows[0].seq);

describe.concurrent('a job whose worker is killed', () => {
  test.for(moments)('$name ends by itself, with every row applied once', async ({ at }, { expect }) => {
    await using pair = await countedPair();
    await using holds = new AsyncDisposableStack();
    const jobId = await service.startFull(pair, CHUNKED);

    await killWorker(await at(pair, jobId, holds));
    const killedAt = Date.now();
    await holds.disposeAsync();
    const ended = await service.waitForEnd(jobId);

    expect(ended.failure).toBeUndefined();
    expect(ended).toMatchObject({ state: 'completed', epoch: 1 });
    expect(ended.counts).toMatchObject({ read: 2000, inserted: 1333, updated: 667, unchanged: 0 });
    expect(Date.now() - killedAt).toBeLessThan(90_000); // 45 s for the message to come back, the rest for the work of a busy machine
    expect(await chunksOf(pair.target)).toBeGreaterThan(15);
    await expectAppliedOnce(pair);
    const finished = (await auditEvents(service, jobId))
      .filter((e) => e.type === 'segment.finished')
      .map((e) => e.stream);
    expect(finished.sort()).toEqual(['t0/apply/0', 't0/verify/0']);
  });
});

test('each kill cost one worker and one more delivery, and no segment was answered twice', async () => {
  const { functions, queues, states } = await service.counters();

  const worker = Object.entries(functions).find(([name]) => /SyncSegment/.test(name))?.[1];
  const [queue] = Object.values(queues);
  expect(worker?.crashes).toBe(killed);
  expect(queue?.failed).toBeGreaterThanOrEqual(killed);
  expect(queue?.received).toBe(states.tokens + Number(queue?.failed));
  expect(states).toMatchObject({ succeeded: states.tokens, failed: 0 });
});
