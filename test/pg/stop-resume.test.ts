import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { SERVICE } from '../../lib/audit/job-event.ts';
import { SyncError } from '../../lib/model/errors.ts';
import type { Job } from '../../lib/model/job.ts';
import type { SegmentMessage } from '../../lib/model/message.ts';
import { prepareJob } from '../../lib/orchestrator/prepare-job.ts';
import { resumeJob } from '../../lib/orchestrator/resume-job.ts';
import { runSegment } from '../../lib/orchestrator/run-segment.ts';
import { settleJob } from '../../lib/orchestrator/settle-job.ts';
import { finishStop, stopJob } from '../../lib/orchestrator/stop-job.ts';
import { sweep } from '../../lib/orchestrator/sweep.ts';
import { postgresDatabases } from '../../lib/postgres/databases.ts';
import { compareDatabases, summary } from '../support/compare.ts';
import { createPair, type TestPair } from '../support/databases.ts';
import { run as goOn, type Ports, ports, start } from '../support/in-process.ts';
import { ON_ONE_MACHINE } from '../support/rules.ts';
import { eventsOf } from '../support/trail.ts';

const ACTOR = 'operator';

async function setUp(pair: TestPair, rows = 1000) {
  for (const db of [pair.source, pair.target]) await db.client.query('create table t (id int primary key, x text)');
  await pair.source.client.query(`insert into t select i, 'v' || i from generate_series(1, $1::int) i`, [rows]);
  await pair.target.client.query(`insert into t select i, 'old' from generate_series(1, $1::int, 3) i`, [rows]);
  await pair.target.client.query(`
    create table writes (id int, at timestamptz default clock_timestamp());
    create function count_write() returns trigger language plpgsql as 'begin insert into public.writes (id) values (new.id); return null; end';
    create trigger count_write after insert or update on t for each row execute function count_write()`);
}

const writes = async (pair: TestPair) => {
  const { rows } = await pair.target.client.query('select count(*) as n, count(distinct id) as ids from writes');
  return { n: Number(rows[0].n), ids: Number(rows[0].ids) };
};

const worker = (p: Ports) => ({ ...p, owner: randomUUID(), remainingMs: () => 900_000, wait: async () => undefined });

const segment = (jobId: string, epoch: number): SegmentMessage => ({
  v: 1,
  job_id: jobId,
  epoch,
  table: 0,
  pass: 'apply',
  segment: 0,
  task_token: 'none',
});

/** Ports whose commits call `before(n)` first. */
function interrupted(p: Ports, before: (n: number) => Promise<void>): Ports {
  const real = postgresDatabases({ rules: ON_ONE_MACHINE, version: 'test' });
  let n = 0;
  return {
    ...p,
    databases: {
      ...real,
      async target(connection, as) {
        const target = await real.target(connection, as);
        const { commit } = target;
        target.commit = async (chunk) => {
          await before(++n);
          return commit(chunk);
        };
        return target;
      },
    },
  };
}

