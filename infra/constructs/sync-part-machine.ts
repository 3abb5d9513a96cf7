import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { type Asl, catchInto, fail, invoke, pick, place } from '../asl.ts';
import { forEachLevel, forEachPart } from './pass.ts';
import type { ServiceFunction } from './service-function.ts';
import { SYNC_TABLE_TIMEOUT_SECONDS, type SyncTableMachine } from './sync-table-machine.ts';
import { allowChildren, machineArn, WorkflowMachine } from './workflow-machine.ts';

/** As long as a whole job. */
export const SYNC_PART_TIMEOUT_SECONDS = 2 * SYNC_TABLE_TIMEOUT_SECONDS;

export interface SyncPartMachineProps {
  readonly planPass: ServiceFunction;
  readonly syncTable: SyncTableMachine;
  readonly logRetention: RetentionDays;
}

/** One pass over a range of a large job's tables: runs them, or parts of the range, which are executions of the same machine. */
export class SyncPartMachine extends Construct {
  readonly arn: string;

  constructor(scope: Construct, props: SyncPartMachineProps) {
    super(scope, 'SyncPart');
    const machine = new WorkflowMachine(this, 'Workflow', {
      name: 'sync-part',
      definition: syncPartDefinition(props.planPass.timeout.toSeconds()),
      substitutions: {
        PlanPassArn: props.planPass.arn,
        SyncTableArn: props.syncTable.arn,
        SyncPartArn: machineArn('sync-part'),
      },
      logRetention: props.logRetention,
    });
    machine.allow(['lambda:InvokeFunction'], [props.planPass.arn]);
    allowChildren(machine, ['sync-table', 'sync-part']);
    this.arn = machine.arn;
  }
}

/** Input: `PassInput` with its part, and both limits of lib/model/message.ts. An error ends it; its parent's parent settles. */
function syncPartDefinition(planSeconds: number): Asl {
  const pass = { 'pass.$': '$.pass' } as const;
  return {
    Comment: 'One pass over a part of a large sync job.',
    StartAt: 'PlanPart',
    TimeoutSeconds: SYNC_PART_TIMEOUT_SECONDS,
    States: {
      PlanPart: {
        ...invoke(place('PlanPassArn'), planSeconds, pick('job_id', 'epoch', 'pass', 'part')),
        ResultPath: '$.next',
        Catch: catchInto('PartFailed', 'PartTimedOut'),
        Next: 'Parts',
      },
      Parts: {
        ...forEachPart('$.next.parts', 'Part', pass, SYNC_PART_TIMEOUT_SECONDS),
        Catch: catchInto('PartFailed', 'PartTimedOut'),
        Next: 'Levels',
      },
      Levels: {
        ...forEachLevel('$.next.levels', ['Tables', 'Table'], pass),
        Catch: catchInto('PartFailed', 'PartTimedOut'),
        End: true,
      },
      PartTimedOut: fail('unavailable', 'A step of the workflow ran out of time on every attempt.'),
      PartFailed: { Type: 'Fail', ErrorPath: '$.error.Error', CausePath: '$.error.Cause' },
    },
  };
}
