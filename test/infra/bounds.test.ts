import { StateMachine } from 'aws-local-stepfunctions';
import { expect, test } from 'vitest';
import type { Part, PassPlan } from '../../lib/model/message.ts';
import {
  DIRECT_TABLES,
  EVENTS,
  FAN_OUT,
  LOOKS,
  LOOKS_BEFORE_WORK,
  MOST_EVENTS,
  PAGE_TABLES,
  pagesOf,
  partition,
  partitionSegments,
  SEGMENTS_AT_ONCE,
  SHARES,
  STATE_BYTES,
} from '../../lib/orchestrator/paging.ts';
import { allStates, type Definition, definitions, type State, synthesize } from './synthesized.ts';

const ids = (n: number) => Array.from({ length: n }, (_, i) => i);

const machines = definitions(synthesize().template);

/** How many items each Map has, by its name. */
type Sizes = Readonly<Record<string, number>>;

/** Events of one task: entered, left, and of each try scheduled, started, (submitted,) ended. */
function taskEvents(task: State): number {
  const tries = 1 + (task.Retry ?? []).reduce((n, r) => n + (r.MaxAttempts ?? 3), 0);
  return 2 + tries * (task.Resource?.includes(':states:::') ? 4 : 3);
}

/** Most events that an execution of a definition can have, if all of its states are gone through and every task is retried. */
function mostEvents(definition: Definition, sizes: Sizes, nested = false): number {
  const own = Object.entries(definition.States).map(([name, state]) => {
    if (state.Type === 'Task') return taskEvents(state);
    if (state.Type !== 'Map' || !state.ItemProcessor) return 2;
    const n = sizes[name];
    if (n === undefined) throw new Error(`no size for ${name}`);
    return 4 + n * (2 + mostEvents(state.ItemProcessor, sizes, true)); // entered, started, succeeded, left; two an item
  });
  return own.reduce((a, b) => a + b, nested ? 0 : 2);
}

/** Sizes of the Maps of a machine whose name begins like this. */
const sized = (definition: Definition, size: (name: string) => number): Sizes =>
  Object.fromEntries(
    allStates(definition)
      .filter(([, s]) => s.Type === 'Map')
      .map(([name]) => [name, size(name)]),
  );

/** As many levels as tables: a chain of foreign keys, which costs the most. */
const chain = (tables: number) => (name: string) => (/Levels$/.test(name) ? tables : /Tables$/.test(name) ? 1 : 0);
const parts = (name: string) => (/Parts$/.test(name) ? FAN_OUT : /Tables$/.test(name) ? 1 : 0);

test.each([
  ['a small job', machines.syncJob, chain(DIRECT_TABLES)],
  ['a large job', machines.syncJob, parts],
  ['a page of tables', machines.syncPart, chain(PAGE_TABLES)],
  ['a part of parts', machines.syncPart, parts],
  ['a table, or a part of its segments', machines.syncTable, (n: string) => (n === 'Segments' ? SEGMENTS_AT_ONCE : 0)],
  ['a table of many parts', machines.syncTable, (n: string) => (n === 'Segments' ? 0 : 400 / SEGMENTS_AT_ONCE + 1)],
] as const)('%s stays below 5,000 events, whatever is retried', (_, definition, size) => {
  const most = mostEvents(definition, sized(definition, size));

  expect(most).toBeLessThan(MOST_EVENTS);
  expect(most).toBeGreaterThan(300); // it does count
});

