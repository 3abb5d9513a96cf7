import { randomUUID } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import { onFailpoint } from '../../lib/failpoint.ts';
import { applyDecisions } from '../../lib/orchestrator/resolve-conflict.ts';
import { startResolution } from '../../lib/orchestrator/start-resolution.ts';
import { stepResolution } from '../../lib/orchestrator/step-resolution.ts';
import { memoryConflictStore, memoryResolutionStore } from '../contract/memory.ts';
import { compareDatabases, summary } from '../support/compare.ts';
import { createPair } from '../support/databases.ts';
import { KILLED, ports, runJob } from '../support/in-process.ts';
import { faultsOf, trailOf } from '../support/trail.ts';

afterEach(() => onFailpoint(undefined));

const CONFLICTS = 1_500;

/** Every row that is written in the target is written down. */
const COUNTER = `
  create table writes (id int);
  create function count_write() returns trigger language plpgsql as
    'begin insert into public.writes values (new.id); return null; end';
  create trigger count_write after insert or update on t for each row execute function count_write()`;

test('an order to decide many dies again and again over real databases: each row is written once, and both sides end equal', async () => {
  await using pair = await createPair();
  for (const { client } of [pair.source, pair.target]) {
    await client.query('create table t (id int primary key, x text, updated_at timestamptz)');
    await client.query(`insert into t select i, 'v', '2024-01-01' from generate_series(1, 2000) i`);
  }
  const conflicts = memoryConflictStore();
  const p = { ...ports(), conflicts, resolutions: memoryResolutionStore() };
  const config = { conflict_strategy: 'manual' };
  await runJob(pair, config, {}, p);
  for (const side of ['source', 'target'] as const)
    await pair[side].client.query(
      `update t set x = '${side} ' || id, updated_at = '${side === 'source' ? 2026 : 2025}-01-01' where id <= ${CONFLICTS}`,
    );
  const { job } = await runJob(pair, config, {}, p);
  await pair.target.client.query(COUNTER);
  expect(await conflicts.count({ job_id: job.job_id, state: 'open' })).toBe(CONFLICTS);

  const queue = { send: async () => undefined };
  const { resolution_id } = await startResolution(
    {
      resolutionId: randomUUID(),
      jobId: job.job_id,
      filter: {},
      decision: { strategy: 'newer_wins' }, // the source's
      expectedCount: CONFLICTS,
      actor: 'ada',
    },
    { ...p, queue },
  );
  let decided = 0;
  onFailpoint((name) => {
    decided += Number(name === 'resolution.decided');
    if (name === 'resolution.decided' && decided % 3 === 1) throw new Error(KILLED);
    return undefined;
  });
  let deaths = 0;
  for (let again = true; again; ) {
    const step = stepResolution(resolution_id, {
      ...p,
      decide: applyDecisions,
      stepId: randomUUID(),
      remainingMs: () => 30_000,
    });
    again = await step.then(
      (outcome) => outcome.again,
      (error: Error) => {
        if (error.message !== KILLED) throw error;
        deaths += 1;
        return true;
      },
    );
  }

  expect(deaths).toBeGreaterThan(2);
  expect(await p.resolutions.get(resolution_id)).toMatchObject({
    state: 'completed',
    counts: { applied: CONFLICTS, stale: 0, already_resolved: 0, failed: 0 },
  });
  const { rows } = await pair.target.client.query(
    'select count(*)::text as n, count(distinct id)::text as ids from writes',
  );
  expect(rows).toEqual([{ n: String(CONFLICTS), ids: String(CONFLICTS) }]);
  const trail = await trailOf(p.audit, job.job_id);
  const roots = await p.audit.roots(job.job_id);
  const sealed = (await p.jobs.get(job.job_id))?.audit_root;
  expect(trail.filter((e) => e.type === 'conflict.resolved')).toHaveLength(CONFLICTS);
  expect(sealed).toEqual(roots.at(-1));
  expect(sealed?.events).toBe(trail.length);
  expect(roots.slice(1).map((r) => r.previous?.events)).toEqual(roots.slice(0, -1).map((r) => r.events));
  expect(await faultsOf(p.audit, job.job_id)).toEqual([]);
  // whoever cuts off decisions behind the first root, and turns the head back to it
  const [first] = roots;
  const cut = {
    ...p.audit,
    head: async () => ({ events: 0, hash: '', healing: [], ...first }),
    blocks: async () => kept,
  };
  const { blocks } = await p.audit.blocks(job.job_id, 0, 1_000);
  const kept = { blocks: blocks.filter((b) => b.first <= (first?.events ?? 0)), more: false };
  expect((await faultsOf(cut, job.job_id)).map((f) => f.code)).toContain('tail_missing');

  await pair.target.client.query('drop table writes cascade');
  expect(summary(await compareDatabases(pair.source.client, pair.target.client))).toEqual({});
});
