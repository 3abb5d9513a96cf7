import { SyncError } from '../../../lib/model/errors.ts';
import { PASSES, type Pass } from '../../../lib/model/job.ts';
import type { JobInput, SegmentMessage } from '../../../lib/model/message.ts';
import { copyOf } from '../../../lib/orchestrator/connections.ts';
import { failSegment, giveUpSegment } from '../../../lib/orchestrator/give-up-segment.ts';
import { giveUpTable } from '../../../lib/orchestrator/give-up-table.ts';
import { remedyFor, retryDelaySeconds } from '../../../lib/orchestrator/healing.ts';
import { prepareJob } from '../../../lib/orchestrator/prepare-job.ts';
import { failureOf, recordEnd } from '../../../lib/orchestrator/record-failure.ts';
import type { RunPorts } from '../../../lib/orchestrator/run-ports.ts';
import { runSegment } from '../../../lib/orchestrator/run-segment.ts';
import { settleJob } from '../../../lib/orchestrator/settle-job.ts';
import { sweep } from '../../../lib/orchestrator/sweep.ts';
import { planPass, planTable, settleTable } from '../../../lib/orchestrator/table-steps.ts';
import type { ConnectionPair } from '../../../lib/ports.ts';
import { memoryAuditLog, memoryJobStore } from '../../contract/memory.ts';
import { memorySecrets } from '../../support/memory-ports.ts';
import type { Breakage } from '../breakages.ts';
import type { Random } from '../random.ts';
import { AWAY, simDatabases } from './databases.ts';
import type { Actor, Scheduler } from './scheduler.ts';
import type { World } from './world.ts';

/** As the stack has it: what a worker hides its message for, how often it extends that, deliveries before the dead letters. */
const HIDDEN_MS = 30_000;
const EXTEND_MS = 10_000;
const LAST_DELIVERY = 5;
const SWEEP_MS = 60_000;
const HEARTBEAT_MS = 3_600_000;
/** Segments worked on at once. */
const WORKERS = 4;

interface Message {
  readonly body: SegmentMessage;
  deliveries: number;
  visibleMs: number;
  done: boolean;
}

/** What Step Functions waits for; `settled` is called once, by whoever is first. */
interface Task {
  beatMs: number;
  answered: boolean;
  readonly settle: (error?: StepError) => void;
}

/** An error as Step Functions sees it. */
class StepError extends Error {
  readonly code: string;
  constructor(code: string, cause: string) {
    super(cause);
    this.code = code;
  }
}

/** codes and attempts as infra/asl.ts retries them */
const OUTAGE = ['source_unavailable', 'target_unavailable', 'connection_unreachable', 'unavailable'];
const DEATH = ['Lambda.Unknown'];
const OUTAGE_TRIES = 8;
const DEATH_TRIES = 3;

/** What a schedule may do to the service. */
export interface Mischief {
  /** Whether the message is delivered a second time, at once. */
  duplicate(): boolean;
  /** Whether the queue takes a message whose sender is told that it did not: it is sent again, with another token. */
  answerLost(): boolean;
  readonly breakage?: Breakage;
}

export type Service = ReturnType<typeof simService>;

