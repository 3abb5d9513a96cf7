import { afterEach, expect, test } from 'vitest';
import { type Failpoint, onFailpoint } from '../../lib/failpoint.ts';
import { stopJob } from '../../lib/orchestrator/stop-job.ts';
import { compareDatabases, summary } from '../support/compare.ts';
import { connect, createPair, type TestPair } from '../support/databases.ts';
import { KILLED, ports, runJob, start } from '../support/in-process.ts';
import { meddled } from '../support/meddle.ts';
import { CONTINUOUS, play } from '../support/rounds.ts';
import { trailOf } from '../support/trail.ts';
import { BANK, bankRows, startWriters, WRITES_SEEN, WRITTEN_TWICE } from '../support/writers.ts';

// Writers go on in the source while a job follows its log, and whoever works for it dies. In the end both sides are equal, and
// no version of a row was written twice.

afterEach(() => onFailpoint(undefined));

async function bank(): Promise<TestPair> {
  const pair = await createPair();
  for (const db of [pair.source, pair.target]) await db.client.query(BANK);
  await pair.source.client.query(bankRows(40));
  await pair.target.client.query(WRITES_SEEN);
  return pair;
}

const CONFIG = { ...CONTINUOUS, max_delete_percent: 100, batch_size: 20 };

const writersOf = (pair: TestPair, seed: number) =>
  startWriters(() => connect(pair.source.name), { connections: 2, accounts: 40, everyMs: 150, seed });

/** What was written twice, and what differs. */
async function verdict(pair: TestPair) {
  const { rows } = await pair.target.client.query(WRITTEN_TWICE);
  await pair.target.client.query('drop schema seen cascade');
  return { twice: rows, different: summary(await compareDatabases(pair.source.client, pair.target.client)) };
}

const CLEAN = { twice: [], different: {} };

const POINTS: readonly Failpoint[] = [
  'changes.put',
  'changes.kept',
  'changes.advanced',
  'round.begun',
  'plan.enqueued',
  'batch.received',
  'diff.done',
  'chunk.read',
  'tx.begin',
  'fence.ok',
  'rows.half',
  'rows.all',
  'commit.sent',
  'commit.done',
  'ddb.mirrored',
  'round.settled',
  'round.handed',
];

/** In each round somebody dies once at each of the points: a worker or a step, the `nth` time that it is met. */
function dying(nth: number) {
  const deaths = new Map(POINTS.map((p) => [p, 0]));
  let met = new Map<Failpoint, number>();
  const often: readonly Failpoint[] = POINTS.slice(POINTS.indexOf('batch.received'), POINTS.indexOf('round.settled'));
  onFailpoint((name) => {
    const times = (met.get(name) ?? 0) + 1;
    met.set(name, times);
    if (name === 'round.handed') met = new Map(); // the next round begins
    if (!deaths.has(name) || times !== (often.includes(name) ? nth : 1)) return undefined;
    deaths.set(name, (deaths.get(name) ?? 0) + 1);
    throw new Error(KILLED);
  });
  return deaths;
}

test.each([1, 3])(
  'in each round somebody dies at every moment of it, the time no. %i that it comes',
  async (nth) => {
    await using pair = await bank();
    await using writers = writersOf(pair, nth);
    const p = ports();
    const job = await start(pair, CONFIG, p, 'incremental');
    const deaths = dying(nth);
    const before = async () => {
      if (((await p.jobs.get(job.job_id))?.following?.round ?? 0) < 2) return;
      onFailpoint(undefined);
      await writers.stop();
    };
    const ended = await play(pair, [], { ports: p, job, between: { redeliver: true, before } });

    const told = (await trailOf(p.audit, job.job_id)).filter((e) => e.type === 'changes.applied');
    expect([...deaths].filter(([, n]) => n < (nth === 1 ? 2 : 1))).toEqual([]);
    expect(told.length).toBe(ended.following?.round); // each round ended once
    expect(await writers.stop()).toBeGreaterThan(10);
    expect([ended.state, ended.failure]).toEqual(['stopped', undefined]);
    expect(await verdict(pair)).toEqual(CLEAN);
  },
  120_000,
);

test('what was stopped in the middle of a round, an ordinary job takes up', async () => {
  await using pair = await bank();
  await using writers = writersOf(pair, 5);
  const p = ports();
  const job = await start(pair, CONFIG, p, 'incremental');
  const before = async () => {
    if (((await p.jobs.get(job.job_id))?.following?.round ?? 0) < 1) return;
    await writers.stop();
    await stopJob({ jobId: job.job_id, actor: 'tester' }, p);
  };
  const ended = await play(pair, [], { ports: p, job, between: { before } });
  const next = await runJob(pair, { ...CONFIG, continuous: false }, {}, ports(), 'incremental');

  expect(ended.state).toBe('stopped');
  expect(next.job.state).toBe('completed');
  expect(await verdict(pair)).toEqual(CLEAN);
}, 120_000);

test('workers die before and after their commits', async () => {
  await using pair = await bank();
  await using writers = writersOf(pair, 3);
  let commits = 0;
  const onCommit = async (_: number, commit: () => Promise<void>) => {
    const n = ++commits;
    if (n % 5 === 0) throw new Error(KILLED);
    await commit();
    if (n % 7 === 0) throw new Error(KILLED);
  };
  const p = { ...ports(), databases: meddled({ onCommit }) };
  const job = await start(pair, CONFIG, p, 'incremental');
  const before = async () => {
    if (((await p.jobs.get(job.job_id))?.following?.round ?? 0) >= 3) await writers.stop();
  };
  const ended = await play(pair, [], { ports: p, job, between: { redeliver: true, before } });

  expect([ended.state, ended.failure]).toEqual(['stopped', undefined]);
  expect(commits).toBeGreaterThan(10);
  expect(await verdict(pair)).toEqual(CLEAN);
}, 120_000);