describe('a stop', () => {
  test.each([1, 5, 19])(
    'before commit %i: nothing is written after it, and a resume goes on from there',
    async (at) => {
      await using pair = await createPair();
      await setUp(pair);
      const p = ports();
      const job = await start(pair, { batch_size: 50 }, p);
      await prepareJob({ job_id: job.job_id, epoch: 1 }, p);
      let atStop = { n: -1, ids: -1 };
      const stopping = interrupted(p, async (n) => {
        if (n !== at) return;
        const stopped = await stopJob({ jobId: job.job_id, actor: ACTOR }, p);
        expect(stopped).toMatchObject({ state: 'stopped', epoch: 2, stopped_by: ACTOR });
        atStop = await writes(pair);
      });

      const outcome = await runSegment(segment(job.job_id, 1), worker(stopping));

      expect(outcome).toBe('dropped');
      expect(await writes(pair)).toEqual(atStop);

      const resumed = await resumeJob({ jobId: job.job_id, actor: ACTOR }, p);
      expect(resumed).toMatchObject({ state: 'created', epoch: 3 });
      expect(resumed.ended_at).toBeUndefined();
      const ended = await goOn(resumed, p);

      expect(ended.failure).toBeUndefined();
      expect(ended.state).toBe('completed');
      expect(await writes(pair)).toEqual({ n: 1000, ids: 1000 });
      await pair.target.client.query('drop table writes cascade');
      expect(summary(await compareDatabases(pair.source.client, pair.target.client))).toEqual({});
      const events = (await eventsOf(p.audit, job.job_id))
        .filter((e) => e.stream === 'job')
        .map((e) => [e.type, e.actor]);
      expect(events).toEqual([
        ['job.created', 'tester'],
        ['job.prepared', SERVICE],
        ['job.stopped', ACTOR],
        ['job.resumed', ACTOR],
        ['table.started', SERVICE],
        ['table.applied', SERVICE],
        ['table.started', SERVICE],
        ['table.applied', SERVICE],
        ['job.completed', SERVICE],
      ]);
    },
  );

  test('waits for a chunk in flight, and ends the session of one that does not end', async () => {
    await using pair = await createPair();
    await setUp(pair);
    const p = ports();
    const job = await start(pair, { batch_size: 50 }, p);
    await prepareJob({ job_id: job.job_id, epoch: 1 }, p);
    // a trigger that takes a minute holds the first chunk's transaction open
    await pair.target.client.query(`create function slow() returns trigger language plpgsql as 'begin perform pg_sleep(60); return null; end';
      create trigger slow after insert or update on t for each statement execute function slow()`);
    const working = runSegment(segment(job.job_id, 1), worker(p)).catch((e: { code?: string }) => e.code);
    await until(
      async () =>
        (await pair.target.client.query(`select 1 from pg_stat_activity where wait_event = 'PgSleep'`)).rows.length > 0,
    );

    const stopped = await stopJob({ jobId: job.job_id, actor: ACTOR }, p);

    expect(stopped.state).toBe('stopped');
    expect(['target_unavailable', 'dropped']).toContain(await working);
    expect(await writes(pair)).toEqual({ n: 0, ids: 0 });
  });

  test('is idempotent, has one winner among 20, and says no to a job that has ended', async () => {
    await using pair = await createPair();
    await setUp(pair);
    const p = ports();
    const job = await start(pair, {}, p);

    const all = await Promise.all(Array.from({ length: 20 }, () => stopJob({ jobId: job.job_id, actor: ACTOR }, p)));
    const again = await stopJob({ jobId: job.job_id, actor: 'somebody else' }, p);

    expect(new Set(all.map((j) => j.epoch))).toEqual(new Set([2]));
    expect(again).toMatchObject({ state: 'stopped', epoch: 2, stopped_by: ACTOR });
    const resumed = await resumeJob({ jobId: job.job_id, actor: ACTOR }, p);
    const ended = await goOn(resumed, p);
    expect(ended.state).toBe('completed');
    await expect(stopJob({ jobId: job.job_id, actor: ACTOR }, p)).rejects.toMatchObject({
      code: 'state_conflict',
      facts: { state: 'completed' },
    });
    await expect(stopJob({ jobId: randomUUID(), actor: ACTOR }, p)).rejects.toMatchObject({ code: 'job_not_found' });
  });

  test('whose target does not answer stays `stopping`, says why, and is carried through by the sweeper', async () => {
    await using pair = await createPair();
    await setUp(pair);
    const p = ports();
    const job = await start(pair, {}, p);
    const away = async () => {
      throw new SyncError('connection_unreachable', 'The target server cannot be reached.');
    };

    const stopping = await stopJob(
      { jobId: job.job_id, actor: ACTOR },
      { ...p, databases: { ...p.databases, target: away } },
    );
    expect(stopping).toMatchObject({ state: 'stopping', epoch: 2, pause: { code: 'connection_unreachable' } });

    await sweep(p);

    expect(await p.jobs.get(job.job_id)).toMatchObject({ state: 'stopped', epoch: 2, stopped_by: ACTOR });
  });

  test('frees the tables; a resume takes them back, or names who has them, and looks again at what others wrote', async () => {
    await using pair = await createPair();
    await setUp(pair);
    const p = ports();
    const first = await start(pair, { batch_size: 50 }, p);
    await prepareJob({ job_id: first.job_id, epoch: 1 }, p);
    const stopping = interrupted(p, async (n) => {
      if (n === 12) await stopJob({ jobId: first.job_id, actor: ACTOR }, p);
    });
    await runSegment(segment(first.job_id, 1), worker(stopping));
    const second = await start(pair, {}, p);

    await expect(resumeJob({ jobId: first.job_id, actor: ACTOR }, p)).rejects.toMatchObject({
      code: 'target_busy',
      facts: { job_id: second.job_id },
    });
    expect((await p.jobs.get(first.job_id))?.state).toBe('stopped');
    await stopJob({ jobId: second.job_id, actor: ACTOR }, p);
    await pair.target.client.query(`update t set x = 'changed' where id = 1`); // behind the checkpoint of the first
    const ended = await goOn(await resumeJob({ jobId: first.job_id, actor: ACTOR }, p), p);

    expect(ended.state).toBe('completed');
    await pair.target.client.query('drop table writes cascade');
    expect(summary(await compareDatabases(pair.source.client, pair.target.client))).toEqual({});
  });
});

