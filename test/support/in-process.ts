import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { JobConfig } from '../../lib/model/config.ts';
import type { Connection } from '../../lib/model/connection.ts';
import { SyncError } from '../../lib/model/errors.ts';
import { type Counts, type Job, type JobMode, PASSES, type Pass } from '../../lib/model/job.ts';
import type { JobInput, JobPlan, PassInput, PassPlan, SegmentMessage, TableInput } from '../../lib/model/message.ts';
import { jobConfigSchema } from '../../lib/orchestrator/config-schema.ts';
import { followLog } from '../../lib/orchestrator/follow-changes.ts';
import { giveUpTable } from '../../lib/orchestrator/give-up-table.ts';
import { remedyFor } from '../../lib/orchestrator/healing.ts';
import { prepareJob } from '../../lib/orchestrator/prepare-job.ts';
import { failureOf, recordEnd } from '../../lib/orchestrator/record-failure.ts';
import type { RunPorts } from '../../lib/orchestrator/run-ports.ts';
import { runSegment } from '../../lib/orchestrator/run-segment.ts';
import { settleJob } from '../../lib/orchestrator/settle-job.ts';
import { startJob } from '../../lib/orchestrator/start-job.ts';
import { planPass, planTable, settleTable, sumCounts } from '../../lib/orchestrator/table-steps.ts';
import { commandDatabases } from '../../lib/postgres/command-databases.ts';
import { postgresDatabases } from '../../lib/postgres/databases.ts';
import { followingDatabases } from '../../lib/postgres/following-databases.ts';
import { planningDatabases } from '../../lib/postgres/planning-databases.ts';
import { workDatabases } from '../../lib/postgres/work-databases.ts';
import { memoryAuditLog, memoryJobStore } from '../contract/memory.ts';
import { noEnvironments } from './environments.ts';
import { memoryLog, memorySecrets } from './memory-ports.ts';
import { ON_ONE_MACHINE } from './rules.ts';

/** The two ends of a job. */
export interface Pair {
  readonly source: { readonly connection: Connection };
  readonly target: { readonly connection: Connection };
}

type Partly<T> = { -readonly [K in keyof T]?: T[K] | undefined };

const OPTIONS = { rules: ON_ONE_MACHINE, version: 'test' } as const;
const ALL = postgresDatabases(OPTIONS);
const OF = {
  commands: commandDatabases(OPTIONS),
  prepare: planningDatabases(OPTIONS),
  follow: followingDatabases(OPTIONS),
  worker: workDatabases(OPTIONS),
} as const;

/** Ports with the databases that the function which does this work opens; those of a test that stands in between stay. */
const as = <W extends keyof typeof OF>(who: W, p: Ports) => ({
  ...p,
  databases: p.databases === ALL ? OF[who] : p.databases,
});

/** Ports in memory over real databases; nothing starts workflows but `runJob`. */
export function ports() {
  const workflow: RunPorts['workflow'] = {
    start: async () => undefined,
    state: async () => 'running',
    stop: async () => undefined,
    succeed: async () => undefined,
    fail: async () => undefined,
    beat: async () => true,
  };
  return {
    jobs: memoryJobStore(),
    secrets: memorySecrets(),
    audit: memoryAuditLog(),
    log: memoryLog(),
    workflow,
    clock: () => new Date(),
    databases: ALL,
    ...noEnvironments(),
  };
}

export type Ports = ReturnType<typeof ports>;

export interface Outcome {
  readonly job: Job;
  readonly counts: Counts;
  readonly ports: Ports;
}

/** What a test throws in place of a worker's death. */
export const KILLED = 'killed';

/** Hooks to interfere between the steps of a job. */
export interface Between {
  /** Before the first segment of a pass. */
  readonly before?: (pass: Pass) => Promise<void>;
  /** Delivers a segment's message again when its worker was `KILLED`, and takes a step again that was. */
  readonly redeliver?: boolean;
  /** While a job that follows the log waits for changes; it looks again at once. */
  readonly waits?: (look: JobPlan) => Promise<void>;
}

/** Starts a job; throws what the API would answer. */
export function start(
  pair: Pair,
  config: Partly<JobConfig> = {},
  p: Ports = ports(),
  mode: JobMode = 'full',
): Promise<Job> {
  return startJob(
    {
      jobId: randomUUID(),
      pair: { source: pair.source.connection, target: pair.target.connection },
      config: jobConfigSchema.parse(config),
      mode,
      actor: 'tester',
    },
    as('commands', p),
  );
}

/** One delivery of a segment's message; again and again while its worker is killed, if the test asks for that. */
async function deliver(message: SegmentMessage, p: Ports, between: Between): Promise<void> {
  const run = () => ({
    ...as('worker', p),
    owner: randomUUID(),
    remainingMs: () => 900_000,
    wait: async () => undefined,
  });
  for (;;) {
    try {
      await runSegment(message, run());
      return;
    } catch (error) {
      if (!between.redeliver || (error as Error).message !== KILLED) throw error;
    }
  }
}

/** How often the queue and the state machine try the same again, where `remedyFor` says so. */
const TRIES = 6;

