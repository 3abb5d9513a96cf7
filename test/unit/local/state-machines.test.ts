import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Json } from '../../../local/json.ts';
import { createExecutions, type Execution } from '../../../local/states/executions.ts';
import { createMachine } from '../../../local/states/machine.ts';
import { TaskError } from '../../../local/states/task-error.ts';
import { createTaskTokens } from '../../../local/states/task-tokens.ts';

const arn = (name: string) => `arn:aws:states:us-east-1:000000000000:stateMachine:${name}`;
const LAMBDA = 'arn:aws:lambda:us-east-1:000000000000:function:work';
const WAIT = 'arn:aws:states:::sqs:sendMessage.waitForTaskToken';
const CHILD = 'arn:aws:states:::states:startExecution.sync:2';

type States = Record<string, unknown>;
const lambda = (more: States = {}): States => ({ Type: 'Task', Resource: LAMBDA, End: true, ...more });
const waiting = (more: States = {}): States => ({
  Type: 'Task',
  Resource: WAIT,
  Parameters: { QueueUrl: 'q', MessageBody: { 'item.$': '$', 'token.$': '$$.Task.Token' } },
  End: true,
  ...more,
});

/** Machines by name, over a function and a queue that the test plays itself. */
function worldOf(machines: Record<string, States>, invoke: (payload: Json) => Promise<Json> = async (p) => p) {
  const tokens = createTaskTokens();
  const sent: { item: Json; token: string }[] = [];
  const executions = createExecutions(
    Object.entries(machines).map(([name, states]) => {
      const definition = 'States' in states ? states : { StartAt: Object.keys(states)[0], States: states };
      return createMachine(arn(name), name, JSON.stringify(definition));
    }),
    {
      tokens,
      invoke: (_name, payload) => invoke(payload),
      async sendMessage({ body }) {
        sent.push(JSON.parse(body));
        return { messageId: 'm' };
      },
    },
  );
  const start = (name: string, input: Json = {}): Execution => executions.start(arn(name), { name: 'run', input });
  return { executions, tokens, sent, start };
}

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] }));
afterEach(() => void vi.useRealTimers());

/** Lets everything that is ready happen, without time passing. */
const settle = () => vi.advanceTimersByTimeAsync(0);

