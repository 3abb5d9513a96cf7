import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { type Failpoint, onFailpoint } from '../../../lib/failpoint.ts';
import { SyncError } from '../../../lib/model/errors.ts';
import { type Job, type JobState, PASSES, type Pass } from '../../../lib/model/job.ts';
import { remedyFor } from '../../../lib/orchestrator/healing.ts';
import { prepareJob } from '../../../lib/orchestrator/prepare-job.ts';
import { failureOf, recordEnd } from '../../../lib/orchestrator/record-failure.ts';
import { resumeJob } from '../../../lib/orchestrator/resume-job.ts';
import { runSegment } from '../../../lib/orchestrator/run-segment.ts';
import { settleJob } from '../../../lib/orchestrator/settle-job.ts';
import { stopJob } from '../../../lib/orchestrator/stop-job.ts';
import { planPass, planTable, settleTable } from '../../../lib/orchestrator/table-steps.ts';
import type { TestPair } from '../../support/databases.ts';
import { type Ports, ports, start } from '../../support/in-process.ts';
import type { Wire, WireFault } from '../proxy.ts';
import { type Random, seeded } from '../random.ts';
import { Broken, hit, type Tally } from '../tally.ts';

/** A pair whose target counts what the service writes to it, and the wires to both ends. */
export interface Bench {
  readonly pair: TestPair;
  /** Rows of the source at most; 60 unless said. */
  readonly rows?: number;
  readonly wires: { readonly source: Wire; readonly target: Wire };
}

const ROWS = 60;
const COMPLETED: readonly JobState[] = ['completed', 'completed_with_issues'];
const WAITING: readonly JobState[] = ['stopped', 'failed', 'paused'];
/** Chance of a fault at each failpoint that is reached. */
const FAULTS = 0.03;

/** Tables of a bench; the trigger writes down each row that the service changes, as its session is named. */
export async function layOut({ pair }: Bench): Promise<void> {
  const table = 'create table t (id int primary key, x text, at timestamptz)';
  await pair.source.client.query(table);
  await pair.target.client.query(`${table};
    create table writes (n bigserial, id int, how text);
    create function note_write() returns trigger language plpgsql as $$ begin
      if pg_catalog.current_setting('application_name') like 'terrafusion%' then
        insert into public.writes (id, how) values (coalesce(new.id, old.id), tg_op);
      end if; return null; end $$;
    create trigger note_write after insert or update or delete on t for each row execute function note_write()`);
}

async function fill({ pair, rows: most = ROWS }: Bench, random: Random): Promise<void> {
  for (const { client } of [pair.source, pair.target]) await client.query('truncate t');
  await pair.target.client.query('truncate writes');
  const rows = Array.from({ length: most }, (_, i) => ({ id: i, there: random.below(3), here: random.chance(0.85) }));
  const at = (id: number) => `2026-11-23 01:02:03.${String(123_457 + id).padStart(6, '0')}+00`;
  const sql = 'insert into t select * from unnest($1::int[], $2::text[], $3::timestamptz[])';
  const put = (client: TestPair['source']['client'], some: typeof rows, x: (id: number) => string) =>
    client.query(sql, [some.map((r) => r.id), some.map((r) => x(r.id)), some.map((r) => at(r.id))]);
  await put(
    pair.source.client,
    rows.filter((r) => r.here),
    (id) => `s${id}`,
  );
  await put(
    pair.target.client,
    rows.filter((r) => r.there > 0),
    (id) => `${rows[id]?.there === 1 ? 's' : 't'}${id}`,
  );
}

const WIRE: readonly ((random: Random) => WireFault)[] = [
  () => ({ kind: 'cut' }),
  (r) => ({ kind: 'cut_after', bytes: r.below(3_000) }),
  () => ({ kind: 'cut_commit' }),
  () => ({ kind: 'cut_commit_answer' }),
  (r) => ({ kind: 'blackhole', direction: r.pick(['up', 'down']), ms: 50 + r.below(100) }),
  (r) => ({ kind: 'delay', ms: 20 + r.below(60) }),
  () => ({ kind: 'drip', bytes: 64 }),
];

