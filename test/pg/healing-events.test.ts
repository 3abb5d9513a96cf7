import { expect, test, vi } from 'vitest';
import { HEALING } from '../../lib/model/audit-event.ts';
import { SyncError } from '../../lib/model/errors.ts';
import { jobStatus } from '../../lib/orchestrator/status.ts';
import { createPair } from '../support/databases.ts';
import { onCommits, portsWith } from '../support/faults.ts';
import { runJob } from '../support/in-process.ts';
import { eventsOf } from '../support/trail.ts';

vi.setConfig({ testTimeout: 120_000 });

test('what healed is told with the chunk that went in: once each, how often and why, and in the status', async () => {
  await using pair = await createPair();
  for (const { client } of [pair.source, pair.target]) await client.query('create table t (id int primary key, x int)');
  await pair.target.client.query('alter table t add constraint small check (x < 1000)');
  await pair.source.client.query(
    'insert into t select i, case when i in (7, 77) then 5000 else i end from generate_series(1, 200) i',
  );
  let lost = 0;
  const locked = onCommits(async (n, commit) => {
    if (n === 2 || n === 3) {
      lost += 1;
      throw new SyncError('lock_timeout', 'somebody else has it', { facts: { sqlstate: '55P03' } });
    }
    await commit();
  });

  const { job, ports } = await runJob(pair, { batch_size: 100, triggers: 'fire' }, {}, portsWith({}, locked));

  const events = (await eventsOf(ports.audit, job.job_id)).filter((e) => e.type.startsWith(HEALING));
  const sum = (type: string) =>
    events.filter((e) => e.type === type && e.data.pass === 'apply').reduce((n, e) => n + Number(e.data.times), 0);
  expect(job.state).toBe('completed_with_issues');
  expect(lost).toBe(2);
  expect(sum('healing.chunk_retried')).toBe(2);
  expect(sum('healing.row_isolated')).toBe(2);
  expect(sum('healing.chunk_shrunk')).toBeGreaterThanOrEqual(6);
  expect(new Set(events.map((e) => e.stream)).size).toBe(events.length);
  const chunks = (await eventsOf(ports.audit, job.job_id)).filter((e) => e.type === 'chunk.applied').length;
  expect(events.length).toBeLessThanOrEqual(3 * (chunks + 1));

  const { healing } = await ports.audit.head(job.job_id);
  const view = jobStatus(job, { tables: [], progress: [], healing }, new Date());
  expect(view.healing?.length).toBeGreaterThan(0);
  expect(view.healing?.length).toBeLessThanOrEqual(20);
  const messages = view.healing?.map((h) => h.message) ?? [];
  expect(messages).toContain(
    'public.t, segment 0, pass apply: A chunk was rolled back by another transaction and tried again. Reason: lock_timeout, SQLSTATE 55P03. 2 times.',
  );
  expect(view.healing?.map((h) => h.at)).toEqual(
    view.healing
      ?.map((h) => h.at)
      .toSorted()
      .toReversed(),
  );
});
