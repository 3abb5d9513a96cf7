import type { SyncError } from '../../../lib/model/errors.ts';
import { ENDED_STATES, type Job, type JobState } from '../../../lib/model/job.ts';
import { jobConfigSchema } from '../../../lib/orchestrator/config-schema.ts';
import { resumeJob } from '../../../lib/orchestrator/resume-job.ts';
import { startJob } from '../../../lib/orchestrator/start-job.ts';
import { stopJob } from '../../../lib/orchestrator/stop-job.ts';
import { noEnvironments } from '../../support/environments.ts';
import { eventsOf, faultsOf, trailOf } from '../../support/trail.ts';
import type { Breakage } from '../breakages.ts';
import { seeded } from '../random.ts';
import { Broken, hit, type Tally } from '../tally.ts';
import { KEYS } from './databases.ts';
import { checkCounts, checkEqual, checkEvents, checkTrail, watchWrites } from './oracle.ts';
import { Scheduler } from './scheduler.ts';
import { awayError, PAIR, simService } from './service.ts';
import { newWorld } from './world.ts';

const TABLES = ['parcel', 'owner'];
/** Turns with faults, and turns the service has afterwards to come to rest without any. */
const CHAOS_STEPS = 1_500;
const REST_STEPS = 12_000;

/** A call by what it calls; the steps of a chunk's transaction by themselves. */
const place = (label: string) =>
  /(tx\.begin|fence|rows\.half|rows\.all|commit)/.exec(label)?.[0] ?? `a call of ${label.split('.')[0]}`;

/** After this long a lease whose start died before it stored the job is free. */
const ORPHAN_MS = 310_000;

