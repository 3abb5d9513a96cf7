import { Fn } from 'aws-cdk-lib';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { Pass } from '../../lib/model/job.ts';
import { type Asl, catchInto, forEach, invoke, pick, place, runChild } from '../asl.ts';
import type { ServiceFunction } from './service-function.ts';
import { SYNC_TABLE_TIMEOUT_SECONDS, type SyncTableMachine } from './sync-table-machine.ts';
import { acknowledgeExecutions, executionArns, WorkflowMachine } from './workflow-machine.ts';

export interface SyncJobMachineProps {
  readonly prepareJob: ServiceFunction;
  readonly planPass: ServiceFunction;
  readonly settleJob: ServiceFunction;
  readonly syncTable: SyncTableMachine;
  readonly logRetention: RetentionDays;
}

/** One run of a job: prepare, apply parents first, delete children first, apply what had to wait, compare, settle. */
export class SyncJobMachine extends Construct {
  readonly arn: string;

  constructor(scope: Construct, props: SyncJobMachineProps) {
    super(scope, 'SyncJob');
    const machine = new WorkflowMachine(this, 'Workflow', {
      name: 'sync-job',
      definition: syncJobDefinition({
        prepareSeconds: props.prepareJob.timeout.toSeconds(),
        planSeconds: props.planPass.timeout.toSeconds(),
        settleSeconds: props.settleJob.timeout.toSeconds(),
      }),
      substitutions: {
        PrepareJobArn: props.prepareJob.arn,
        PlanPassArn: props.planPass.arn,
        SettleJobArn: props.settleJob.arn,
        SyncTableArn: props.syncTable.arn,
      },
      logRetention: props.logRetention,
    });
    machine.allow(['lambda:InvokeFunction'], [props.prepareJob.arn, props.planPass.arn, props.settleJob.arn]);
    machine.allow(['states:StartExecution'], [props.syncTable.arn]);
    machine.allow(['states:DescribeExecution', 'states:StopExecution'], [executionArns('sync-table')]);
    acknowledgeExecutions(machine.role, 'sync-table');
    // Step Functions learns of a child's end through this rule, which it manages itself.
    machine.allow(
      ['events:PutTargets', 'events:PutRule', 'events:DescribeRule'],
      [
        Fn.sub(
          `arn:\${AWS::Partition}:events:\${AWS::Region}:\${AWS::AccountId}:rule/StepFunctionsGetEventsForStepFunctionsExecutionRule`,
        ),
      ],
    );
    this.arn = machine.arn;
  }
}

interface Limits {
  readonly prepareSeconds: number;
  readonly planSeconds: number;
  readonly settleSeconds: number;
}

/**
 * Input: `JobInput` of lib/model/message.ts; after Prepare the state is `JobPlan`. States carry ids only; the one other
 * thing is `$.error`, once, on the way to SettleFailed. When a table failed, its `Error` is States.TaskFailed and its
 * `Cause` the child's description as JSON, with the code in its own `Error`: settle-job reads it from there.
 *
 * A child is named `<job>-e<epoch>-t<table>-<pass>-a<attempt>`: 36 + 2+6 + 2+3 + 8 + 2+1 = 60 of 80 characters. The
 * attempt makes a retried start a new execution; should both run, their workers exclude each other in the target.
 *
 * History, with 200 tables: 8 events a table and pass, 3 passes: 4,800, and 6 a level: below 5,000 for up to 14 levels. The
 * fourth, revisit, has only tables with rows that had to wait; were that all of them, 6,400. The service's limit is 25,000. Time: what Prepare and Settle take, and at most 14 days.
 */
function syncJobDefinition(limits: Limits): Asl {
  const job = ['job_id', 'epoch'] as const;
  return {
    Comment: 'One run of a sync job.',
    StartAt: 'Prepare',
    TimeoutSeconds: 2 * SYNC_TABLE_TIMEOUT_SECONDS,
    States: {
      Prepare: {
        ...invoke(place('PrepareJobArn'), limits.prepareSeconds, pick(...job)),
        Catch: catchInto('SettleFailed'),
        Next: 'ApplyLevels',
      },
      ApplyLevels: {
        ...forEachLevel('$.apply_levels', [
          'ApplyTables',
          forEachTable('$.tables', ['ApplyTable', syncTable('apply')]),
        ]),
        Catch: catchInto('SettleFailed'),
        Next: 'PlanDeletes',
      },
      PlanDeletes: { ...planPass('delete', limits), Next: 'DeleteLevels' },
      DeleteLevels: {
        ...forEachLevel('$.next.levels', [
          'DeleteTables',
          forEachTable('$.tables', ['DeleteTable', syncTable('delete')]),
        ]),
        Catch: catchInto('SettleFailed'),
        Next: 'PlanRevisit',
      },
      PlanRevisit: { ...planPass('revisit', limits), Next: 'RevisitLevels' },
      RevisitLevels: {
        ...forEachLevel('$.next.levels', [
          'RevisitTables',
          forEachTable('$.tables', ['RevisitTable', syncTable('revisit')]),
        ]),
        Catch: catchInto('SettleFailed'),
        Next: 'PlanVerify',
      },
      PlanVerify: { ...planPass('verify', limits), Next: 'VerifyLevels' },
      VerifyLevels: {
        ...forEachLevel('$.next.levels', [
          'VerifyTables',
          forEachTable('$.tables', ['VerifyTable', syncTable('verify')]),
        ]),
        Catch: catchInto('SettleFailed'),
        Next: 'Settle',
      },
      Settle: {
        ...invoke(place('SettleJobArn'), limits.settleSeconds, pick(...job)),
        ResultPath: null,
        Catch: catchInto('SettleFailed'),
        Next: 'JobSettled',
      },
      JobSettled: { Type: 'Succeed' },
      // When this fails too, the sweeper finds a job without an execution and takes it over.
      SettleFailed: {
        ...invoke(place('SettleJobArn'), limits.settleSeconds, pick(...job, 'error')),
        ResultPath: null,
        Next: 'JobFailed',
      },
      JobFailed: { Type: 'Fail', ErrorPath: '$.error.Error', Cause: 'Read the job status: settle-job recorded why.' },
    },
  };
}

/** Which tables the pass has something to do in: often none, and then the job is a few steps shorter. */
const planPass = (pass: Pass, limits: Limits): Asl => ({
  ...invoke(place('PlanPassArn'), limits.planSeconds, { ...pick('job_id', 'epoch'), pass }),
  ResultPath: '$.next',
  Catch: catchInto('SettleFailed'),
});

/** Levels one after another, so that parents are there before their children; none at all is fine. */
const forEachLevel = (levels: string, body: readonly [string, Asl]): Asl =>
  forEach(
    levels,
    { MaxConcurrency: 1 },
    { ...pick('job_id', 'epoch', 'max_parallel_tables', 'max_parallel_operations'), 'tables.$': '$$.Map.Item.Value' },
    body,
  );

const forEachTable = (tables: string, body: readonly [string, Asl]): Asl =>
  forEach(
    tables,
    { MaxConcurrencyPath: '$.max_parallel_tables' },
    { ...pick('job_id', 'epoch', 'max_parallel_operations'), 'table.$': '$$.Map.Item.Value' },
    body,
  );

const syncTable = (pass: Pass): Asl =>
  runChild(
    place('SyncTableArn'),
    `States.Format('{}-e{}-t{}-${pass}-a{}', $.job_id, $.epoch, $.table, $$.State.RetryCount)`,
    SYNC_TABLE_TIMEOUT_SECONDS,
    { ...pick('job_id', 'epoch', 'table', 'max_parallel_operations'), pass },
  );
