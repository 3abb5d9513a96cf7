import aslValidator from 'asl-validator';
import { type ExecutionError, StateMachine } from 'aws-local-stepfunctions';
import { describe, expect, it } from 'vitest';
import { ERRORS, type ErrorCode, SyncError } from '../../lib/model/errors.ts';
import { lookInput, segmentMessage, settleTableInput, tableInput } from '../../lib/model/message.ts';
import { remedyFor } from '../../lib/orchestrator/healing.ts';
import { allStates, type Definition, definitions, synthesize } from './synthesized.ts';

const { template } = synthesize();
const machines = definitions(template);

const JOB = '11111111-2222-4333-8444-555555555555';

type Json = ConstructorParameters<typeof StateMachine>[0] extends infer T ? T : never;
// biome-ignore lint/suspicious/noExplicitAny: a state's input is JSON of that state's own shape
type Handlers = Record<string, (input: any) => any>;

/** What is told at the end of a run, to nobody. */
const telling: Handlers = { Announce: () => null, AnnounceFailure: () => null };

/** Runs a definition on the runner that serves one machine, with these functions in place of its tasks. */
async function run(definition: Definition, input: object, taskResourceLocalHandlers: Handlers) {
  const machine = new StateMachine(definition as unknown as Json);
  const context = { State: { RetryCount: 0 }, Task: { Token: 'the-token' }, Execution: { Id: 'arn:the-parent' } };
  const retryIntervalOverrides = Object.fromEntries(allStates(definition).map(([name]) => [name, 0]));
  const execution = machine.run(input as never, {
    context,
    overrides: { taskResourceLocalHandlers: { ...telling, ...taskResourceLocalHandlers }, retryIntervalOverrides },
  });
  return execution.result.then(
    () => ({ error: undefined }),
    (failure: ExecutionError) => ({ error: (failure.cause as Error).name, cause: (failure.cause as Error).message }),
  );
}

const named = (name: string, message = 'what happened') => Object.assign(new Error(message), { name });

describe.each(Object.entries(machines))('%s', (_, definition) => {
  const states = allStates(definition);
  const tasks = states.filter(([, state]) => state.Type === 'Task');

  it('is accepted by asl-validator', () => {
    const { isValid, errorsText } = aslValidator(definition, { checkPaths: true, checkArn: true });

    expect(isValid, errorsText()).toBe(true);
  });

  it('is accepted by the older asl-validator inside the local runner', () => {
    expect(() => new StateMachine(definition as unknown as Json)).not.toThrow();
  });

  it('gives every state a name of its own, also across Maps', () => {
    expect(new Set(states.map(([name]) => name)).size).toBe(states.length);
  });

  it('bounds every task in time, and every wait for a token by a shorter heartbeat', () => {
    expect(tasks.length).toBeGreaterThan(0);
    for (const [name, task] of tasks) {
      expect(task.TimeoutSeconds, name).toBeGreaterThan(0);
      // setTimeout, which the local runner counts with, ends at 2^31 ms
      expect(task.TimeoutSeconds, name).toBeLessThan(2 ** 31 / 1000);
      if (!task.Resource?.endsWith('.waitForTaskToken')) continue;
      expect(task.HeartbeatSeconds, name).toBeLessThan(task.TimeoutSeconds as number);
    }
    expect(definition.TimeoutSeconds).toBeLessThan(2 ** 31 / 1000);
  });

  it('retries every task with growing, jittered, bounded waits', () => {
    for (const [name, task] of tasks) {
      expect(task.Retry, name).not.toHaveLength(0);
      for (const retrier of task.Retry ?? []) {
        expect(retrier, name).toMatchObject({ BackoffRate: 2, JitterStrategy: 'FULL' });
        expect(retrier, name).toHaveProperty('MaxDelaySeconds');
      }
    }
  });

  it('retries no code of ours that does not say so', () => {
    const retried = new Set(tasks.flatMap(([, task]) => task.Retry ?? []).flatMap((retrier) => retrier.ErrorEquals));

    expect(retried).not.toContain('States.ALL');
    expect(retried).not.toContain('States.TaskFailed');
    const codes = [...retried].filter((error): error is ErrorCode => error in ERRORS);
    expect(codes).toContain('target_unavailable');
    expect(codes.filter((code) => remedyFor(new SyncError(code, '')) !== 'retry')).toEqual([]);
  });

  it('catches timeouts by name before everything else', () => {
    const caught = Object.entries(definition.States).filter(([name, state]) => state.Catch && name !== 'SettleFailed');

    expect(caught.length).toBeGreaterThan(0);
    for (const [name, state] of caught) {
      expect(
        state.Catch?.map((c) => c.ErrorEquals),
        name,
      ).toEqual([['States.Timeout', 'States.HeartbeatTimeout'], ['States.ALL']]);
    }
  });

  it('leaves no Map result in its state', () => {
    for (const [name, state] of states) if (state.Type === 'Map') expect(state.ResultPath, name).toBeNull();
  });

  it('is written in JSONPath with inline Maps, which both runners execute', () => {
    const text = JSON.stringify(definition);

    expect(text).not.toContain('JSONata');
    expect(text).not.toContain('DISTRIBUTED');
  });
});