describe('a state machine', () => {
  it('retries by error name, counting attempts in $$.State.RetryCount, and catches what is left', async () => {
    const seen: Json[] = [];
    const { start } = worldOf(
      {
        m: {
          Work: lambda({
            Parameters: {
              'count.$': '$$.State.RetryCount',
              'name.$': "States.Format('{}-a{}', $.id, $$.State.RetryCount)",
            },
            Retry: [{ ErrorEquals: ['busy'], IntervalSeconds: 1, MaxAttempts: 2, BackoffRate: 1 }],
            Catch: [{ ErrorEquals: ['busy'], ResultPath: '$.error', Next: 'Caught' }],
          }),
          Caught: { Type: 'Pass', End: true },
        },
      },
      async (payload) => {
        seen.push(payload);
        throw new TaskError('busy', 'try later');
      },
    );

    const execution = start('m', { id: 'x' });
    await vi.advanceTimersByTimeAsync(5_000);

    expect(seen).toEqual([0, 1, 2].map((count) => ({ count, name: `x-a${count}` })));
    expect(execution.output).toEqual({ id: 'x', error: { Error: 'busy', Cause: 'try later' } });
  });

  it('ends as failed with the name and cause of an error that nothing catches', async () => {
    const { start } = worldOf({ m: { Work: lambda() } }, async () => {
      throw new TaskError('row_rejected', 'why');
    });

    const execution = start('m');
    await settle();

    expect(execution).toMatchObject({ status: 'FAILED', error: 'row_rejected', cause: 'why' });
  });

  it('waits for a task token and goes on with what the answer brought', async () => {
    const { start, sent, tokens } = worldOf({ m: { Wait: waiting() } });
    const execution = start('m', { id: 7 });
    await settle();

    tokens.succeed(sent[0]?.token ?? '', { done: true });
    await settle();

    expect(sent[0]?.item).toEqual({ id: 7 });
    expect(execution).toMatchObject({ status: 'SUCCEEDED', output: { done: true } });
  });

  it('fails a task by the name that SendTaskFailure gave, and takes each token once', async () => {
    const { start, sent, tokens } = worldOf({ m: { Wait: waiting() } });
    const execution = start('m');
    await settle();

    tokens.fail(sent[0]?.token ?? '', new TaskError('target_unavailable', 'gone'));
    await settle();

    expect(execution).toMatchObject({ status: 'FAILED', error: 'target_unavailable' });
    expect(() => tokens.succeed(sent[0]?.token ?? '', {})).toThrow(expect.objectContaining({ name: 'TaskTimedOut' }));
    expect(() => tokens.beat('forged')).toThrow(expect.objectContaining({ name: 'TaskDoesNotExist' }));
  });

  it('raises States.HeartbeatTimeout only when heartbeats stay away', async () => {
    const { start, sent, tokens } = worldOf({ m: { Wait: waiting({ HeartbeatSeconds: 10, TimeoutSeconds: 100 }) } });
    const execution = start('m');
    await vi.advanceTimersByTimeAsync(9_000);
    tokens.beat(sent[0]?.token ?? '');
    await vi.advanceTimersByTimeAsync(9_000);
    const before = execution.status;
    await vi.advanceTimersByTimeAsync(1_000);

    expect(before).toBe('RUNNING');
    expect(execution).toMatchObject({ status: 'FAILED', error: 'States.HeartbeatTimeout' });
  });

  it('raises States.Timeout, which States.TaskFailed does not match, and forgets the token', async () => {
    const { start, sent, tokens } = worldOf({
      m: {
        Wait: waiting({ TimeoutSeconds: 5, Catch: [{ ErrorEquals: ['States.TaskFailed'], Next: 'No' }] }),
        No: { Type: 'Pass', End: true },
      },
    });
    const execution = start('m');
    await vi.advanceTimersByTimeAsync(5_000);

    expect(execution).toMatchObject({ status: 'FAILED', error: 'States.Timeout' });
    expect(() => tokens.succeed(sent[0]?.token ?? '', {})).toThrow(expect.objectContaining({ name: 'TaskTimedOut' }));
  });

  it('does not end a task after a minute when it names no timeout', async () => {
    const { start, tokens, sent } = worldOf({ m: { Wait: waiting() } });
    const execution = start('m');
    await vi.advanceTimersByTimeAsync(3_600_000);
    tokens.succeed(sent[0]?.token ?? '', 1);
    await settle();

    expect(execution.status).toBe('SUCCEEDED');
  });

  it('runs a child to its end and gives its output, or fails with its description as cause', async () => {
    const child = { StateMachineArn: arn('child'), 'Name.$': '$.name', Input: { 'n.$': '$.n' } };
    const { start } = worldOf(
      { parent: { Call: lambda({ Resource: CHILD, Parameters: child }) }, child: { Work: lambda() } },
      async (payload) => {
        if (JSON.stringify(payload) === '{"n":2}') throw new TaskError('no_key', 'because');
        return 'fine';
      },
    );
    const good = start('parent', { name: 'c1', n: 1 });
    await settle();
    const { executions } = worldOf(
      { parent: { Call: lambda({ Resource: CHILD, Parameters: child }) }, child: { Work: lambda() } },
      async () => {
        throw new TaskError('no_key', 'because');
      },
    );
    const bad = executions.start(arn('parent'), { input: { name: 'c2', n: 2 } });
    await settle();

    expect(good.output).toMatchObject({ Name: 'c1', Status: 'SUCCEEDED', Output: 'fine', Input: { n: 1 } });
    expect(bad.error).toBe('States.TaskFailed');
    expect(JSON.parse(bad.cause ?? '')).toMatchObject({
      Name: 'c2',
      Status: 'FAILED',
      Error: 'no_key',
      Cause: 'because',
    });
  });

  it('stops the children of a stopped execution and forgets their tokens', async () => {
    const { start, executions, sent, tokens } = worldOf({
      parent: {
        Call: lambda({ Resource: CHILD, Parameters: { StateMachineArn: arn('child'), Name: 'c', Input: {} } }),
      },
      child: { Wait: waiting() },
    });
    const execution = start('parent');
    await settle();
    executions.stop(execution.arn, { error: 'stopped' });
    await settle();

    expect(execution).toMatchObject({ status: 'ABORTED', error: 'stopped' });
    expect(executions.find(arn('child').replace('stateMachine', 'execution').concat(':c')).status).toBe('ABORTED');
    expect(() => tokens.succeed(sent[0]?.token ?? '', {})).toThrow(expect.objectContaining({ name: 'TaskTimedOut' }));
  });

  it('gives up the other iterations of a Map when one fails, also those that have not begun', async () => {
    const each = { StartAt: 'Wait', States: { Wait: waiting({ ResultPath: null }) } };
    const { start, sent, tokens } = worldOf({
      m: {
        Each: {
          Type: 'Map',
          ItemsPath: '$.items',
          MaxConcurrencyPath: '$.n',
          ItemProcessor: each,
          Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: 'After' }],
          End: true,
        },
        After: { Type: 'Pass', End: true },
      },
    });
    const execution = start('m', { items: [1, 2, 3, 4], n: 2 });
    await settle();
    tokens.fail(sent[0]?.token ?? '', new TaskError('x', 'y'));
    await settle();

    expect(execution.output).toMatchObject({ error: { Error: 'x', Cause: 'y' } });
    expect(sent.map(({ item }) => item)).toEqual([1, 2]);
    expect(() => tokens.succeed(sent[1]?.token ?? '', {})).toThrow(expect.objectContaining({ name: 'TaskTimedOut' }));
  });

  it('passes an empty Map, keeps the input with ResultPath null, and shows the execution inside a Map', async () => {
    const inner = {
      StartAt: 'Work',
      States: {
        Work: lambda({ Parameters: { 'in.$': '$$.Execution.Input', 'id.$': '$$.Execution.Name', 'item.$': '$' } }),
      },
    };
    const seen: Json[] = [];
    const { start } = worldOf(
      {
        m: {
          None: { Type: 'Map', ItemsPath: '$.none', ItemProcessor: inner, ResultPath: null, Next: 'Some' },
          Some: {
            Type: 'Map',
            ItemsPath: '$.some',
            ItemSelector: { 'v.$': '$$.Map.Item.Value' },
            ItemProcessor: inner,
            ResultPath: null,
            End: true,
          },
        },
      },
      async (payload) => {
        seen.push(payload);
        return null;
      },
    );
    const input = { none: [], some: [5] };
    const execution = start('m', input);
    await settle();

    expect(execution.output).toEqual(input);
    expect(seen).toEqual([{ in: input, id: 'run', item: { v: 5 } }]);
  });

  it('matches IsPresent: false', async () => {
    const { start } = worldOf({
      m: {
        Pick: { Type: 'Choice', Choices: [{ Variable: '$.a', IsPresent: false, Next: 'Absent' }], Default: 'Present' },
        Absent: { Type: 'Pass', Result: 'absent', End: true },
        Present: { Type: 'Pass', Result: 'present', End: true },
      },
    });
    const execution = start('m');
    await settle();

    expect(execution.output).toBe('absent');
  });

  it('starts a name once: again with the same input is the same run, anything else is refused', async () => {
    const { start, executions } = worldOf({ m: { Wait: waiting() } });
    const first = start('m', { a: 1, b: 2 });

    expect(start('m', { b: 2, a: 1 })).toBe(first);
    expect(() => start('m', { a: 2 })).toThrow(expect.objectContaining({ name: 'ExecutionAlreadyExists' }));
    executions.stopAll();
    expect(() => start('m', { a: 1, b: 2 })).toThrow(expect.objectContaining({ name: 'ExecutionAlreadyExists' }));
  });

  it('counts history as AWS does: 8 events a Map iteration with a token, 6 around them', async () => {
    const each = { StartAt: 'Wait', States: { Wait: waiting() } };
    const { start, sent, tokens, executions } = worldOf({
      m: { Each: { Type: 'Map', ItemProcessor: each, End: true } },
    });
    start('m', [1, 2]);
    await settle();
    for (const { token } of sent) tokens.succeed(token, {});
    await settle();

    expect(executions.largestHistory()).toBe(2 * 8 + 6);
  });

  it.each([
    ['JSONata', { StartAt: 'A', QueryLanguage: 'JSONata', States: { A: lambda() } }],
    ['an unknown resource', { A: lambda({ Resource: 'arn:aws:states:::dynamodb:getItem' }) }],
    [
      'a distributed Map',
      {
        A: {
          Type: 'Map',
          ItemProcessor: { ProcessorConfig: { Mode: 'DISTRIBUTED' }, StartAt: 'B', States: { B: lambda() } },
          End: true,
        },
      },
    ],
  ])('refuses a definition with %s when it is loaded', (_name, states) => {
    expect(() => worldOf({ m: states as States })).toThrow();
  });
});