/** Tries again as queue and state machine do, with pauses of milliseconds instead of seconds. */
async function again<T>(work: () => Promise<T>, between: Between = {}): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const died = between.redeliver && (error as Error).message === KILLED;
      if (!died && (remedyFor(error) !== 'retry' || attempt === TRIES)) throw error;
      await pause(20 * 2 ** attempt);
    }
  }
}

/** Works on all items, `most` at a time, as an inline Map does: the first error ends it once the others have come to rest. */
async function pool<T>(items: readonly T[], most: number, work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const one = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  const ends = await Promise.allSettled(Array.from({ length: Math.min(most, left.length) }, one));
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed) throw failed.reason;
}

/** All segments of a table that are to do, those of its parts among them. */
export async function segmentsFor(input: TableInput, p: Ports, between: Between = {}): Promise<readonly number[]> {
  const { segments, parts } = await again(() => planTable(input, p), between);
  const all = [...segments];
  for (const part of parts) all.push(...(await segmentsFor({ ...input, part }, p, between)));
  return all;
}

async function onePass(
  input: { job_id: string; epoch: number; table: number; pass: Pass },
  p: Ports,
  how: { readonly between: Between; readonly most: number },
): Promise<void> {
  const segments = await segmentsFor(input, p, how.between);
  await pool(segments, how.most, async (segment) => {
    const message = { v: 1 as const, ...input, segment, task_token: 'none' };
    await again(() => deliver(message, p, how.between));
  });
  await again(() => settleTable(input, p), how.between);
}

/** All levels of a pass in order, those of its parts among them. */
async function levelsFor(input: PassInput, p: Ports, between: Between, first?: PassPlan): Promise<PassPlan['levels']> {
  try {
    const { levels, parts } = first ?? (await again(() => planPass(input, p), between));
    const all = [...levels];
    for (const part of parts) all.push(...(await levelsFor({ ...input, part }, p, between)));
    return all;
  } catch (error) {
    await recordEnd(input, error, p);
    throw error;
  }
}

/** Looks at the log until there is something to do; undefined: another run of the job has it. */
async function followed(input: JobInput, p: Ports, between: Between): Promise<PassPlan | undefined> {
  for (let no = 1; ; no++) {
    const look = await again(() => followLog({ ...input, look: no }, as('follow', p)), between).catch(
      async (error: unknown) => {
        await recordEnd(input, error, p);
        throw error;
      },
    );
    if (look.step === 'next_run') return undefined;
    if (look.step === 'work') return look.next;
    await between.waits?.(look);
  }
}

/** The steps of SyncJob and SyncTable as the state machines take them, tables and segments at once as the config says. */
async function steps(job: Job, p: Ports, between: Between): Promise<void> {
  const input = { job_id: job.job_id, epoch: job.epoch };
  const plan = await again(() => prepareJob(input, as('prepare', p)), between).catch(async (error: unknown) => {
    await recordEnd(input, error, p);
    throw error;
  });
  const apply = plan.follows ? await followed(input, p, between) : plan.next;
  if (!apply) return; // the job's next run goes on
  for (const pass of PASSES) {
    await between.before?.(pass);
    const levels = await levelsFor({ ...input, pass }, p, between, pass === 'apply' ? apply : undefined);
    for (const level of levels) {
      await pool(level, plan.max_parallel_tables, (table) =>
        onePass({ ...input, table, pass }, p, { between, most: plan.max_parallel_operations }).catch(
          async (error: unknown) => {
            if (!(error instanceof SyncError)) throw error; // a worker's death, or a bug that a test is to see
            await recordEnd({ ...input, table }, error, p);
            const { table_only } = await giveUpTable({ ...input, table, pass, error: { Error: error.code } }, p);
            if (!table_only) throw error;
          },
        ),
      );
    }
  }
  await again(() => settleJob(input, p), between);
}

/** One run of a job that has been started or resumed, to its end. Ends like SyncJob: a step that throws settles the job. */
export async function run(job: Job, p: Ports, between: Between = {}): Promise<Job> {
  try {
    await steps(job, p, between);
  } catch (error) {
    await settleJob({ job_id: job.job_id, epoch: job.epoch, error: { Error: failureOf(error).code } }, p);
    if (failureOf(error).code === 'internal') throw error;
  }
  const ended = await p.jobs.get(job.job_id);
  if (!ended) throw new Error('the job is gone');
  const nextRound = ended.state === 'running' && ended.epoch > job.epoch;
  return nextRound ? run(ended, p, between) : ended;
}

/** One whole job in this process. Ends like SyncJob: a step that throws settles the job as failed. */
export async function runJob(
  pair: Pair,
  config: Partly<JobConfig> = {},
  between: Between = {},
  p: Ports = ports(),
  mode: JobMode = 'full',
): Promise<Outcome> {
  const ended = await run(await start(pair, config, p, mode), p, between);
  return { job: ended, counts: await countsOf(ended, pair), ports: p };
}

export async function countsOf(job: Job, pair: Pair): Promise<Counts> {
  const target = await ALL.target(pair.target.connection, {
    name: 'counts',
    statementTimeoutMs: 0,
  });
  try {
    return sumCounts(await target.loadProgress(job.job_id));
  } finally {
    await target.close();
  }
}