describe('syncTable', () => {
  const whole = { part: { from: 0, to: 1_000_000 }, whole: true };
  const input = { job_id: JOB, epoch: 3, table: 7, pass: 'apply', max_parallel_operations: 2, ...whole };

  it('plans, sends one message per segment, then settles', async () => {
    const calls: string[] = [];
    const messages: unknown[] = [];

    const { error } = await run(machines.syncTable, input, {
      PlanTable: (i) => {
        calls.push('plan');
        expect(tableInput.parse(i)).toEqual({ job_id: JOB, epoch: 3, table: 7, pass: 'apply', part: whole.part });
        return { segments: [4, 9], parts: [] };
      },
      SyncSegment: ({ MessageBody }) => messages.push(segmentMessage.parse(MessageBody)),
      SettleTable: (i) => calls.push(`settle ${i.table}`),
    });

    expect(error).toBeUndefined();
    expect(calls).toEqual(['plan', 'settle 7']);
    const common = { v: 1, job_id: JOB, epoch: 3, table: 7, pass: 'apply', task_token: 'the-token' };
    expect(messages).toEqual([
      { ...common, segment: 4 },
      { ...common, segment: 9 },
    ]);
  });

  it('settles at once when there is nothing to do', async () => {
    let settled = 0;

    await run(machines.syncTable, input, {
      PlanTable: () => ({ segments: [], parts: [] }),
      SettleTable: () => settled++,
    });

    expect(settled).toBe(1);
  });

  const refused = (answer: object, given: unknown[] = []) => ({
    PlanTable: () => ({ segments: [0], parts: [] }),
    SyncSegment: () => {
      throw named('row_rejected', 'check constraint owners_pkey');
    },
    GiveUpTable: (i: object) => {
      given.push(i);
      return answer;
    },
  });

  it('ends well when the error was the table alone, so that the other tables go on', async () => {
    const given: unknown[] = [];

    const { error } = await run(machines.syncTable, input, refused({ table_only: true }, given));

    expect(error).toBeUndefined();
    const caught = { Error: 'row_rejected', Cause: 'check constraint owners_pkey' };
    expect(given).toEqual([{ job_id: JOB, epoch: 3, table: 7, pass: 'apply', error: caught }]);
    expect(settleTableInput.parse(given[0])).toEqual(given[0]);
  });

  it('fails with the code and cause that the worker answered when the error is the whole job', async () => {
    const failure = await run(machines.syncTable, input, refused({ table_only: false }));

    expect(failure).toEqual({ error: 'row_rejected', cause: 'check constraint owners_pkey' });
  });

  it.each(['PlanTable', 'SettleTable'])('asks what becomes of the table when %s fails', async (failing) => {
    const fine: Handlers = { PlanTable: () => ({ segments: [], parts: [] }), SettleTable: () => null };

    const { error } = await run(machines.syncTable, input, {
      ...fine,
      [failing]: () => {
        throw named('internal');
      },
      GiveUpTable: () => ({ table_only: true }),
    });

    expect(error).toBeUndefined();
  });

  it('sends a segment again after a database came back', async () => {
    let tries = 0;

    const { error } = await run(machines.syncTable, input, {
      PlanTable: () => ({ segments: [0], parts: [] }),
      SyncSegment: () => {
        if (++tries < 3) throw named('target_unavailable');
      },
      SettleTable: () => null,
    });

    expect(error).toBeUndefined();
    expect(tries).toBe(3);
  });

  it('calls a segment lost when nobody answers, twice', async () => {
    let tries = 0;

    const { error } = await run(machines.syncTable, input, {
      PlanTable: () => ({ segments: [0], parts: [] }),
      SyncSegment: () => {
        tries++;
        throw named('States.HeartbeatTimeout');
      },
    });

    expect(error).toBe('worker_lost');
    expect(tries).toBe(2);
  });
});