test('what our own code counts at planning is what the machines cost, and leaves room for all that is fixed', () => {
  const cost = (definition: Definition, size: (name: string) => number) =>
    mostEvents(definition, sized(definition, size));
  const none = () => 0;
  const one = (pattern: RegExp) => (name: string) => (pattern.test(name) ? 1 : 0);
  const { syncJob, syncPart, syncTable } = machines;
  const of = (definition: Definition, pattern: RegExp) => cost(definition, one(pattern)) - cost(definition, none);

  expect(of(syncPart, /Levels$/)).toBe(EVENTS.level);
  expect(of(syncPart, /(Levels|Tables)$/)).toBe(EVENTS.level + EVENTS.table);
  expect(of(syncPart, /Parts$/)).toBe(EVENTS.part);
  expect(of(syncJob, /^Apply(Levels|Tables)$/)).toBe(EVENTS.level + EVENTS.table);
  expect(of(syncJob, /^ApplyParts$/)).toBe(EVENTS.part);
  expect(of(syncTable, /^SegmentParts$/)).toBe(EVENTS.part);
  expect(of(syncTable, /^Segments$/)).toBe(EVENTS.segment);
  expect(cost(syncJob, none) + 4 * SHARES.job).toBeLessThan(MOST_EVENTS);
  expect(cost(syncPart, none) + SHARES.part).toBeLessThan(MOST_EVENTS);
  expect(cost(syncTable, none) + SHARES.table).toBeLessThan(MOST_EVENTS);
});

test('a job that follows the log looks at it so often in an execution, and hardly before it goes through a round', () => {
  const { syncJob } = machines;
  const cost = (name: string) => mostEvents({ ...syncJob, States: { [name]: syncJob.States[name] as State } }, {}) - 2;
  const look = cost('FollowChanges') + cost('AfterLook') + cost('WaitForChanges');
  const fixed = mostEvents(
    syncJob,
    sized(syncJob, () => 0),
  );

  expect(fixed + LOOKS * look).toBeLessThan(MOST_EVENTS);
  expect(fixed + LOOKS_BEFORE_WORK * look + 4 * SHARES.job).toBeLessThan(MOST_EVENTS);
});

test('a plan that no execution carries is refused where it is made', () => {
  const chained = ids(PAGE_TABLES).map((t) => [t]);
  const all = new Set(ids(1_000_000));

  expect(() => partitionSegments(ids(20_000))).toThrow(expect.objectContaining({ code: 'execution_too_large' }));
  expect(() => partition(chained, all, { from: 0, to: 1 })).not.toThrow();
});

/** Everything that a tree of executions hands on, and what its leaves run. */
function walk(
  levels: PassPlan['levels'],
  todo: ReadonlySet<number>,
  part?: Part,
): { plans: PassPlan[]; ran: number[] } {
  const plan = partition(levels, todo, part);
  const below = plan.parts.map((p) => walk(levels, todo, p));
  return {
    plans: [plan, ...below.flatMap((b) => b.plans)],
    ran: [...plan.levels.flat(), ...below.flatMap((b) => b.ran)],
  };
}

test.each([
  ['10,000 tables of one level', [ids(10_000)]],
  ['10,000 tables in a chain', ids(10_000).map((t) => [t])],
  ['200,000 tables of uneven levels', [ids(7), ids(149_993).map((t) => t + 7), ids(50_000).map((t) => t + 150_000)]],
  ['one table', [[0]]],
  ['none', []],
] as const)('%s: each execution has a bounded share, and each table runs once, parents first', (_, levels) => {
  const all = levels.flat();

  const { plans, ran } = walk(levels, new Set(all));

  expect(ran).toEqual(all);
  for (const plan of plans) {
    expect(Buffer.byteLength(JSON.stringify(plan))).toBeLessThan(STATE_BYTES / 4);
    expect(plan.parts.length).toBeLessThanOrEqual(FAN_OUT);
    expect(plan.levels.flat().length).toBeLessThanOrEqual(PAGE_TABLES);
    expect(Math.min(plan.parts.length, plan.levels.length)).toBe(0);
  }
  expect(plans[0]?.levels.flat().length).toBeLessThanOrEqual(DIRECT_TABLES);
});

test('what is done meanwhile does not move tables between the parts that were planned', () => {
  const levels = [ids(1_000)];
  const first = partition(levels, new Set(ids(1_000)));
  const left = new Set(ids(1_000).filter((t) => t % 3 > 0));

  const ran = first.parts.flatMap((part) => walk(levels, left, part).ran);

  expect(ran).toEqual([...left]);
  expect(pagesOf(levels)).toHaveLength(10);
});