describe('a stop or a resume that meets another', () => {
  test('a stop that is carried through twice leaves a job its leases that was resumed in between', async () => {
    await using pair = await createPair();
    await setUp(pair);
    const p = ports();
    const job = await start(pair, {}, p);
    const stopped = await stopJob({ jobId: job.job_id, actor: ACTOR }, p);
    const resumed = await resumeJob({ jobId: job.job_id, actor: ACTOR }, p);

    await finishStop(stopped, p);

    const { rows } = await pair.target.client.query('select job_id::text from tf_sync.lease');
    expect(rows).toEqual([{ job_id: job.job_id }]);
    expect((await goOn(resumed, p)).state).toBe('completed');
  });

  test('of two jobs on one table that are resumed at once, one runs', async () => {
    await using pair = await createPair();
    await setUp(pair);
    const p = ports();
    const first = await start(pair, {}, p);
    await stopJob({ jobId: first.job_id, actor: ACTOR }, p);
    const second = await start(pair, {}, p);
    await stopJob({ jobId: second.job_id, actor: ACTOR }, p);
    const slow: Ports = {
      ...p,
      jobs: {
        ...p.jobs,
        async transition(...args) {
          await resumeJob({ jobId: second.job_id, actor: ACTOR }, p); // while the first has its leases, and is not created yet
          return p.jobs.transition(...args);
        },
      },
    };

    const late = await goOn(await resumeJob({ jobId: first.job_id, actor: ACTOR }, slow), p);
    const ended = await goOn((await p.jobs.get(second.job_id)) as Job, p);

    expect(late).toMatchObject({ state: 'failed', failure: { code: 'target_busy' } });
    expect(ended.state).toBe('completed');
    expect(await writes(pair)).toEqual({ n: 1000, ids: 1000 });
  });

  test('a stop while the last step closes the job ends as `stopped`, and the connections are kept for it', async () => {
    await using pair = await createPair();
    await setUp(pair);
    const p = ports();
    const job = await start(pair, {}, p);
    const real = p.audit.add;
    p.audit.add = async (block) => {
      if (block.records.some((e) => e.type === 'job.completed')) await stopJob({ jobId: job.job_id, actor: ACTOR }, p);
      return real(block);
    };

    const ended = await goOn(job, p);

    expect(ended.state).toBe('stopped');
    await expect(p.secrets.get(job.secret_ref)).resolves.toBeDefined();
    expect(await writes(pair)).toEqual({ n: 1000, ids: 1000 });
  });

  test('the sweeper removes the connections of a job whose last step died before it could', async () => {
    await using pair = await createPair();
    await setUp(pair);
    const p = ports();
    const { remove } = p.secrets;
    p.secrets.remove = async () => undefined; // as if it had died
    const job = await goOn(await start(pair, {}, p), p);
    p.secrets.remove = remove;

    await sweep(p);

    expect(job.state).toBe('completed');
    await expect(p.secrets.get(job.secret_ref)).rejects.toThrow('no such secret');
  });

  test('a start that does not hear that its job was stored does not undo it', async () => {
    await using pair = await createPair();
    await setUp(pair);
    const p = ports();
    const { create } = p.jobs;
    p.jobs.create = async (job) => {
      await create(job);
      throw new SyncError('unavailable', 'the answer was lost');
    };

    const job = await start(pair, {}, p);

    expect((await goOn(job, p)).state).toBe('completed');
  });
});

