import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { Pass } from '../../lib/model/job.ts';
import { type Asl, callAside, catchInto, invoke, pick, place } from '../asl.ts';
import { forEachLevel, forEachPart } from './pass.ts';
import type { ServiceFunction } from './service-function.ts';
import { SYNC_PART_TIMEOUT_SECONDS, type SyncPartMachine } from './sync-part-machine.ts';
import type { SyncTableMachine } from './sync-table-machine.ts';
import { allowChildren, WorkflowMachine } from './workflow-machine.ts';

export interface SyncJobMachineProps {
  readonly prepareJob: ServiceFunction;
  readonly followChanges: ServiceFunction;
  readonly planPass: ServiceFunction;
  readonly settleJob: ServiceFunction;
  readonly announce: ServiceFunction;
  readonly syncTable: SyncTableMachine;
  readonly syncPart: SyncPartMachine;
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
        followSeconds: props.followChanges.timeout.toSeconds(),
        planSeconds: props.planPass.timeout.toSeconds(),
        settleSeconds: props.settleJob.timeout.toSeconds(),
        announceSeconds: props.announce.timeout.toSeconds(),
      }),
      substitutions: {
        PrepareJobArn: props.prepareJob.arn,
        FollowChangesArn: props.followChanges.arn,
        PlanPassArn: props.planPass.arn,
        SettleJobArn: props.settleJob.arn,
        AnnounceArn: props.announce.arn,
        SyncTableArn: props.syncTable.arn,
        SyncPartArn: props.syncPart.arn,
      },
      logRetention: props.logRetention,
    });
    const { prepareJob, followChanges, planPass, settleJob, announce } = props;
    machine.allow(
      ['lambda:InvokeFunction'],
      [prepareJob, followChanges, planPass, settleJob, announce].map((f) => f.arn),
    );
    allowChildren(machine, ['sync-table', 'sync-part']);
    this.arn = machine.arn;
  }
}

interface Limits {
  readonly prepareSeconds: number;
  readonly followSeconds: number;
  readonly planSeconds: number;
  readonly settleSeconds: number;
  readonly announceSeconds: number;
}

/**
 * Input: `JobInput` of lib/model/message.ts; after Prepare the state is `JobPlan`. States carry ids only; the one other
 * thing is `$.error`, once, on the way to SettleFailed. When a table failed, its `Error` is States.TaskFailed and its
 * `Cause` the child's description as JSON, with the code in its own `Error`: settle-job reads it from there.
 *
 * History: a small job runs at most DIRECT_TABLES tables a pass by itself, a large one at most FAN_OUT parts
 * (lib/orchestrator/paging.ts): below 5,000 events whatever is retried. Time: what Prepare and Settle take, and at most
 * 14 days.
 */
function syncJobDefinition(limits: Limits): Asl {
  const job = ['job_id', 'epoch'] as const;
  return {
    Comment: 'One run of a sync job.',
    StartAt: 'Prepare',
    TimeoutSeconds: SYNC_PART_TIMEOUT_SECONDS,
    States: {
      Prepare: {
        ...invoke(place('PrepareJobArn'), limits.prepareSeconds, pick(...job)),
        Catch: catchInto('SettleFailed'),
        Next: 'FollowsLog',
      },
      FollowsLog: {
        Type: 'Choice',
        // a plan that an earlier version made does not say
        Choices: [
          {
            And: [
              { Variable: '$.follows', IsPresent: true },
              { Variable: '$.follows', BooleanEquals: true },
            ],
            Next: 'FirstLook',
          },
        ],
        Default: 'ApplyParts',
      },
      FirstLook: { Type: 'Pass', Result: 1, ResultPath: '$.look', Next: 'FollowChanges' },
      FollowChanges: {
        ...invoke(place('FollowChangesArn'), limits.followSeconds, pick(...job, 'look')),
        Catch: catchInto('SettleFailed'),
        Next: 'AfterLook',
      },
      // only a job that is continuous waits for changes, or leaves the rest to its next run
      AfterLook: {
        Type: 'Choice',
        Choices: [
          { Variable: '$.step', StringEquals: 'wait', Next: 'WaitForChanges' },
          { Variable: '$.step', StringEquals: 'next_run', Next: 'JobSettled' },
        ],
        Default: 'ApplyParts',
      },
      WaitForChanges: { Type: 'Wait', SecondsPath: '$.wait_seconds', Next: 'FollowChanges' },
      ...runPass('apply', 'PlanDeletes'),
      PlanDeletes: { ...planPass('delete', limits), Next: 'DeleteParts' },
      ...runPass('delete', 'PlanRevisit'),
      PlanRevisit: { ...planPass('revisit', limits), Next: 'RevisitParts' },
      ...runPass('revisit', 'PlanVerify'),
      PlanVerify: { ...planPass('verify', limits), Next: 'VerifyParts' },
      ...runPass('verify', 'Settle'),
      Settle: {
        ...invoke(place('SettleJobArn'), limits.settleSeconds, pick(...job)),
        ResultPath: null,
        Catch: catchInto('SettleFailed'),
        Next: 'Announce',
      },
      // How the run ended is told at once; what is not told here, the schedule of `announce` finds within a minute.
      Announce: callAside(place('AnnounceArn'), limits.announceSeconds, 'JobSettled'),
      JobSettled: { Type: 'Succeed' },
      // When this fails too, the sweeper finds a job without an execution and takes it over.
      SettleFailed: {
        ...invoke(place('SettleJobArn'), limits.settleSeconds, pick(...job, 'error')),
        ResultPath: null,
        Next: 'AnnounceFailure',
      },
      AnnounceFailure: callAside(place('AnnounceArn'), limits.announceSeconds, 'JobFailed'),
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

/** A pass over the tables that it has something to do in: parts of a large job, or the tables of a small one. */
function runPass(pass: Pass, next: string): Asl {
  const name = `${pass.charAt(0).toUpperCase()}${pass.slice(1)}`;
  return {
    [`${name}Parts`]: {
      ...forEachPart('$.next.parts', `${name}Part`, { pass }, SYNC_PART_TIMEOUT_SECONDS),
      Catch: catchInto('SettleFailed'),
      Next: `${name}Levels`,
    },
    [`${name}Levels`]: {
      ...forEachLevel('$.next.levels', [`${name}Tables`, `${name}Table`], { pass }),
      Catch: catchInto('SettleFailed'),
      Next: next,
    },
  };
}
