import { Aws, CfnCondition, Fn } from 'aws-cdk-lib';
import { Alarm, type CfnAlarm, ComparisonOperator, type IAlarm, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnSubscription, Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { ALARM_RULES, type AlarmName, type AlarmRule } from './alarm-rules.ts';
import type { Watched } from './measured.ts';

export interface AlarmsProps {
  readonly watched: Watched;
  /** An e-mail address; used where `hasAddress`. */
  readonly address: string;
  readonly hasAddress: CfnCondition;
}

/** Stands for "never" where the parameter of a threshold is 0: more bytes than there are, more seconds than anybody waits. */
const NEVER = 1e15;

/** The alarms of alarm-rules.ts, and the topic on which they are told when they begin and when they end. */
export class Alarms extends Construct {
  readonly topicArn: string;
  readonly all: readonly IAlarm[];

  constructor(scope: Construct, { watched, address, hasAddress }: AlarmsProps) {
    super(scope, 'Alarms');
    const topic = new Topic(this, 'Topic', { displayName: 'TerraFusion Sync', enforceSSL: true });
    topic.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [topic.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
      }),
    );
    this.topicArn = topic.topicArn;
    const mail = new CfnSubscription(this, 'Mail', { topicArn: topic.topicArn, protocol: 'email', endpoint: address });
    mail.cfnOptions.condition = hasAddress;

    const rules = Object.entries(ALARM_RULES) as [AlarmName, AlarmRule][]; // entries forget the names
    for (const [name, rule] of rules) this.alarm(name, rule, watched);
    // by name: not every implementation of CloudFormation gives an alarm's ARN (docs/adr/0028-deploy-elsewhere.md)
    this.all = rules.map(([name]) => Alarm.fromAlarmArn(this, `By-${name}`, alarmArn(name)));
  }

  private alarm(name: AlarmName, rule: AlarmRule, watched: Watched): void {
    const { says, metric, at, below, periods = 1, silenceRings } = rule;
    const alarm = new Alarm(this, name, {
      alarmName: Fn.sub(`\${AWS::StackName}-${name}`),
      alarmDescription: `${says} What to do: docs/runbook.md#${name}`,
      metric: metric(watched),
      threshold: typeof at === 'number' ? at : NEVER,
      comparisonOperator: below
        ? ComparisonOperator.LESS_THAN_THRESHOLD
        : ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      evaluationPeriods: periods,
      datapointsToAlarm: periods,
      treatMissingData: silenceRings ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
    });
    const told = { bind: () => ({ alarmActionArn: this.topicArn }) };
    alarm.addAlarmAction(told);
    alarm.addOkAction(told);
    if (typeof at !== 'number') thresholdFrom(alarm, at(watched));
  }
}

const alarmArn = (name: AlarmName) =>
  Fn.sub(`arn:\${AWS::Partition}:cloudwatch:\${AWS::Region}:\${AWS::AccountId}:alarm:\${AWS::StackName}-${name}`);

/** A threshold that a parameter says. */
function thresholdFrom(alarm: Alarm, parameter: string): void {
  const resource = alarm.node.defaultChild as CfnAlarm; // of an L2 alarm
  const never = new CfnCondition(alarm, 'Never', { expression: Fn.conditionEquals(parameter, '0') });
  resource.addPropertyOverride('Threshold', Fn.conditionIf(never.logicalId, NEVER, parameter));
  resource.addPropertyOverride('ComparisonOperator', ComparisonOperator.GREATER_THAN_THRESHOLD);
}