/** At each failpoint: now and then an error, a wait, or something on the wire. */
function disturb(bench: Bench, random: Random, tally: Tally) {
  return (name: Failpoint): Promise<void> | undefined => {
    if (!random.chance(FAULTS)) return undefined;
    const what = random.below(10);
    if (what < 4) {
      tally.kills += 1;
      hit(tally, `process ended at ${name}`);
      return Promise.reject(new SyncError('unavailable', `failpoint ${name}`));
    }
    if (what < 5) {
      hit(tally, `wait at ${name}`);
      return pause(random.below(150));
    }
    const fault = random.pick(WIRE)(random);
    hit(tally, `wire: ${fault.kind}`);
    bench.wires[random.chance(0.8) ? 'target' : 'source'].arm(fault);
    return undefined;
  };
}

const TRIES = 40;

/** What Step Functions and the queue do: again while an error is one that goes away, else the run ends with it. */
async function again<T>(
  at: { job_id: string; epoch: number; table?: number },
  p: Ports,
  work: () => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (remedyFor(error) === 'retry' && tries < TRIES) continue;
      if (!(error instanceof SyncError) || error.code !== 'epoch_superseded') await recordEnd(at, error, p);
      throw error;
    }
  }
}

/** One run of the job at its epoch, with every message delivered one to three times at once. */
async function run(job: Job, p: Ports, random: Random, tally: Tally): Promise<void> {
  const at = { job_id: job.job_id, epoch: job.epoch };
  const deliver = (table: number, pass: Pass, segment: number) =>
    again({ ...at, table }, p, () =>
      runSegment(
        { v: 1, ...at, table, pass, segment, task_token: 'none' },
        {
          ...p,
          owner: randomUUID(),
          remainingMs: () => (random.chance(0.1) ? 0 : 900_000),
          wait: async () => undefined,
          random: random.next,
        },
      ),
    );
  const work = async (table: number, pass: Pass, segment: number) => {
    for (let left = 60; left > 0; left--) {
      const copies = random.chance(0.5) ? 1 + random.below(3) : 0;
      tally.duplicates += copies;
      if (copies > 0) hit(tally, 'message delivered more than once at once');
      const all = await Promise.allSettled(Array.from({ length: 1 + copies }, () => deliver(table, pass, segment)));
      if (all.some((a) => a.status === 'fulfilled' && a.value === 'finished')) return;
      const failed = all.find((a) => a.status === 'rejected');
      if (failed) throw failed.reason;
      if ((await p.jobs.get(job.job_id))?.epoch !== job.epoch) throw new SyncError('epoch_superseded', 'moved on');
    }
    throw new SyncError('worker_lost', 'no delivery finishes');
  };
  try {
    const plan = await again(at, p, () => prepareJob(at, p));
    for (const pass of PASSES) {
      const { levels } = pass === 'apply' ? plan.next : await again(at, p, () => planPass({ ...at, pass }, p)); // one table: no parts
      for (const table of levels.flat()) {
        const input = { ...at, table, pass };
        const { segments } = await again(input, p, () => planTable(input, p));
        await Promise.all(segments.map((s) => work(table, pass, s)));
        await again(input, p, () => settleTable(input, p));
      }
    }
    await again(at, p, () => settleJob(at, p));
  } catch (error) {
    if (failureOf(error).code === 'internal') throw error;
    await again(at, p, () => settleJob({ ...at, error: { Error: failureOf(error).code } }, p));
  }
}

const count = async ({ pair }: Bench) => (await pair.target.client.query('select count(*) n from writes')).rows[0].n;

