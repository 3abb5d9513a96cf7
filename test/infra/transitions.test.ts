import { StateMachine } from 'aws-local-stepfunctions';
import { expect, test } from 'vitest';
import { partition, partitionSegments } from '../../lib/orchestrator/paging.ts';
import {
  afterLook,
  afterPlanPass,
  afterPlanTable,
  afterPrepare,
  afterSettleJob,
  afterSettleTable,
} from '../../lib/orchestrator/transitions.ts';
import { allStates, type Definition, definitions, synthesize } from './synthesized.ts';

// What the steps say that the machines do because of them, against the machines: each scenario is run, the states entered are
// counted as they are entered, and both sums must be the same.

const machines = definitions(synthesize().template);
const ids = (n: number) => Array.from({ length: n }, (_, i) => i);

type Json = ConstructorParameters<typeof StateMachine>[0] extends infer T ? T : never;
// biome-ignore lint/suspicious/noExplicitAny: a state's input is JSON of that state's own shape
type Step = (input: any) => unknown;
// biome-ignore lint/suspicious/noExplicitAny: as above
type Told = (output: any, input: any) => { readonly state_transitions: number };

const TOLD: Readonly<Record<string, Told>> = {
  Prepare: afterPrepare,
  FollowChanges: afterLook,
  PlanDeletes: afterPlanPass,
  PlanRevisit: afterPlanPass,
  PlanVerify: afterPlanPass,
  PlanPart: afterPlanPass,
  PlanTable: afterPlanTable,
  SettleTable: afterSettleTable,
  GiveUpTable: afterSettleTable,
  Settle: afterSettleJob,
  SettleFailed: afterSettleJob,
};

const named = (name: string) => Object.assign(new Error(name), { name });

/** Runs a job over the machines. `steps`: what its steps answer. */
async function run(steps: Readonly<Record<string, Step>>) {
  const sum = { entered: 0, told: 0 };
  const execute = async (definition: Definition, input: object): Promise<void> => {
    const children: Readonly<Record<string, Definition>> = { Table: machines.syncTable, Part: machines.syncPart };
    const work = (name: string) => async (given: { Input: object }) => {
      sum.entered += 1; // each try
      const child = Object.entries(children).find(([end]) => name.endsWith(end) && given.Input);
      if (name === 'SegmentPart') return execute(machines.syncTable, given.Input);
      if (child && !steps[name]) return execute(child[1], given.Input);
      const told = TOLD[name];
      try {
        const output = (await steps[name]?.(given)) ?? {};
        sum.told += told?.(output, given).state_transitions ?? 0;
        return output;
      } catch (error) {
        sum.told += told?.(undefined, given).state_transitions ?? 0;
        throw error;
      }
    };
    const tasks = allStates(definition).filter(([, s]) => s.Type === 'Task');
    const machine = new StateMachine(definition as unknown as Json, { validationOptions: { noValidate: true } });
    const context = { State: { RetryCount: 0 }, Task: { Token: 'token' }, Execution: { Id: 'arn' } };
    const running = machine.run(input as never, {
      context,
      overrides: {
        taskResourceLocalHandlers: Object.fromEntries(tasks.map(([name]) => [name, work(name)])) as never,
        waitTimeOverrides: { WaitForChanges: 0 },
        retryIntervalOverrides: Object.fromEntries(tasks.map(([name, { Retry = [] }]) => [name, Retry.map(() => 0)])),
      },
    });
    const count = async () => {
      for await (const event of running.eventLogs)
        if (event.type === 'StateEntered' && event.state.type !== 'Task') sum.entered += 1;
    };
    await Promise.all([running.result, count()]);
  };
  await execute(machines.syncJob, { job_id: JOB, epoch: 1 }).catch(() => undefined); // a job that fails is counted too
  return sum;
}

const JOB = '11111111-2222-4333-8444-555555555555';
const PLAN = { job_id: JOB, epoch: 1, max_parallel_tables: 3, max_parallel_operations: 5, follows: false };
const NONE = { levels: [], parts: [] };
const levels = [ids(3), [3, 4]];
const MANY = new Set(ids(3001));

/** A job of five tables of three segments each, verified again in two. */
const SMALL: Readonly<Record<string, Step>> = {
  Prepare: () => ({ ...PLAN, next: partition(levels, new Set(ids(5))) }),
  PlanDeletes: () => NONE,
  PlanRevisit: () => NONE,
  PlanVerify: () => partition([ids(5)], new Set([1, 4])),
  PlanTable: ({ part }) => partitionSegments(ids(3), part),
};

test.each<[string, Readonly<Record<string, Step>>, number]>([
  ['a small job', SMALL, 82],
  ['a job with nothing to do', { ...SMALL, Prepare: () => ({ ...PLAN, next: NONE }), PlanVerify: () => NONE }, 16],
  [
    'a job of 3,001 tables, in parts of parts',
    {
      Prepare: () => ({ ...PLAN, next: partition([ids(3001)], MANY) }),
      PlanPart: ({ part }) => partition([ids(3001)], MANY, part),
      Table: () => ({}),
      PlanDeletes: () => NONE,
      PlanRevisit: () => NONE,
      PlanVerify: () => NONE,
    },
    3232,
  ],
  ['tables of 130 segments, in parts', { ...SMALL, PlanTable: ({ part }) => partitionSegments(ids(130), part) }, 1097],
  [
    'a table that is given up alone',
    {
      ...SMALL,
      SettleTable: () => {
        throw named('sql_error');
      },
      GiveUpTable: () => ({ table_only: true }),
    },
    103,
  ],
  [
    'steps that are tried again',
    { ...SMALL, PlanVerify: failing(2, 'source_unavailable', NONE), Settle: failing(1, 'Lambda.Unknown', {}) },
    66,
  ],
  [
    'a job that cannot be prepared',
    {
      ...SMALL,
      Prepare: () => {
        throw named('schema_mismatch');
      },
    },
    4,
  ],
  [
    'a job that follows the log, looks three times and works then',
    { ...SMALL, Prepare: () => ({ ...PLAN, follows: true, next: NONE }), FollowChanges: looking(3) },
    91,
  ],
  [
    'one that leaves the rest to its next run',
    {
      ...SMALL,
      Prepare: () => ({ ...PLAN, follows: true, next: NONE }),
      FollowChanges: () => ({ ...PLAN, next: NONE, step: 'next_run' }),
    },
    6,
  ],
])('%s enters as many states as its steps say', async (_, steps, states) => {
  expect(await run(steps)).toEqual({ entered: states, told: states });
});

test('a job that a table fails stops amid states that were foreseen: at most those are too many', async () => {
  const failing: Readonly<Record<string, Step>> = {
    ...SMALL,
    PlanTable: () => {
      throw named('sql_error');
    },
    GiveUpTable: () => ({ table_only: false }),
  };

  const { entered, told } = await run(failing);

  expect(told).toBeGreaterThanOrEqual(entered);
  expect(told - entered).toBeLessThanOrEqual(levels.flat().length + levels.length);
});

/** Fails so often, then answers. */
function failing(times: number, error: string, answer: object): Step {
  let left = times;
  return () => {
    if (left-- > 0) throw named(error);
    return answer;
  };
}

/** Waits until the last look, which finds something. */
function looking(looks: number): Step {
  return ({ look }) => {
    const step = look < looks ? 'wait' : 'work';
    return { ...PLAN, next: partition(levels, new Set(ids(5))), step, look: look + 1, wait_seconds: 0 };
  };
}
