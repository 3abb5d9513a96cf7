import { Aws, Fn, RemovalPolicy } from 'aws-cdk-lib';
import { Policy, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnLogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { CfnStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { acknowledge } from '../acknowledge.ts';
import type { Asl } from '../asl.ts';
import { allowTracing } from './service-function.ts';

/** The machines have fixed names, so that functions can know an ARN without waiting for the machine that calls them. */
export type MachineName = 'sync-job' | 'sync-part' | 'sync-table';

export const machineArn = (name: MachineName): string =>
  Fn.sub(`arn:\${AWS::Partition}:states:\${AWS::Region}:\${AWS::AccountId}:stateMachine:\${AWS::StackName}-${name}`);

/** All executions of a machine. Their names are made of job ids, so a role cannot name them one by one. */
export const executionArns = (name: MachineName): string =>
  Fn.sub(`arn:\${AWS::Partition}:states:\${AWS::Region}:\${AWS::AccountId}:execution:\${AWS::StackName}-${name}:*`);

/** Accepts the wildcard that `executionArns` needs. */
export function acknowledgeExecutions(role: Role, name: MachineName): void {
  acknowledge(
    role,
    `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution:<AWS::StackName>-${name}:*]`,
    'Executions are named by job id at run time; all executions of one machine is as narrow as a role can be.',
  );
}

export interface WorkflowMachineProps {
  readonly name: MachineName;
  readonly definition: Asl;
  /** Values of the `${Name}` places in the definition; `Partition` is always there. */
  readonly substitutions: Readonly<Record<string, string>>;
  readonly logRetention: RetentionDays;
}

/** One standard state machine with its role and log. The definition stays readable text in the template. */
export class WorkflowMachine extends Construct {
  readonly role: Role;
  readonly arn: string;

  constructor(scope: Construct, id: string, props: WorkflowMachineProps) {
    super(scope, id);

    const logs = new CfnLogGroup(this, 'Logs', {
      // Log groups under this prefix share one resource policy; others use up its 5120 characters.
      logGroupName: Fn.sub(`/aws/vendedlogs/states/\${AWS::StackName}-${props.name}`),
      retentionInDays: props.logRetention,
    });
    logs.applyRemovalPolicy(RemovalPolicy.DESTROY);

    this.role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('states.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
      }),
    });

    const machine = new CfnStateMachine(this, 'Machine', {
      stateMachineName: Fn.sub(`\${AWS::StackName}-${props.name}`),
      stateMachineType: 'STANDARD',
      roleArn: this.role.roleArn,
      definitionString: filled(JSON.stringify(props.definition, null, 1), {
        ...props.substitutions,
        Partition: Aws.PARTITION,
      }),
      loggingConfiguration: {
        level: 'ALL',
        includeExecutionData: false, // ids only, but error causes come from drivers
        destinations: [{ cloudWatchLogsLogGroup: { logGroupArn: logs.attrArn } }],
      },
      tracingConfiguration: { enabled: true },
    });
    // Step Functions checks the rights to its log and its targets when the machine is created.
    machine.node.addDependency(this.role, allowLogDelivery(this.role), allowTracing(this.role));
    this.arn = machine.ref; // its ARN
  }

  allow(actions: readonly string[], resources: readonly string[]): void {
    this.role.addToPolicy(new PolicyStatement({ actions: [...actions], resources: [...resources] }));
  }
}

/**
 * The text with its `${Name}` places filled in, as Fn::Join. DefinitionSubstitutions would read better; emulators of CloudFormation
 * leave them out (docs/adr/0028-deploy-elsewhere.md). Throws on a place without a value.
 */
function filled(text: string, values: Readonly<Record<string, string>>): string {
  const parts = text.split(/\$\{(\w+)\}/).map((part, n) => {
    const value = n % 2 === 0 ? part : values[part];
    if (value === undefined) throw new Error(`The definition has a place \${${part}} that nothing fills`);
    return value;
  });
  return Fn.join('', parts);
}

function allowLogDelivery(role: Role): Policy {
  const delivery = new Policy(role, 'LogDelivery', {
    roles: [role],
    statements: [
      new PolicyStatement({
        actions: [
          'logs:CreateLogDelivery',
          'logs:GetLogDelivery',
          'logs:UpdateLogDelivery',
          'logs:DeleteLogDelivery',
          'logs:ListLogDeliveries',
          'logs:PutResourcePolicy',
          'logs:DescribeResourcePolicies',
          'logs:DescribeLogGroups',
        ],
        resources: ['*'],
      }),
    ],
  });
  acknowledge(delivery, 'AwsSolutions-IAM5[Resource::*]', 'The CloudWatch log delivery actions accept no resource.');
  return delivery;
}

/** Lets a machine run executions of others to their end, and stop them with its own. */
export function allowChildren(machine: WorkflowMachine, names: readonly MachineName[]): void {
  machine.allow(['states:StartExecution'], names.map(machineArn));
  machine.allow(['states:DescribeExecution', 'states:StopExecution'], names.map(executionArns));
  for (const name of names) acknowledgeExecutions(machine.role, name);
  // Step Functions learns of a child's end through this rule, which it manages itself.
  machine.allow(
    ['events:PutTargets', 'events:PutRule', 'events:DescribeRule'],
    [
      Fn.sub(
        `arn:\${AWS::Partition}:events:\${AWS::Region}:\${AWS::AccountId}:rule/StepFunctionsGetEventsForStepFunctionsExecutionRule`,
      ),
    ],
  );
}