/** The whole service in memory: queue, workflow engine, functions as processes, sweeper. All of lib is the real one. */
export function simService(world: World, scheduler: Scheduler, random: Random, mischief: Mischief) {
  const jobs = memoryJobStore();
  const secrets = memorySecrets();
  const audit = memoryAuditLog();
  const logged: string[] = [];
  /** Segments that nobody gave a sign of life of for a whole heartbeat. */
  const silent: string[] = [];
  const queue: Message[] = [];
  const executions = new Map<string, { running: boolean; readonly actor: Actor }>();
  const tasks = new Map<string, Task>();
  let working = 0;
  let numbers = 0;
  const skews = [0, 0, 0, 600_000, -600_000];

  /** Every method of a store as two turns of a process: it is done, and its answer arrives. */
  function turned<T extends object>(name: string, actor: Actor, store: T): T {
    return new Proxy(store, {
      get(of, key) {
        const method = Reflect.get(of, key) as (...args: unknown[]) => Promise<unknown>;
        return async (...args: unknown[]) => {
          await scheduler.step(actor, `${name}.${String(key)}`);
          const answer = await method.apply(of, args);
          await scheduler.step(actor, `${name}.${String(key)} reply`);
          return answer;
        };
      },
    });
  }

  const nameOf = ({ job_id, epoch }: JobInput) => `${job_id}-e${epoch}`;
  const answer = (token: string, error?: StepError) => {
    const task = tasks.get(token);
    if (!task || task.answered) return;
    task.answered = true;
    task.settle(error);
  };
  const workflow: RunPorts['workflow'] = {
    async start(input) {
      const name = nameOf(input);
      if (executions.has(name)) return;
      const actor = scheduler.actor(`execution ${name}`);
      const execution = { running: true, actor };
      executions.set(name, execution);
      void syncJob(input, actor).then(() => {
        execution.running = false;
      });
    },
    async state(input) {
      const found = executions.get(nameOf(input));
      return found ? (found.running ? 'running' : 'ended') : 'missing';
    },
    async stop(input) {
      const found = executions.get(nameOf(input));
      if (!found?.running) return;
      found.running = false;
      scheduler.kill(found.actor);
    },
    succeed: async (token) => answer(token),
    fail: async (token, code, cause) => answer(token, new StepError(code, cause)),
    async beat(token) {
      const task = tasks.get(token);
      if (!task || task.answered) return false;
      task.beatMs = scheduler.nowMs;
      return true;
    },
  };

  function portsOf(actor: Actor): RunPorts {
    return {
      jobs: turned('jobs', actor, jobs),
      secrets: turned('secrets', actor, secrets),
      audit: turned('audit', actor, audit),
      workflow: turned('workflow', actor, workflow),
      databases: simDatabases(world, scheduler, actor, mischief.breakage),
      clock: () => new Date(scheduler.nowMs + actor.skewMs),
      log: {
        info: () => undefined,
        warn: (message) => void logged.push(`${actor.name}: ${message}`),
        error: (message, fields) => void logged.push(`${actor.name}: ${message} ${JSON.stringify(fields)}`),
      },
    };
  }

  /** Runs `work` as a process of its own. Resolves with its error, also when it is killed. */
  function process(name: string, work: (ports: RunPorts, actor: Actor) => Promise<void>): Promise<unknown> {
    const actor = scheduler.actor(`${name} #${++numbers}`, random.pick(skews));
    return new Promise((resolve) => {
      actor.atDeath.push(() => resolve(new StepError('Lambda.Unknown', 'killed')));
      void work(portsOf(actor), actor)
        .then(
          () => undefined,
          (error: unknown) => error,
        )
        .then((error) => {
          const killed = actor.dead;
          actor.atDeath.length = killed ? 0 : actor.atDeath.length;
          resolve(error);
          if (!killed) scheduler.kill(actor); // it ends: its connections close
        });
    });
  }

  /** As functions/workflow/step.ts: what is worth a retry is thrown, the rest is recorded first. */
  async function step<T>(at: JobInput & { table?: number }, ports: RunPorts, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const failure = failureOf(error);
      if (failure.code === 'internal') logged.push(`internal: ${(error as Error).stack}`);
      if (failure.code !== 'epoch_superseded') await recordEnd(at, error, ports);
      throw new StepError(failure.code, failure.message);
    }
  }

  /** A Task state that invokes a function, with the retries of infra/asl.ts. */
  async function invoke<T>(
    name: string,
    engine: Actor,
    at: JobInput & { table?: number },
    work: (ports: RunPorts) => Promise<T>,
  ): Promise<T> {
    const left = { outage: OUTAGE_TRIES, death: DEATH_TRIES };
    for (;;) {
      let result: T | undefined;
      const error = await process(name, async (ports) => {
        result = await step(at, ports, () => work(ports));
      });
      await scheduler.step(engine, `${name} answered`);
      if (!error) return result as T;
      const code = error instanceof StepError ? error.code : failureOf(error).code;
      const kind = OUTAGE.includes(code) ? 'outage' : DEATH.includes(code) ? 'death' : undefined;
      if (!kind || left[kind]-- === 0) throw error instanceof StepError ? error : new StepError(code, code);
      await scheduler.sleep(engine, random.below(kind === 'outage' ? 60_000 : 20_000));
    }
  }

  /** sqs:sendMessage.waitForTaskToken. */
  async function segment(at: JobInput & { table: number; pass: Pass }, no: number, engine: Actor): Promise<void> {
    const left = { outage: OUTAGE_TRIES, silence: 1 };
    for (;;) {
      const token = `token ${++numbers}`;
      const { job_id, epoch, table, pass } = at;
      queue.push({
        body: { v: 1, job_id, epoch, table, pass, segment: no, task_token: token },
        deliveries: 0,
        visibleMs: scheduler.nowMs,
        done: false,
      });
      if (mischief.answerLost()) {
        await scheduler.sleep(engine, 2_000);
        continue;
      }
      const error = await new Promise<StepError | undefined>((settle) => {
        const task: Task = { beatMs: scheduler.nowMs, answered: false, settle };
        tasks.set(token, task);
        const look = () => {
          if (task.answered || engine.dead) return;
          if (scheduler.nowMs - task.beatMs >= HEARTBEAT_MS) {
            silent.push(`${job_id}, table ${table}, ${pass}, segment ${no}`);
            answer(token, new StepError('States.HeartbeatTimeout', ''));
          } else scheduler.after(HEARTBEAT_MS, look);
        };
        scheduler.after(HEARTBEAT_MS, look);
      });
      await scheduler.step(engine, 'segment answered');
      if (!error) return;
      const kind = OUTAGE.includes(error.code) ? 'outage' : /Heartbeat/.test(error.code) ? 'silence' : undefined;
      if (!kind || left[kind]-- === 0) throw kind === 'silence' ? new StepError('worker_lost', '') : error;
      await scheduler.sleep(engine, random.below(60_000));
    }
  }

  async function syncTable(at: JobInput & { table: number; pass: Pass }, engine: Actor): Promise<void> {
    try {
      const { segments } = await invoke('plan-table', engine, at, (p) => planTable(at, p));
      await Promise.all(segments.map((no) => segment(at, no, engine)));
      await invoke('settle-table', engine, at, (p) => settleTable(at, p));
    } catch (error) {
      const { code, message } = error as StepError;
      const caught = { Error: code, Cause: message };
      const { table_only } = await invoke('settle-table', engine, at, (p) => giveUpTable({ ...at, error: caught }, p));
      if (!table_only) throw error;
    }
  }

  /** The steps of SyncJob. Step Functions itself does not fail; it may be stopped. */
  async function syncJob({ job_id, epoch }: JobInput, engine: Actor): Promise<void> {
    const at = { job_id, epoch };
    try {
      const plan = await invoke('prepare-job', engine, at, (p) => prepareJob(at, p));
      for (const pass of PASSES) {
        const { levels } =
          pass === 'apply' ? plan.next : await invoke('plan-pass', engine, at, (p) => planPass({ ...at, pass }, p)); // two tables: no parts
        for (const level of levels) await Promise.all(level.map((table) => syncTable({ ...at, table, pass }, engine)));
      }
      await invoke('settle-job', engine, at, (p) => settleJob(at, p));
    } catch (error) {
      const { code, message } = error as StepError;
      const caught = { Error: 'States.TaskFailed', Cause: JSON.stringify({ Error: code, Cause: message }) };
      await invoke('settle-job', engine, at, (p) => settleJob({ ...at, error: caught }, p)).catch(() => undefined);
    }
  }

  /** As functions/worker/sync-segment.ts handles one record. */
  async function handle(message: Message, ports: RunPorts, actor: Actor): Promise<void> {
    const { body, deliveries } = message;
    const deadlineMs = scheduler.nowMs + 75_000 + random.below(400_000);
    if (mischief.breakage === 'ack_before_commit') await workflow.succeed(body.task_token, {});
    try {
      const outcome = await runSegment(body, {
        ...ports,
        owner: actor.name,
        remainingMs: () => deadlineMs - scheduler.nowMs,
        wait: (ms) => scheduler.sleep(actor, ms),
        random: random.next,
      });
      if (outcome === 'continue') {
        await scheduler.step(actor, 'queue.send');
        queue.push({ body, deliveries: 0, visibleMs: scheduler.nowMs, done: false });
      }
      if (outcome === 'finished') await ports.workflow.succeed(body.task_token, {});
      if (outcome === 'overtaken' && (await ports.workflow.beat(body.task_token))) {
        const { message: copy, delaySeconds } = copyOf(body, random.next());
        await scheduler.step(actor, 'queue.send');
        queue.push({ body: copy, deliveries: 0, visibleMs: scheduler.nowMs + delaySeconds * 1_000, done: false });
      }
    } catch (error) {
      if (remedyFor(error) === 'retry' && deliveries < LAST_DELIVERY) {
        message.visibleMs = scheduler.nowMs + retryDelaySeconds(deliveries, random.next()) * 1000;
        return;
      }
      const failure = failureOf(error);
      if (failure.code === 'internal') logged.push(`internal: ${(error as Error).stack}`);
      await failSegment(body, error, ports);
    }
    await scheduler.step(actor, 'queue.delete');
    message.done = true;
  }

  function deliver(message: Message): void {
    message.deliveries += 1;
    message.visibleMs = scheduler.nowMs + HIDDEN_MS;
    working += 1;
    let over = false;
    void process('sync-segment', async (ports, actor) => {
      const alive = () => {
        if (over || actor.dead) return;
        scheduler.after(EXTEND_MS, alive);
        if (actor.pausedUntilMs > scheduler.nowMs) return;
        message.visibleMs = scheduler.nowMs + HIDDEN_MS;
        void workflow.beat(message.body.task_token);
        void jobs.heartbeat(
          message.body.job_id,
          message.body.epoch,
          new Date(scheduler.nowMs + actor.skewMs).toISOString(),
        );
      };
      alive();
      await handle(message, ports, actor);
    }).then(() => {
      over = true;
      working -= 1;
    });
  }

  function bury(message: Message): void {
    message.done = true;
    void process('dead-letters', (ports) => giveUpSegment(message.body, ports)).then((error) => {
      if (error) message.done = false; // reported as failed: it comes again
    });
  }

  /** One delivery, if there is one to make: any visible message, some of them twice. */
  function poll(): void {
    const visible = queue.filter((m) => !m.done && m.visibleMs <= scheduler.nowMs);
    if (visible.length === 0 || working >= WORKERS) return;
    const message = random.pick(visible);
    if (message.deliveries >= LAST_DELIVERY) {
      bury(message);
      return;
    }
    deliver(message);
    if (mischief.duplicate()) deliver(message);
  }

  const poller = () => {
    poll();
    scheduler.after(500, poller);
  };
  const sweeper = () => {
    void process('sweeper', ({ conflicts: _, ...ports }) => sweep(ports));
    scheduler.after(SWEEP_MS, sweeper);
  };
  poller();
  scheduler.after(SWEEP_MS, sweeper);

  return { jobs, audit, secrets, workflow, process, logged, silent, queue, executions };
}

/** The error that a call of this kind answers with when what it asks is away. */
export function awayError(label: string): Error | undefined {
  const code = AWAY[label.split('.')[0] ?? ''];
  return code && new SyncError(code, `${label} did not answer`);
}

export const PAIR: ConnectionPair = {
  source: { host: 'source', port: 5432, database: 'a', user: 'sync' },
  target: { host: 'target', port: 5432, database: 'b', user: 'sync' },
};
