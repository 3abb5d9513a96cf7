import { randomUUID } from 'node:crypto';
import { SFNClient } from '@aws-sdk/client-sfn';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { awsWorkflow } from '../../functions/aws/workflow.ts';
import type { Workflow } from '../../lib/ports.ts';
import { AwsFault, type FakeAws, startFakeAws } from './fake-aws.ts';

const MACHINE = 'arn:aws:states:eu-central-1:123456789012:stateMachine:SyncJob';
const EXECUTION = 'arn:aws:states:eu-central-1:123456789012:execution:SyncJob';

describe('a workflow in Step Functions', () => {
  let aws: FakeAws;
  let workflow: Workflow;
  const started = new Set<string>();
  const stopped: string[][] = [];
  let status = 'RUNNING';
  let task: () => object = () => ({});
  beforeEach(async () => {
    started.clear();
    status = 'RUNNING';
    task = () => ({});
    aws = await startFakeAws({
      StartExecution({ name }) {
        const executionArn = `${EXECUTION}:${name}`;
        if (started.has(executionArn)) return new AwsFault('ExecutionAlreadyExists');
        started.add(executionArn);
        return { executionArn, startDate: 0 };
      },
      DescribeExecution({ executionArn }) {
        return started.has(String(executionArn)) ? { status } : new AwsFault('ExecutionDoesNotExist');
      },
      StopExecution({ executionArn, cause }) {
        if (!started.has(String(executionArn))) return new AwsFault('ExecutionDoesNotExist');
        stopped.push([String(executionArn), String(cause)]);
        return { stopDate: 0 };
      },
      SendTaskSuccess: () => task(),
      SendTaskFailure: () => task(),
      SendTaskHeartbeat: () => task(),
    });
    workflow = awsWorkflow(
      () => new SFNClient(aws.client),
      () => MACHINE,
    );
  });
  afterEach(() => aws.close());

  it('starts an execution named for job and epoch, and starting it again changes nothing', async () => {
    const job = { job_id: randomUUID(), epoch: 3 };

    await workflow.start(job);
    await workflow.start(job);

    expect([...started]).toEqual([`${EXECUTION}:job-${job.job_id}-e3`]);
    expect(JSON.parse(String(aws.calls[0]?.input.input))).toEqual(job);
    expect(aws.calls[0]?.input.stateMachineArn).toBe(MACHINE);
  });

  it('survives a lost reply to a start', async () => {
    aws.loseReply('StartExecution');

    await workflow.start({ job_id: randomUUID(), epoch: 1 });

    expect(started.size).toBe(1);
  });

  it.each([
    ['RUNNING', 'running'],
    ['PENDING_REDRIVE', 'running'],
    ['SUCCEEDED', 'ended'],
    ['FAILED', 'ended'],
    ['TIMED_OUT', 'ended'],
    ['ABORTED', 'ended'],
  ])('says of an execution that is %s that it is %s', async (is, expected) => {
    const job = { job_id: randomUUID(), epoch: 1 };
    await workflow.start(job);
    status = is;

    expect(await workflow.state(job)).toBe(expected);
    expect(await workflow.state({ ...job, epoch: 2 })).toBe('missing');
  });

  it('stops an execution, and does not mind one that does not exist', async () => {
    const job = { job_id: randomUUID(), epoch: 2 };
    await workflow.start(job);

    await workflow.stop(job, 'because');
    await workflow.stop({ ...job, epoch: 1 }, 'because');

    expect(stopped).toEqual([[`${EXECUTION}:job-${job.job_id}-e2`, 'because']]);
  });

  it('answers a task', async () => {
    await workflow.succeed('token', { done: true });
    await workflow.fail('token', 'x'.repeat(300), 'y'.repeat(40_000));
    expect(await workflow.beat('token')).toBe(true);

    expect(aws.calls).toEqual([
      { operation: 'SendTaskSuccess', input: { taskToken: 'token', output: '{"done":true}' } },
      {
        operation: 'SendTaskFailure',
        input: { taskToken: 'token', error: 'x'.repeat(256), cause: 'y'.repeat(32_768) },
      },
      { operation: 'SendTaskHeartbeat', input: { taskToken: 'token' } },
    ]);
  });

  it.each(['TaskDoesNotExist', 'TaskTimedOut', 'InvalidToken'])(
    'says at a sign of life that a token is gone, and ignores it else: %s',
    async (type) => {
      task = () => new AwsFault(type);

      await workflow.succeed('token', {});
      await workflow.fail('token', 'e', 'c');
      expect(await workflow.beat('token')).toBe(false);
    },
  );

  it('does not ignore anything else', async () => {
    task = () => new AwsFault('AccessDeniedException');

    for (const answer of [workflow.succeed('t', {}), workflow.fail('t', 'e', 'c'), workflow.beat('t')])
      await expect(answer).rejects.toMatchObject({ code: 'unavailable', facts: { reason: 'AccessDeniedException' } });
  });
});