/** A handler that comes back a little later, and the most that were under way at once. */
function counted() {
  const seen = { now: 0, most: 0, all: 0 };
  const handler = async () => {
    seen.all += 1;
    seen.most = Math.max(seen.most, ++seen.now);
    for (let i = 0; i < 20; i++) await new Promise(setImmediate);
    seen.now -= 1;
    return null;
  };
  return { seen, handler };
}

it.each([1, 5, 40])('runs at most max_parallel_operations segments of a table at once: %i', async (most) => {
  const { seen, handler } = counted();
  const input = { job_id: JOB, epoch: 3, table: 7, pass: 'apply', part: { from: 0, to: 100 }, whole: true };

  await run(
    machines.syncTable,
    { ...input, max_parallel_operations: most },
    {
      PlanTable: () => ({ segments: Array.from({ length: 60 }, (_, i) => i), parts: [] }),
      SyncSegment: handler,
      SettleTable: () => null,
    },
  );

  expect(seen).toEqual({ now: 0, most, all: 60 });
});

it.each([1, 3, 40])('runs at most max_parallel_tables tables at once, in parts of a job too: %i', async (most) => {
  const { seen, handler } = counted();
  const next = { levels: [Array.from({ length: 60 }, (_, i) => i)], parts: [] };
  const limits = { max_parallel_tables: most, max_parallel_operations: 1 };

  await run(
    machines.syncPart,
    { job_id: JOB, epoch: 1, pass: 'apply', part: { from: 0, to: 1 }, ...limits },
    { PlanPart: () => next, Table: handler },
  );

  expect(seen).toEqual({ now: 0, most, all: 60 });
});

describe('syncJob', () => {
  const plan = {
    job_id: JOB,
    epoch: 2,
    max_parallel_tables: 1,
    max_parallel_operations: 5,
    next: { levels: [[0, 1], [2]], parts: [] },
  };
  const planned = {
    PlanDeletes: () => ({ levels: [[2], [0]], parts: [] }),
    PlanRevisit: () => ({ levels: [[1]], parts: [] }),
    PlanVerify: () => ({ levels: [[0, 1, 2]], parts: [] }),
  };
  const nothing = {
    PlanDeletes: () => ({ levels: [], parts: [] }),
    PlanRevisit: () => ({ levels: [], parts: [] }),
    PlanVerify: () => ({ levels: [], parts: [] }),
  };
  interface Child {
    readonly Name: string;
    readonly StateMachineArn: string;
    readonly Input: Readonly<Record<string, unknown>>;
  }
  const record = (into: string[]) => (child: Child) => {
    into.push(child.Name.slice(JOB.length));
  };

  it('applies parents first, deletes children first, applies what had to wait, compares, settles', async () => {
    const order: string[] = [];

    const { error } = await run(
      machines.syncJob,
      { job_id: JOB, epoch: 2 },
      {
        Prepare: () => plan,
        ...planned,
        ApplyTable: record(order),
        DeleteTable: record(order),
        RevisitTable: record(order),
        VerifyTable: record(order),
        Settle: (i) => order.push(JSON.stringify(i)),
      },
    );

    expect(error).toBeUndefined();
    expect(order).toEqual([
      '-e2-t0-apply-a0',
      '-e2-t1-apply-a0',
      '-e2-t2-apply-a0',
      '-e2-t2-delete-a0',
      '-e2-t0-delete-a0',
      '-e2-t1-revisit-a0',
      '-e2-t0-verify-a0',
      '-e2-t1-verify-a0',
      '-e2-t2-verify-a0',
      `{"job_id":"${JOB}","epoch":2}`,
    ]);
  });

  it.each([
    [true, ['FollowChanges', 'ApplyTable']],
    [false, ['ApplyTable']],
  ])('drains the log before anything is compared, where the job follows it: %s', async (follows, steps) => {
    const order: string[] = [];
    const note = (name: string) => () => order.push(name);

    const { error } = await run(
      machines.syncJob,
      { job_id: JOB, epoch: 2 },
      {
        Prepare: () => ({ ...plan, follows, next: { levels: [[1]], parts: [] } }),
        FollowChanges: (i) => {
          order.push('FollowChanges');
          expect(lookInput.parse(i)).toEqual({ job_id: JOB, epoch: 2, look: 1 });
          return { ...plan, follows, step: 'work', next: { levels: [[1]], parts: [] } };
        },
        ...nothing,
        ApplyTable: note('ApplyTable'),
        Settle: () => null,
      },
    );

    expect(error).toBeUndefined();
    expect(order).toEqual(steps);
  });

  it.each([
    ['work', ['look 1', 'look 2', 'look 3', 'ApplyTable', 'Settle']],
    ['next_run', ['look 1', 'look 2', 'look 3']],
  ])('looks at the log again while there is nothing to do; then: %s', async (last, steps) => {
    const order: string[] = [];
    const none = { levels: [], parts: [] };

    const { error } = await run(
      machines.syncJob,
      { job_id: JOB, epoch: 2 },
      {
        Prepare: () => ({ ...plan, follows: true, next: none }),
        FollowChanges: ({ look }) => {
          order.push(`look ${look}`);
          const more = { ...plan, follows: true, look: look + 1, wait_seconds: 0 };
          return look < 3
            ? { ...more, step: 'wait', next: none }
            : { ...more, step: last, next: { levels: [[1]], parts: [] } };
        },
        ...nothing,
        ApplyTable: () => order.push('ApplyTable'),
        Settle: () => order.push('Settle'),
      },
    );

    expect(error).toBeUndefined();
    expect(order).toEqual(steps);
  });

  it('tells a child its table and pass, and who started it', async () => {
    const children: Child[] = [];
    const push = (child: Child) => children.push(child);

    await run(
      machines.syncJob,
      { job_id: JOB, epoch: 2 },
      {
        Prepare: () => ({ ...plan, next: { levels: [[1]], parts: [] } }),
        ...nothing,
        ApplyTable: push,
        Settle: () => null,
      },
    );

    expect(children).toEqual([
      {
        StateMachineArn: expect.stringContaining(':stateMachine:'),
        Name: `${JOB}-e2-t1-apply-a0`,
        Input: {
          job_id: JOB,
          epoch: 2,
          table: 1,
          pass: 'apply',
          max_parallel_operations: 5,
          part: { from: 0, to: 1_000_000 },
          whole: true,
          AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID: 'arn:the-parent',
        },
      },
    ]);
  });

  it('keeps the names of children within 80 characters', () => {
    expect(`${JOB}-e999999-t99999-revisit-a99`.length).toBeLessThanOrEqual(80);
    expect(`${JOB}-e999999-t99999-revisit-s99999-a99`.length).toBeLessThanOrEqual(80);
    expect(`${JOB}-e999999-revisit-p99999-99999-a99`.length).toBeLessThanOrEqual(80);
  });

  it.each([
    'Prepare',
    'FollowChanges',
    'ApplyTable',
    'PlanDeletes',
    'DeleteTable',
    'PlanRevisit',
    'RevisitTable',
    'PlanVerify',
    'VerifyTable',
    'Settle',
  ])('settles the job as failed when %s fails, and fails with the same error', async (failing) => {
    const settled: unknown[] = [];
    const followed = { ...plan, follows: true, step: 'work' };
    const steps = { Prepare: () => followed, FollowChanges: () => followed };
    const fine: Handlers = { ...steps, ...planned, ...dummies, SettleFailed: (i) => settled.push(i) };

    const failure = await run(
      machines.syncJob,
      { job_id: JOB, epoch: 2 },
      {
        ...fine,
        [failing]: () => {
          throw named('verification_failed');
        },
      },
    );

    expect(failure.error).toBe('verification_failed');
    expect(settled).toEqual([
      { job_id: JOB, epoch: 2, error: { Error: 'verification_failed', Cause: 'what happened' } },
    ]);
  });
});

