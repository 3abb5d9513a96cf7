import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { type Asl, catchInto, forEach, invoke, pick, place, runChild, sendAndWait } from '../asl.ts';
import type { SegmentQueue } from './segment-queue.ts';
import type { ServiceFunction } from './service-function.ts';
import { allowChildren, machineArn, WorkflowMachine } from './workflow-machine.ts';

/**
 * Long enough for a whole county: PlanTable, then Segments, then SettleTable. Reached only when something is broken.
 * The local runner counts in setTimeout, which ends at 24.8 days.
 */
export const SYNC_TABLE_TIMEOUT_SECONDS = 7 * 86_400;

export interface SyncTableMachineProps {
  readonly planTable: ServiceFunction;
  readonly settleTable: ServiceFunction;
  readonly segments: SegmentQueue;
  readonly logRetention: RetentionDays;
}

/** One pass over one table: plan its segments, dispatch them through the queue, settle. */
export class SyncTableMachine extends Construct {
  readonly arn: string;

  constructor(scope: Construct, props: SyncTableMachineProps) {
    super(scope, 'SyncTable');
    const machine = new WorkflowMachine(this, 'Workflow', {
      name: 'sync-table',
      definition: syncTableDefinition({
        planSeconds: props.planTable.timeout.toSeconds(),
        settleSeconds: props.settleTable.timeout.toSeconds(),
      }),
      substitutions: {
        PlanTableArn: props.planTable.arn,
        SettleTableArn: props.settleTable.arn,
        SegmentQueueUrl: props.segments.queue.queueUrl,
        SyncTableArn: machineArn('sync-table'),
      },
      logRetention: props.logRetention,
    });
    machine.allow(['lambda:InvokeFunction'], [props.planTable.arn, props.settleTable.arn]);
    machine.allow(['sqs:SendMessage'], [props.segments.queue.queueArn]);
    allowChildren(machine, ['sync-table']);
    this.arn = machine.arn;
  }
}

/**
 * Input: `TableInput` with its part and `max_parallel_operations` of lib/model/message.ts, and `whole`: true but for children
 * of this machine. States carry ids only.
 *
 * How long a lost segment can go unnoticed: a worker that dies is replaced by the queue within 45 s, five times; after
 * that the message lies with the dead letters and nobody beats. The heartbeat runs out 1 h later, the message is sent
 * once more, and after another hour the table fails as `worker_lost`: 2 h and some minutes. The hour is that long because
 * it also runs while the message waits in the queue behind other jobs.
 *
 * History: at most SEGMENTS_AT_ONCE segments (lib/orchestrator/paging.ts): below 5,000 events whatever is retried.
 */
function syncTableDefinition(limits: { readonly planSeconds: number; readonly settleSeconds: number }): Asl {
  const table = ['job_id', 'epoch', 'table', 'pass'] as const;
  return {
    Comment: 'One pass over one table of a sync job.',
    StartAt: 'PlanTable',
    TimeoutSeconds: SYNC_TABLE_TIMEOUT_SECONDS,
    States: {
      PlanTable: {
        ...invoke(place('PlanTableArn'), limits.planSeconds, pick(...table, 'part')),
        ResultPath: '$.plan',
        Catch: catchInto('GiveUpTable', 'StepTimedOut'),
        Next: 'SegmentParts',
      },
      // A table of many segments: a child of the same machine for each part of them, one after another.
      SegmentParts: {
        ...forEach(
          '$.plan.parts',
          { MaxConcurrency: 1 },
          { ...pick(...table, 'max_parallel_operations'), 'part.$': '$$.Map.Item.Value' },
          [
            'SegmentPart',
            runChild(
              place('SyncTableArn'),
              "States.Format('{}-e{}-t{}-{}-s{}-a{}', $.job_id, $.epoch, $.table, $.pass, $.part.from, $$.State.RetryCount)",
              SYNC_TABLE_TIMEOUT_SECONDS,
              { ...pick(...table, 'part', 'max_parallel_operations'), whole: false },
            ),
          ],
        ),
        Catch: catchInto('GiveUpTable', 'SegmentLost'),
        Next: 'Segments',
      },
      Segments: {
        ...forEach(
          '$.plan.segments',
          { MaxConcurrencyPath: '$.max_parallel_operations' },
          { ...pick(...table), 'segment.$': '$$.Map.Item.Value' },
          [
            'SyncSegment',
            sendAndWait(
              place('SegmentQueueUrl'),
              { heartbeatSeconds: 3600, timeoutSeconds: 86_400 },
              { v: 1, ...pick(...table, 'segment') },
            ),
          ],
        ),
        Catch: catchInto('GiveUpTable', 'SegmentLost'),
        Next: 'WholeOrPart',
      },
      // Only the execution that the job started settles the table.
      WholeOrPart: {
        Type: 'Choice',
        Choices: [{ Variable: '$.whole', BooleanEquals: true, Next: 'SettleTable' }],
        Default: 'PartDone',
      },
      PartDone: { Type: 'Succeed' },
      SettleTable: {
        ...invoke(place('SettleTableArn'), limits.settleSeconds, pick(...table)),
        ResultPath: null,
        Catch: catchInto('GiveUpTable', 'StepTimedOut'),
        End: true,
      },
      // Either the table alone has failed, and the job goes on with the others, or the error is the job's.
      GiveUpTable: {
        ...invoke(place('SettleTableArn'), limits.settleSeconds, pick(...table, 'error')),
        ResultPath: '$.given_up',
        Catch: catchInto('TableFailed', 'StepTimedOut'),
        Next: 'TableOrJob',
      },
      TableOrJob: {
        Type: 'Choice',
        Choices: [{ Variable: '$.given_up.table_only', BooleanEquals: true, Next: 'TableGivenUp' }],
        Default: 'TableFailed',
      },
      TableGivenUp: { Type: 'Succeed' },
      SegmentLost: {
        Type: 'Fail',
        Error: 'worker_lost',
        Cause: 'A segment got no answer from any worker in time. See the dead-letter queue and the worker log.',
      },
      StepTimedOut: {
        Type: 'Fail',
        Error: 'unavailable',
        Cause: 'plan-table or settle-table ran out of time on every attempt.',
      },
      TableFailed: { Type: 'Fail', ErrorPath: '$.error.Error', CausePath: '$.error.Cause' },
    },
  };
}
