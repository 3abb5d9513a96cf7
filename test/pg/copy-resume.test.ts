import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { prepareJob } from '../../lib/orchestrator/prepare-job.ts';
import { runSegment } from '../../lib/orchestrator/run-segment.ts';
import { settleJob } from '../../lib/orchestrator/settle-job.ts';
import { planPass, planTable, settleTable } from '../../lib/orchestrator/table-steps.ts';
import type { Databases } from '../../lib/ports.ts';
import { postgresDatabases } from '../../lib/postgres/databases.ts';
import { compareDatabases, summary } from '../support/compare.ts';
import { createPair, type TestPair } from '../support/databases.ts';
import { type Ports, ports, start } from '../support/in-process.ts';
import { ON_ONE_MACHINE } from '../support/rules.ts';

const ROWS = 900;

/** Four copy chunks and no more than one row by row: the statistics claim a million rows. */
async function prepared(pair: TestPair, p: Ports, type: string) {
  for (const db of [pair.source, pair.target]) await db.client.query(`create table t (id ${type} primary key, x text)`);
  await pair.source.client.query(
    `insert into t select i, 'v' || i from generate_series(1, ${ROWS}) i; analyze t; update pg_class set reltuples = 450000 where relname = 't'`,
  );
  const job = await start(pair, {}, p);
  await prepareJob({ job_id: job.job_id, epoch: 1 }, p);
  return job;
}

type Kind = 'commit' | 'copy';

/** Counts target commits by kind; `around` may break one, before or after it happened. */
function watched(done: Kind[], around: (go: () => Promise<void>, kind: Kind) => Promise<void>): Databases {
  const real = postgresDatabases({ rules: ON_ONE_MACHINE, version: 'test' });
  return {
    ...real,
    async target(connection, as) {
      const target = await real.target(connection, as);
      const { commit, copy } = target;
      const tell = (kind: Kind, go: () => Promise<void>) =>
        around(async () => {
          await go();
          done.push(kind);
        }, kind);
      target.commit = (chunk) => tell('commit', () => commit(chunk));
      target.copy = (chunk, source) => tell('copy', () => copy(chunk, source));
      return target;
    },
  };
}

const run = (p: Ports) => ({ ...p, owner: randomUUID(), remainingMs: () => 900_000, wait: async () => undefined });
const message = (job: { job_id: string }) => ({
  v: 1 as const,
  job_id: job.job_id,
  epoch: 1,
  table: 0,
  pass: 'apply' as const,
  segment: 0,
  task_token: 'none',
});

async function finish(job: { job_id: string }, p: Ports) {
  for (const pass of ['delete', 'revisit', 'verify'] as const) {
    const input = { job_id: job.job_id, epoch: 1, table: 0, pass };
    await planPass(input, p);
    for (const segment of (await planTable(input, p)).segments)
      await runSegment({ v: 1, ...input, segment, task_token: 'none' }, run(p));
    await settleTable(input, p);
  }
  await settleJob({ job_id: job.job_id, epoch: 1 }, p);
  return p.jobs.get(job.job_id);
}

const counts = async (pair: TestPair) =>
  JSON.parse(
    (await pair.target.client.query(`select counts from tf_sync.checkpoint where pass = 'apply'`)).rows[0].counts,
  );

for (const type of ['int', 'text'])
  test.each(['before', 'after'] as const)(
    `a copy whose worker died %s any chunk goes on as copy, exactly once: ${type} keys`,
    { timeout: 60_000 },
    async (when) => {
      for (let at = 1, died = true; died; at++) {
        await using pair = await createPair();
        const p = ports();
        const job = await prepared(pair, p, type);
        const done: Kind[] = [];
        died = false;
        const dying = watched(done, async (go, kind) => {
          if (kind !== 'copy' || done.length !== at - 1) return go();
          died = true;
          if (when === 'after') await go();
          throw new Error('killed');
        });

        const first = runSegment(message(job), run({ ...p, databases: dying }));
        if (at <= 2) await expect(first).rejects.toThrow('killed');
        else await first.catch((e: Error) => expect(e.message).toBe('killed'));
        if (died) await runSegment(message(job), run({ ...p, databases: watched(done, (go) => go()) }));
        const ended = await finish(job, p);

        expect(done.filter((k) => k === 'copy').length).toBeGreaterThanOrEqual(2);
        expect(done.slice(0, -1)).toEqual(done.slice(0, -1).map(() => 'copy'));
        expect(ended?.state).toBe('completed');
        expect(await counts(pair)).toMatchObject({ read: ROWS, inserted: ROWS, unchanged: 0, updated: 0 });
        expect(summary(await compareDatabases(pair.source.client, pair.target.client))).toEqual({});
      }
    },
  );

test('a row that came behind the cursor meanwhile is met row by row', async () => {
  await using pair = await createPair();
  const p = ports();
  const job = await prepared(pair, p, 'int');
  const done: Kind[] = [];
  const dying = watched(done, async (go) => {
    await go();
    throw new Error('killed');
  });

  await expect(runSegment(message(job), run({ ...p, databases: dying }))).rejects.toThrow('killed');
  await pair.target.client.query(`insert into t values (${ROWS}, 'mine')`);
  await runSegment(message(job), run({ ...p, databases: watched(done, (go) => go()) }));
  const ended = await finish(job, p);

  expect(done.filter((k) => k === 'copy')).toHaveLength(1);
  expect(ended?.state).toBe('completed');
  expect(await counts(pair)).toMatchObject({ read: ROWS, inserted: ROWS - 1, updated: 1 });
  expect(summary(await compareDatabases(pair.source.client, pair.target.client))).toEqual({});
});