describe('what is told at the end of a run', () => {
  const input = { job_id: JOB, epoch: 2 };
  const nothing = { levels: [], parts: [] };
  const plans = { PlanDeletes: () => nothing, PlanRevisit: () => nothing, PlanVerify: () => nothing };
  const plan = { ...input, max_parallel_tables: 1, max_parallel_operations: 5, next: nothing };
  const broken = () => {
    throw named('unavailable');
  };

  it('changes nothing of the end, good or bad, whatever goes wrong with it', async () => {
    const good = { Prepare: () => plan, ...plans, Settle: () => null, Announce: broken };
    const bad = {
      Prepare: () => {
        throw named('no_key');
      },
      SettleFailed: () => null,
      AnnounceFailure: broken,
    };

    expect(await run(machines.syncJob, input, good)).toEqual({ error: undefined });
    expect(await run(machines.syncJob, input, bad)).toMatchObject({ error: 'no_key' });
  });

  it('is told after the job has settled, once', async () => {
    const order: string[] = [];
    const note = (name: string) => () => order.push(name);

    await run(machines.syncJob, input, {
      ...{ Prepare: () => plan, ...plans, Settle: note('settled'), Announce: note('told') },
    });

    expect(order).toEqual(['settled', 'told']);
  });
});

const dummies: Handlers = {
  ApplyTable: () => null,
  DeleteTable: () => null,
  RevisitTable: () => null,
  VerifyTable: () => null,
  Settle: () => null,
};