describe('a resume', () => {
  test('has one winner among 20; the others are told the state', async () => {
    await using pair = await createPair();
    await setUp(pair);
    const p = ports();
    const job = await start(pair, {}, p);
    await stopJob({ jobId: job.job_id, actor: ACTOR }, p);

    const all = await Promise.allSettled(
      Array.from({ length: 20 }, () => resumeJob({ jobId: job.job_id, actor: ACTOR }, p)),
    );

    const won = all.filter((r) => r.status === 'fulfilled');
    const lost = all.flatMap((r) => (r.status === 'rejected' ? [r.reason.code] : []));
    expect(won).toHaveLength(1);
    expect(new Set(lost)).toEqual(new Set(['state_conflict']));
    expect((await goOn(won[0]?.value as never, p)).state).toBe('completed');
  });

  test('with another config is refused, with the same one it is not', async () => {
    await using pair = await createPair();
    await setUp(pair);
    const p = ports();
    const job = await start(pair, { batch_size: 50 }, p);
    await stopJob({ jobId: job.job_id, actor: ACTOR }, p);

    const other = { ...job.config, batch_size: 51 };
    await expect(resumeJob({ jobId: job.job_id, actor: ACTOR, config: other }, p)).rejects.toMatchObject({
      code: 'config_changed',
    });
    await expect(resumeJob({ jobId: job.job_id, actor: ACTOR, config: { ...job.config } }, p)).resolves.toMatchObject({
      epoch: 3,
    });
  });

  test('of a job whose final comparison failed applies again what differed', async () => {
    await using pair = await createPair();
    await setUp(pair);
    const p = ports();
    const job = await start(pair, {}, p);
    const failed = await goOn(job, p, {
      before: async (pass) => {
        if (pass === 'verify') await pair.target.client.query(`update t set x = 'behind our back' where id = 7`);
      },
    });
    expect(failed).toMatchObject({ state: 'failed', failure: { code: 'verification_failed' } });

    const ended = await goOn(await resumeJob({ jobId: job.job_id, actor: ACTOR }, p), p);

    expect(ended.state).toBe('completed');
    expect(ended.failure).toBeUndefined();
    await pair.target.client.query('drop table writes cascade');
    expect(summary(await compareDatabases(pair.source.client, pair.target.client))).toEqual({});
  });

  test('of a job whose final comparison failed does not lose count of rows that stay refused', async () => {
    await using pair = await createPair();
    await setUp(pair);
    await pair.target.client.query('alter table t add check (id <> 500)');
    const p = ports();
    const failed = await goOn(await start(pair, {}, p), p, {
      before: async (pass) => {
        if (pass === 'verify') await pair.target.client.query(`update t set x = 'behind our back' where id = 7`);
      },
    });
    expect(failed).toMatchObject({ state: 'failed', failure: { code: 'verification_failed' } });

    const ended = await goOn(await resumeJob({ jobId: failed.job_id, actor: ACTOR }, p), p);

    expect(ended.state).toBe('completed_with_issues');
    const { rows } = await pair.target.client.query('select key, code from tf_sync.quarantine');
    expect(rows).toEqual([{ key: '{500}', code: 'check_failed' }]);
  });
});