/** One job over real databases with faults from a seed, and what must hold at its end. Throws `Broken`. */
export async function modelSchedule(seed: number, bench: Bench, tally: Tally): Promise<void> {
  const random = seeded(seed);
  await fill(bench, random);
  const through = (side: 'source' | 'target') => ({
    ...bench.pair[side],
    connection: { ...bench.pair[side].connection, host: '127.0.0.1', port: bench.wires[side].port },
  });
  const pair: TestPair = {
    source: through('source'),
    target: through('target'),
    [Symbol.asyncDispose]: async () => undefined,
  };
  const p = ports();
  const mirror = random.chance(0.5);
  let job = await start(
    pair,
    { batch_size: random.pick([3, 7, 20]), delete_mode: mirror ? 'mirror' : 'keep', max_delete_percent: 100 },
    p,
  );
  let whole = false;
  const get = async () => (await p.jobs.get(job.job_id)) as Job; // it was stored by start

  onFailpoint(disturb(bench, random, tally));
  try {
    for (let round = 0; !COMPLETED.includes((await get()).state); round++) {
      if (round === 6) {
        onFailpoint(undefined); // and then it must come to its end
        bench.wires.source.disarm();
        bench.wires.target.disarm();
      }
      if (round === 12) break;
      const running = run(await get(), p, random, tally);
      if (round < 5 && random.chance(0.5)) await stopMidway(running);
      else await running;
      job = await get();
      if (job.state === 'stopping')
        await again({ job_id: job.job_id, epoch: job.epoch }, p, () => stopJob({ jobId: job.job_id, actor: 'ada' }, p));
      job = await get();
      if (WAITING.includes(job.state)) {
        const resumed = await again({ job_id: job.job_id, epoch: job.epoch }, p, () =>
          resumeJob({ jobId: job.job_id, actor: 'ada' }, p),
        ).catch(ignoreConflictOrEnd);
        whole = resumed === 'ended'; // stopped when all of its work was done: nothing is left to resume
        if (whole) break;
      } else if (!COMPLETED.includes(job.state)) await takeOver();
    }
  } finally {
    onFailpoint(undefined);
    bench.wires.source.disarm();
    bench.wires.target.disarm();
  }
  tally.schedules += 1;
  await judge();

  async function stopMidway(running: Promise<void>): Promise<void> {
    await Promise.race([running, pause(random.below(250))]);
    tally.stops += 1;
    hit(tally, 'stop at a random moment');
    const stopped = await again({ job_id: job.job_id, epoch: job.epoch }, p, () =>
      stopJob({ jobId: job.job_id, actor: 'ada' }, p),
    ).catch(ignoreConflict);
    const before = await count(bench);
    await running;
    if (stopped && stopped.state === 'stopped' && (await count(bench)) !== before)
      throw new Broken('duplicated', `${Number(await count(bench)) - Number(before)} rows written after stopped`);
  }

  /** As the sweeper does when a run has died. */
  async function takeOver(): Promise<void> {
    const now = await get();
    hit(tally, 'taken over by the sweeper');
    await p.jobs.transition(
      now.job_id,
      { from: [now.state], epoch: now.epoch },
      { state: 'created', epoch: now.epoch + 1, takeovers: 1 },
    );
  }

  async function judge(): Promise<void> {
    const { state, failure, pause: waits } = await get();
    const { rows: twice } = await bench.pair.target.client.query(
      'select id, count(*) from writes group by id having count(*) > 1',
    );
    if (twice.length > 0) throw new Broken('duplicated', `rows written twice: ${JSON.stringify(twice)}`);
    if (state !== 'completed' && !(whole && state === 'stopped'))
      throw new Broken('wrongEnds', `the job is ${state}: ${JSON.stringify([failure, waits])}`);
    const all = async (side: 'source' | 'target') =>
      (await bench.pair[side].client.query(`select id, x || ' ' || at as v from t order by id`)).rows as {
        id: string;
        v: string;
      }[];
    const target = new Map((await all('target')).map((r) => [r.id, r.v]));
    const source = await all('source');
    const lost = source.filter((r) => target.get(r.id) !== r.v);
    if (lost.length > 0) throw new Broken('lost', `rows differ: ${lost.map((r) => r.id).join(' ')}`);
    if (mirror && target.size !== source.length) throw new Broken('lost', 'the mirror kept rows');
    const { rows } = await bench.pair.target.client.query(
      `select sum((counts ->> 'inserted')::int + (counts ->> 'updated')::int + (counts ->> 'deleted')::int) n from tf_sync.checkpoint where job_id = $1 and counts <> '{}'`,
      [job.job_id],
    );
    const written = await count(bench);
    if (rows[0].n !== written) throw new Broken('duplicated', `${rows[0].n} rows are counted, ${written} were written`);
  }
}

/** The target closed the job when all was done, and the stop came a moment later. */
function ignoreConflictOrEnd(error: unknown): 'ended' | undefined {
  return error instanceof SyncError && error.code === 'resume_expired' ? 'ended' : ignoreConflict(error);
}

function ignoreConflict(error: unknown): undefined {
  if (error instanceof SyncError && ['state_conflict', 'epoch_superseded'].includes(error.code)) return undefined;
  throw error;
}
