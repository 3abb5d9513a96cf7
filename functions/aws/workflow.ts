import {
  DescribeExecutionCommand,
  SendTaskFailureCommand,
  SendTaskHeartbeatCommand,
  SendTaskSuccessCommand,
  type SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import type { JobInput } from '../../lib/model/message.ts';
import type { Workflow } from '../../lib/ports.ts';
import { calling, isAws } from './errors.ts';

/** What Step Functions takes at most, in characters. */
const MAX_ERROR = 256;
const MAX_CAUSE = 32_768;

const call = <T>(work: () => Promise<T>) => calling('workflow', work);

/** As much of SyncJob as commands need: 6 KB less in a bundle that answers no task. `machine` is its ARN. */
export function awsStarter(client: () => SFNClient, machine: () => string): Pick<Workflow, 'start' | 'stop'> {
  return {
    start: (input) =>
      call(async () => {
        try {
          const { job_id, epoch } = input;
          await client().send(
            new StartExecutionCommand({
              stateMachineArn: machine(),
              name: executionName(input),
              input: JSON.stringify({ job_id, epoch }),
            }),
          );
        } catch (error) {
          if (!isAws(error, 'ExecutionAlreadyExists')) throw error;
        }
      }),
    stop: (input, cause) =>
      call(async () => {
        try {
          const executionArn = arnOf(machine(), input);
          await client().send(new StopExecutionCommand({ executionArn, cause: cause.slice(0, MAX_CAUSE) }));
        } catch (error) {
          if (!isAws(error, 'ExecutionDoesNotExist')) throw error;
        }
      }),
  };
}

/** SyncJob on Step Functions; `machine` is its ARN. */
export function awsWorkflow(client: () => SFNClient, machine: () => string): Workflow {
  return {
    ...awsStarter(client, machine),
    state: (input) =>
      call(async () => {
        try {
          const { status } = await client().send(
            new DescribeExecutionCommand({ executionArn: arnOf(machine(), input) }),
          );
          return status === 'RUNNING' || status === 'PENDING_REDRIVE' ? 'running' : 'ended';
        } catch (error) {
          if (isAws(error, 'ExecutionDoesNotExist')) return 'missing';
          throw error;
        }
      }),
    succeed: (taskToken, output) =>
      call(async () => {
        await unlessGone(() =>
          client().send(new SendTaskSuccessCommand({ taskToken, output: JSON.stringify(output) })),
        );
      }),
    fail: (taskToken, error, cause) =>
      call(async () => {
        const failure = { taskToken, error: error.slice(0, MAX_ERROR), cause: cause.slice(0, MAX_CAUSE) };
        await unlessGone(() => client().send(new SendTaskFailureCommand(failure)));
      }),
    beat: (taskToken) => call(() => unlessGone(() => client().send(new SendTaskHeartbeatCommand({ taskToken })))),
  };
}

const arnOf = (machine: string, input: JobInput): string =>
  `${machine.replace(':stateMachine:', ':execution:')}:${executionName(input)}`;

function executionName({ job_id, epoch }: JobInput): string {
  return `job-${job_id}-e${epoch}`;
}

/** False when the token is gone: somebody answered it, its task timed out or its execution was stopped. */
async function unlessGone(answer: () => Promise<unknown>): Promise<boolean> {
  try {
    await answer();
    return true;
  } catch (error) {
    if (!isAws(error, 'TaskDoesNotExist', 'TaskTimedOut', 'InvalidToken')) throw error;
    return false;
  }
}