describe('a pause', () => {
  test('before too many deletes goes on with the confirmed count, and not with a smaller one', async () => {
    await using pair = await createPair();
    await setUp(pair);
    await pair.target.client.query(`insert into t select i, 'extra' from generate_series(2001, 2500) i`);
    const p = ports();
    const job = await start(pair, { delete_mode: 'mirror' }, p);
    const paused = await goOn(job, p);
    expect(paused).toMatchObject({ state: 'paused', epoch: 2, pause: { code: 'confirm_required', deletes: 500 } });
    expect(paused.pause?.message).toContain('500 rows');
    expect(paused.pause?.probe_at).toBeUndefined();

    const tooFew = await goOn(await resumeJob({ jobId: job.job_id, actor: ACTOR, confirmDeletes: 499 }, p), p);
    expect(tooFew.pause?.code).toBe('confirm_required');
    const ended = await goOn(await resumeJob({ jobId: job.job_id, actor: ACTOR, confirmDeletes: 500 }, p), p);

    expect(ended.state).toBe('completed');
    await pair.target.client.query('drop table writes cascade');
    expect(summary(await compareDatabases(pair.source.client, pair.target.client))).toEqual({});
  });

  test('over a read-only target keeps its lease, and goes on by itself when the target takes writes again', async () => {
    await using pair = await createPair();
    await setUp(pair);
    let now = Date.parse('2026-11-23T10:00:00Z');
    const p = { ...ports(), clock: () => new Date(now) };
    const job = await start(pair, {}, p);
    await pair.target.client.query(`alter database ${pair.target.name} set default_transaction_read_only = on`);
    const input = { job_id: job.job_id, epoch: 1 };
    await settleJob({ ...input, error: { Error: 'target_read_only' } }, p);
    const paused = await p.jobs.get(job.job_id);
    expect(paused).toMatchObject({ state: 'paused', pause: { code: 'target_read_only' } });

    now += 61_000;
    await sweep(p);
    expect((await p.jobs.get(job.job_id))?.state).toBe('paused');
    await pair.target.client.query(
      `set default_transaction_read_only = off; alter database ${pair.target.name} reset default_transaction_read_only`,
    );
    now += 61_000;
    await sweep(p);

    const resumed = await p.jobs.get(job.job_id);
    expect(resumed).toMatchObject({ state: 'created', moved_by: { event: 'job.resumed', actor: SERVICE } });
    expect((await goOn(resumed as never, p)).state).toBe('completed');
  });
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((done) => setTimeout(done, 10));
}

describe('a job whose secret is gone', () => {
  const failed = { state: 'failed', failure: { code: 'secret_missing' } };

  test('ends with that reason instead of looking again for ever', async () => {
    await using pair = await createPair();
    await setUp(pair, 10);
    const p = ports();
    const job = await start(pair, {}, p);
    await settleJob({ job_id: job.job_id, epoch: 1, error: { Error: 'target_unavailable' } }, p);
    expect(await p.jobs.get(job.job_id)).toMatchObject({ state: 'paused', pause: { probe_at: expect.any(String) } });
    await p.secrets.remove(job.secret_ref);

    const later = { ...p, clock: () => new Date(Date.now() + 120_000) };
    await sweep(later);
    await sweep(later);

    expect(await p.jobs.get(job.job_id)).toMatchObject(failed);
    expect((await start(pair, {}, p)).state).toBe('created'); // its lease holds nobody up
  });

  test('that is to be stopped fails: nobody can prove any more that it is stopped', async () => {
    await using pair = await createPair();
    await setUp(pair, 10);
    const p = ports();
    const job = await start(pair, {}, p);
    await p.secrets.remove(job.secret_ref);

    const stopped = await stopJob({ jobId: job.job_id, actor: ACTOR }, p);

    expect(stopped).toMatchObject(failed);
  });

  test('fails in whatever step notices it', async () => {
    await using pair = await createPair();
    await setUp(pair, 10);
    const p = ports();
    const job = await start(pair, {}, p);
    await p.secrets.remove(job.secret_ref);

    await expect(prepareJob({ job_id: job.job_id, epoch: 1 }, p)).rejects.toMatchObject({ code: 'secret_missing' });
    await settleJob({ job_id: job.job_id, epoch: 1, error: { Error: 'secret_missing' } }, p);

    expect(await p.jobs.get(job.job_id)).toMatchObject(failed);
  });
});