const uuid = (n: number) => `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;
const COMPLETED: readonly JobState[] = ['completed', 'completed_with_issues'];

/**
 * One random schedule over the simulated service, and what must hold in it. `edits`: people write to both databases
 * meanwhile. Throws `Broken`.
 */
export async function simulate(seed: number, tally: Tally, breakage?: Breakage): Promise<void> {
  const random = seeded(seed);
  const scheduler = new Scheduler(random);
  const world = newWorld(TABLES);
  const edits = random.chance(0.4);
  const calm = random.pick([0.002, 0.01, 0.03]);
  let faults = true;

  scheduler.disturb = (actor, label) => {
    if (!faults || label === 'sleep' || !random.chance(calm)) return undefined;
    const engine = actor.name.startsWith('execution');
    if (engine) return undefined;
    const fault = random.pick(['kill', 'kill', 'pause', 'error'] as const);
    if (fault === 'pause') {
      hit(tally, 'process stopped (SIGSTOP)');
      scheduler.pause(actor, 1_000 + random.below(120_000));
      return undefined;
    }
    if (fault === 'kill' && !actor.name.startsWith('user')) {
      tally.kills += 1;
      hit(tally, `process killed ${label.endsWith('reply') ? 'after' : 'before'} ${place(label)}`);
      scheduler.kill(actor);
      return undefined;
    }
    const error = awayError(label);
    if (error)
      hit(tally, label.endsWith('reply') ? `reply of ${label.split('.')[0]} lost` : `${label.split('.')[0]} away`);
    return error;
  };

  for (const table of TABLES)
    for (let key = 0; key < KEYS; key++) {
      if (random.chance(0.8)) world.source.get(table)?.set(String(key), { value: `s${key}.0`, version: 0 });
      const there = random.pick(['same', 'other', 'none'] as const);
      const value = there === 'same' ? (world.source.get(table)?.get(String(key))?.value ?? `t${key}`) : `t${key}`;
      if (there !== 'none') world.target.get(table)?.set(String(key), { value, version: 0 });
    }

  const service = simService(world, scheduler, random, {
    duplicate: () => {
      if (!faults || !random.chance(0.15)) return false;
      tally.duplicates += 1;
      hit(tally, 'message delivered twice at once');
      return true;
    },
    answerLost: () => {
      if (!faults || !random.chance(0.05)) return false;
      hit(tally, 'answer of the queue lost, sent again with another token');
      return true;
    },
    ...(breakage && { breakage }),
  });
  const check = watchWrites(world, service.jobs, edits);
  const mirror = random.chance(0.5);
  const config = jobConfigSchema.parse({
    batch_size: random.pick([1, 3, 10]),
    max_delete_percent: 100,
    delete_mode: mirror ? 'mirror' : 'keep',
    audit_level: 'detailed',
    max_parallel_tables: 2,
    verify: random.pick(['changed', 'all']),
  });

  let calls = 0; // of people, not answered yet
  const user = async <T>(name: string, work: (ports: Parameters<typeof stopJob>[1]) => Promise<T>) => {
    calls += 1;
    try {
      return await service.process(`user ${name}`, async (ports) => {
        await work(ports);
      });
    } finally {
      calls -= 1;
    }
  };
  let started = 0;
  const start = (no = ++started) => {
    const jobId = uuid(no);
    return user('start', (ports) =>
      startJob({ jobId, pair: PAIR, config, actor: 'ada' }, { ...ports, ...noEnvironments() }),
    );
  };
  const jobs = () => service.jobs.listToSweep().then(async () => (await service.jobs.list({ limit: 100 })).jobs);
  const resume = (job: Job) =>
    user('resume', (ports) => resumeJob({ jobId: job.job_id, actor: 'ada', confirmDeletes: 10_000 }, ports));

  const act = async () => {
    if (!faults) return;
    const all = await jobs();
    const job = all.length > 0 ? random.pick(all) : undefined;
    const what = random.pick(['stop', 'resume', 'resume', 'start', 'source', 'target', 'target', 'read_only'] as const);
    if (what === 'stop' && job && random.chance(0.5)) {
      tally.stops += 1;
      hit(tally, 'stop at a random moment');
      void user('stop', (ports) => stopJob({ jobId: job.job_id, actor: 'ada' }, ports));
      if (random.chance(0.2)) void user('stop', (ports) => stopJob({ jobId: job.job_id, actor: 'bob' }, ports));
    }
    if (what === 'resume' && job) {
      hit(tally, 'resume at a random moment');
      void resume(job);
      if (random.chance(0.3)) void resume(job);
    }
    if (what === 'start' && started < 3 && random.chance(0.3)) {
      hit(tally, 'another job on the same tables');
      void start();
      if (random.chance(0.5)) void start(started);
    }
    if (what === 'start' && random.chance(0.1)) {
      hit(tally, 'a start done again under the same id');
      void start(1 + random.below(started));
    }
    if (what === 'read_only' && random.chance(0.2)) {
      hit(tally, 'target read-only for a while');
      world.readOnly = true;
      scheduler.after(random.below(120_000), () => {
        world.readOnly = false;
      });
    }
    if (edits && (what === 'source' || what === 'target')) edit(what);
  };
  let version = 0;
  const edit = (side: 'source' | 'target') => {
    hit(tally, `${side} row changed meanwhile`);
    const rows = world[side].get(random.pick(TABLES));
    const key = String(random.below(KEYS));
    if (side === 'source') world.sourceVersion += 1;
    if (random.chance(0.3)) rows?.delete(key);
    else rows?.set(key, { value: `${side}${key}.${++version}`, version: world.sourceVersion });
  };
  const actor = () => {
    void act();
    if (faults) scheduler.after(200 + random.below(3_000), actor);
  };

  faults = false;
  let begun = false;
  void start().then((error) => {
    begun = true;
    if (error) throw error;
  });
  await scheduler.run(() => begun, 1_000);
  faults = true;
  actor();
  const ended = async () => (await jobs()).every((j) => COMPLETED.includes(j.state));
  let over = false;
  const look = () => {
    if (!check()) over = true;
    return !over;
  };
  await scheduler.run(() => !look(), CHAOS_STEPS);
  check.throwIfBroken();

  faults = false;
  world.readOnly = false;
  scheduler.nowMs += ORPHAN_MS;
  await rest();
  tally.schedules += 1;

  /** Without faults each job completes, when somebody resumes what stopped; then all is as it must be. */
  async function rest(): Promise<void> {
    const first = uuid(1);
    for (let round = 0; round < 12; round++) {
      const all = await jobs();
      let asked = 0;
      for (const job of all) {
        const waits = ['stopped', 'failed', 'paused'].includes(job.state);
        const others = all.some((o) => o !== job && o.state !== 'paused' && !ENDED_STATES.includes(o.state));
        if (!waits || (others && job.job_id !== first)) continue;
        asked += 1;
        void resume(job).then(() => {
          asked -= 1;
        });
      }
      let settled = false;
      let polls = 0;
      await scheduler.run(() => {
        if (look() && asked === 0 && calls === 0 && polls++ % 50 === 0) void quiet().then((q) => (settled = q));
        return over || settled;
      }, REST_STEPS);
      check.throwIfBroken();
      if (await ended()) break;
    }
    const left = (await jobs()).filter((j) => !COMPLETED.includes(j.state));
    const main =
      left.find((j) => j.job_id === first) ?? left.find((j) => j.failure?.code !== 'unavailable' && !j.pause);
    const known = main && world.jobs.get(main.job_id);
    // stopped when it had just done all, or never begun in the target because its start was told to have failed
    const done = main?.state === 'stopped' && (!known || known.ended);
    if (main && !done && !explained(main))
      throw new Broken(
        'wrongEnds',
        `${main.job_id} is ${main.state}: ${JSON.stringify([main.failure, main.pause])}; waiting: ${scheduler.waiting().slice(0, 8).join('; ')}; log: ${service.logged.slice(-6).join(' | ')}`,
      );
    if (service.silent.length > 0) throw new Broken('wrongEnds', `nobody worked for an hour on ${service.silent[0]}`);
    if (edits) await oneMore();
    checkEqual(world, mirror);
    for (const j of await jobs())
      if (COMPLETED.includes(j.state)) {
        checkCounts(world, j.job_id, edits);
        checkEvents(await eventsOf(service.audit, j.job_id), world, j.job_id);
        checkTrail(await faultsOf(service.audit, j.job_id), await trailOf(service.audit, j.job_id));
      }
  }

  /** Nothing moves any more until somebody asks. */
  async function quiet(): Promise<boolean> {
    const waiting: readonly JobState[] = [...ENDED_STATES, 'paused'];
    return (await jobs()).every((j) => waiting.includes(j.state) && !j.pause?.probe_at);
  }

  /** Rows changed while the jobs ran: one last job brings them in step. */
  async function oneMore(): Promise<void> {
    for (const job of await jobs()) if (!COMPLETED.includes(job.state)) await settleStop(job);
    const jobId = uuid(99);
    let done: unknown = 'not yet';
    void user('start', (ports) =>
      startJob({ jobId, pair: PAIR, config, actor: 'ada' }, { ...ports, ...noEnvironments() }),
    ).then((e) => {
      done = e;
    });
    await scheduler.run(() => done !== 'not yet', 2_000);
    if (done) throw new Broken('wrongEnds', `the last job did not start: ${(done as SyncError).message}`);
    let state = 'created' as JobState;
    await scheduler.run(() => {
      void service.jobs.get(jobId).then((j) => (state = j?.state ?? state));
      return ENDED_STATES.includes(state);
    }, REST_STEPS);
    if (state !== 'completed')
      throw new Broken(
        'wrongEnds',
        `the last job is ${state}: ${JSON.stringify((await service.jobs.get(jobId))?.failure)} ${service.logged.slice(-4).join(' | ')}`,
      );
  }

  async function settleStop(job: Job): Promise<void> {
    let done = false;
    void user('stop', (ports) => stopJob({ jobId: job.job_id, actor: 'ada' }, ports)).then(() => {
      done = true;
    });
    await scheduler.run(() => done, 2_000);
  }
}

/** A job that never came to be in the target, or whose start was told to have failed, waits with its reason. */
const explained = (job: Job) => ['resume_expired', 'target_busy'].includes(job.pause?.code ?? job.failure?.code ?? '');