test('the segments of a table are cut into parts that one execution carries', () => {
  const todo = ids(400).filter((s) => s % 7 > 0);

  const whole = partitionSegments(todo);
  const own = whole.parts.map((part) => partitionSegments(todo, part));

  expect(whole.segments).toEqual([]);
  expect(own.every((p) => p.parts.length === 0 && p.segments.length <= SEGMENTS_AT_ONCE)).toBe(true);
  expect(own.flatMap((p) => p.segments)).toEqual(todo);
  expect(partitionSegments([3, 9])).toEqual({ segments: [3, 9], parts: [] });
});

type Json = ConstructorParameters<typeof StateMachine>[0] extends infer T ? T : never;
// biome-ignore lint/suspicious/noExplicitAny: a state's input is JSON of that state's own shape
type Handlers = Record<string, (input: any) => any>;

/** Runs a definition on the runner that serves one machine. `sizes`: bytes of the input and of each state's input. */
async function run(definition: Definition, input: object, handlers: Handlers, states: number[]): Promise<void> {
  const seen = (name: string) => (i: unknown) => {
    states.push(Buffer.byteLength(JSON.stringify(i)));
    return handlers[name]?.(i) ?? null;
  };
  const taskResourceLocalHandlers = Object.fromEntries(
    allStates(definition)
      .filter(([, s]) => s.Type === 'Task')
      .map(([name]) => [name, seen(name)]),
  );
  const machine = new StateMachine(definition as unknown as Json);
  states.push(Buffer.byteLength(JSON.stringify(input)));
  const context = { State: { RetryCount: 0 }, Task: { Token: 'token' }, Execution: { Id: 'arn' } };
  await machine.run(input as never, { context, overrides: { taskResourceLocalHandlers } }).result;
}

const JOB = '11111111-2222-4333-8444-555555555555';

test('a job over 10,000 tables runs through the machines, each table once, in states of ids', async () => {
  const levels = [ids(4_000), ids(6_000).map((t) => t + 4_000)];
  const todo = new Set(levels.flat());
  const states: number[] = [];
  const ran: number[] = [];
  let executions = 0;
  const nothing = { levels: [], parts: [] };
  const table = (child: { Input: { table: number } }) => ran.push(child.Input.table);
  const part = async (child: { Input: object }): Promise<void> => {
    executions += 1;
    await run(
      machines.syncPart,
      child.Input,
      { PlanPart: (i: { part: Part }) => partition(levels, todo, i.part), Part: part, Table: table },
      states,
    );
  };
  const plan = { job_id: JOB, epoch: 1, max_parallel_tables: 40, max_parallel_operations: 40 };

  await run(
    machines.syncJob,
    { job_id: JOB, epoch: 1 },
    {
      Prepare: () => ({ ...plan, next: partition(levels, todo) }),
      ApplyPart: part,
      PlanDeletes: () => nothing,
      PlanRevisit: () => nothing,
      PlanVerify: () => nothing,
    },
    states,
  );

  expect(ran.toSorted((a, b) => a - b)).toEqual(levels.flat());
  expect(Math.max(...ran.slice(0, 4_000))).toBeLessThan(4_000); // every parent before the first child
  expect(executions).toBeGreaterThanOrEqual(100);
  expect(Math.max(...states)).toBeLessThan(STATE_BYTES);
});

test('a table of 400 segments and 100,000 chunks runs through the machine, and is settled once', async () => {
  const states: number[] = [];
  let [chunks, settled, executions] = [0, 0, 0];
  const handlers: Handlers = {
    PlanTable: (i: { part: Part }) => partitionSegments(ids(400), i.part),
    SegmentPart: async (child: { Input: object }) => {
      executions += 1;
      await run(machines.syncTable, child.Input, handlers, states);
    },
    SyncSegment: () => {
      chunks += 250; // however many: a segment is one task until it is finished
    },
    SettleTable: () => {
      settled += 1;
    },
  };
  const input = { job_id: JOB, epoch: 1, table: 0, pass: 'apply', max_parallel_operations: 40 };

  await run(machines.syncTable, { ...input, whole: true, part: { from: 0, to: 1_000_000 } }, handlers, states);

  expect({ chunks, settled, executions }).toEqual({ chunks: 100_000, settled: 1, executions: 7 });
  expect(Math.max(...states)).toBeLessThan(STATE_BYTES);
});
