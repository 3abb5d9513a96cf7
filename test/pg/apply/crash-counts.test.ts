import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { PASSES } from '../../../lib/model/job.ts';
import { prepareJob } from '../../../lib/orchestrator/prepare-job.ts';
import { runSegment } from '../../../lib/orchestrator/run-segment.ts';
import { settleJob } from '../../../lib/orchestrator/settle-job.ts';
import { planPass, planTable, settleTable, sumCounts } from '../../../lib/orchestrator/table-steps.ts';
import type { Databases } from '../../../lib/ports.ts';
import { postgresDatabases } from '../../../lib/postgres/databases.ts';
import { compareDatabases, summary } from '../../support/compare.ts';
import { createPair, type TestPair } from '../../support/databases.ts';
import { ports, start } from '../../support/in-process.ts';
import { ON_ONE_MACHINE } from '../../support/rules.ts';

const RING = `create table a (id int primary key, b int); create table b (id int primary key, a int not null references a);
  alter table a add foreign key (b) references b`;

/** Databases whose worker dies at target commit number `at`, before or after it happened. */
function dyingAt(at: number, when: 'before' | 'after', died: { yes: boolean }): Databases {
  const real = postgresDatabases({ rules: ON_ONE_MACHINE, version: 'test' });
  let n = 0;
  return {
    ...real,
    async target(connection, as) {
      const target = await real.target(connection, as);
      const { commit } = target;
      target.commit = async (chunk) => {
        n += 1;
        if (n !== at) return commit(chunk);
        died.yes = true;
        if (when === 'after') await commit(chunk);
        throw new Error('killed');
      };
      return target;
    },
  };
}

/** A whole job in which each message is delivered until it is answered. */
async function runDelivered(pair: TestPair, databases: Databases) {
  const p = { ...ports(), databases };
  const job = await start(pair, { batch_size: 8 }, p);
  const input = { job_id: job.job_id, epoch: 1 };
  const plan = await prepareJob(input, p);
  for (const pass of PASSES) {
    const levels = pass === 'apply' ? plan.next.levels : (await planPass({ ...input, pass }, p)).levels;
    for (const table of levels.flat()) {
      for (const segment of (await planTable({ ...input, table, pass }, p)).segments) {
        const message = { v: 1 as const, ...input, table, pass, segment, task_token: 'none' };
        const deliver = () =>
          runSegment(message, { ...p, owner: randomUUID(), remainingMs: () => 900_000, wait: async () => undefined });
        await deliver().catch((e: Error) => {
          if (e.message !== 'killed') throw e;
          return deliver();
        });
      }
      await settleTable({ ...input, table, pass }, p);
    }
  }
  await settleJob(input, p);
  const target = await databases.target(pair.target.connection, { name: 'counts', statementTimeoutMs: 0 });
  const counts = sumCounts(await target.loadProgress(job.job_id));
  await target.close();
  return { job: await p.jobs.get(job.job_id), counts };
}

/** In the parts written without references, between them and the rest, and in the pass that completes them. */
const POINTS = [2, 4, 5, 13];

test.each(['before', 'after'] as const)(
  'rows written in part are counted once, though the worker dies %s a commit',
  {
    timeout: 120_000,
  },
  async (when) => {
    await using pair = await createPair();
    for (const at of POINTS) {
      for (const db of [pair.source, pair.target])
        await db.client.query(
          `drop schema if exists tf_sync cascade; drop table if exists a, b cascade; ${RING};
         insert into a select i, null from generate_series(1, 12) i; insert into b select i, i from generate_series(1, 12) i; update a set b = id`,
        );
      await pair.source.client.query(
        `insert into a select i, null from generate_series(13, 30) i; insert into b select i, i from generate_series(13, 30) i;
       update a set b = 31 - id where id > 6`,
      );
      const died = { yes: false };

      const { job, counts } = await runDelivered(pair, dyingAt(at, when, died));

      expect([at, died.yes, job?.state]).toEqual([at, true, 'completed']);
      const { read, inserted, updated, unchanged } = counts;
      expect([at, read, inserted, updated, unchanged]).toEqual([at, 60, 36, 6, 18]);
      expect(summary(await compareDatabases(pair.source.client, pair.target.client))).toEqual({});
    }
  },
);
