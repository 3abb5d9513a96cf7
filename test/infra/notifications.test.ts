import { describe, expect, it } from 'vitest';
import { EVENT_SOURCE } from '../../functions/aws/event-bus.ts';
import { FUNCTIONS } from '../../infra/functions.ts';
import { ATTEMPTS, RETRY_SECONDS } from '../../lib/notifications/attempts.ts';
import { definitions, ofType, synthesize } from './synthesized.ts';

const { template } = synthesize();

const byName = (name: string) => {
  const all = ofType(template, 'AWS::Lambda::Function');
  const found = all.find(([, f]) => f.Properties.Environment.Variables.FUNCTION_NAME === name);
  if (!found) throw new Error(`The template has no function ${name}`);
  return { id: found[0], ...found[1].Properties };
};

interface Statement {
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

/** What a function may do with this service: action -> resource, as the template says it. */
function rights(name: string, service: string): readonly (readonly [string, unknown])[] {
  const role = byName(name).Role['Fn::GetAtt'][0];
  return ofType(template, 'AWS::IAM::Policy')
    .filter(([, { Properties }]) => Properties.Roles[0].Ref === role)
    .flatMap(([, { Properties }]) => Properties.PolicyDocument.Statement as Statement[])
    .flatMap((s) => [s.Action].flat().map((action) => [action, s.Resource] as const))
    .filter(([action]) => action.startsWith(`${service}:`));
}

const [[busId = '', bus] = []] = ofType(template, 'AWS::Events::EventBus');
const [[ruleId = '', rule] = []] = ofType(template, 'AWS::Events::Rule');
const queues = ofType(template, 'AWS::SQS::Queue').filter(([id]) => id.startsWith('Notifications'));
const queueId = queues.find(([id]) => id.includes('Deliveries'))?.[0] ?? '';
const deadId = queues.find(([id]) => id.includes('DeadLetters'))?.[0] ?? '';
const arn = (id: string) => ({ 'Fn::GetAtt': [id, 'Arn'] });

describe('the bus', () => {
  it('is one, named by the stack, and only `announce` may put events on it, and on no other', () => {
    expect(bus?.Properties.Name).toEqual({ Ref: 'AWS::StackName' });
    const publishers = Object.keys(FUNCTIONS).filter((name) => rights(name, 'events').length > 0);

    expect(publishers).toEqual(['announce']);
    expect(rights('announce', 'events')).toEqual([['events:PutEvents', arn(busId)]]);
    expect(byName('announce').Environment.Variables.EVENT_BUS_NAME).toEqual({ 'Fn::GetAtt': [busId, 'Name'] });
  });

  it('leads every notification to the queue of deliveries, and what that does not take to the dead letters', () => {
    expect(ofType(template, 'AWS::Events::Rule')).toHaveLength(1);
    expect(rule?.Properties).toMatchObject({
      EventBusName: { 'Fn::GetAtt': [busId, 'Name'] },
      EventPattern: { source: [EVENT_SOURCE] },
      Targets: [{ Arn: arn(queueId), DeadLetterConfig: { Arn: arn(deadId) } }],
    });
  });

  it('is allowed into both queues by that rule alone', () => {
    for (const id of [queueId, deadId]) {
      const policies = ofType(template, 'AWS::SQS::QueuePolicy').filter(([, p]) => p.Properties.Queues[0].Ref === id);
      const all = policies.flatMap(([, p]) => p.Properties.PolicyDocument.Statement);
      expect(all.filter((s) => s.Effect === 'Allow')).toEqual([
        {
          Effect: 'Allow',
          Action: 'sqs:SendMessage',
          Principal: { Service: 'events.amazonaws.com' },
          Resource: arn(id),
          Condition: { ArnEquals: { 'aws:SourceArn': arn(ruleId) } },
        },
      ]);
    }
  });
});

describe('what jobs have to tell', () => {
  it('is looked for each minute, and when a run of a job ends, whose end does not hang on it', () => {
    const schedules = ofType(template, 'AWS::Scheduler::Schedule').map(([, s]) => s.Properties);
    expect(schedules.find((s) => s.Target.Arn['Fn::GetAtt'][0] === byName('announce').id)?.ScheduleExpression).toBe(
      'rate(1 minute)',
    );
    const { States } = definitions(template).syncJob;
    expect([States.Settle?.Next, States.SettleFailed?.Next]).toEqual(['Announce', 'AnnounceFailure']);
    for (const [name, next] of [
      ['Announce', 'JobSettled'],
      ['AnnounceFailure', 'JobFailed'],
    ] as const) {
      expect(States[name]).toMatchObject({ ResultPath: null, Next: next });
      expect(States[name]?.Catch?.map((c) => [c.Next, c.ResultPath])).toEqual(Array(2).fill([next, null]));
    }
  });

  it('is read and taken by `announce`, which changes jobs and conflicts in no other way and opens no secret', () => {
    const actions = [...new Set(rights('announce', 'dynamodb').map(([action]) => action))].sort();

    expect(actions).toEqual(['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:UpdateItem']);
    for (const service of ['secretsmanager', 'sqs', 'states', 'lambda'])
      expect(rights('announce', service)).toEqual([]);
    expect(JSON.stringify(rights('announce', 'dynamodb'))).not.toMatch(/Audit|Registry/);
  });
});

describe('webhooks', () => {
  it('are tried as often as the code says, before they lie with the dead letters, and no wait outlives the queue', () => {
    const { RedrivePolicy, VisibilityTimeout, MessageRetentionPeriod } = template.Resources[queueId]?.Properties ?? {};

    expect(RedrivePolicy).toEqual({ maxReceiveCount: ATTEMPTS, deadLetterTargetArn: arn(deadId) });
    expect(VisibilityTimeout).toBeGreaterThanOrEqual(byName('deliver-webhooks').Timeout);
    expect(RETRY_SECONDS.reduce((a, b) => a + b, 0)).toBeLessThan(MessageRetentionPeriod / 2);
  });

  it('are read by the function that delivers, and kept by the one of the API; neither sees another item or secret', () => {
    const kinds = (name: string) => {
      const role = byName(name).Role['Fn::GetAtt'][0];
      return ofType(template, 'AWS::IAM::Policy')
        .filter(([, { Properties }]) => Properties.Roles[0].Ref === role)
        .flatMap(([, { Properties }]) => Properties.PolicyDocument.Statement as Statement[])
        .filter((s) => JSON.stringify(s.Action).includes('dynamodb:'))
        .map((s) => s.Condition);
    };
    const only = { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['webhook'] } };
    const actions = (name: string, service: string) =>
      rights(name, service)
        .map(([action]) => action.split(':')[1])
        .sort();

    expect(kinds('webhooks')).toEqual([only]);
    expect(kinds('deliver-webhooks')).toEqual([only]);
    expect(actions('deliver-webhooks', 'dynamodb')).toEqual(['GetItem', 'Query', 'UpdateItem']);
    expect(actions('deliver-webhooks', 'secretsmanager')).toEqual(['GetSecretValue']);
    expect(actions('webhooks', 'secretsmanager')).toEqual(['CreateSecret', 'DeleteSecret', 'GetSecretValue']);
    for (const name of ['webhooks', 'deliver-webhooks']) {
      const secrets = JSON.stringify(rights(name, 'secretsmanager').map(([, resource]) => resource));
      expect(secrets).toContain('/webhook/*');
      expect(secrets).not.toMatch(/job|schedule|mask/);
      expect(byName(name).Environment.Variables.ALLOWED_WEBHOOK_HOSTS).toEqual({ Ref: 'AllowedWebhookHosts' });
      for (const service of ['states', 'events', 'scheduler', 'lambda']) expect(rights(name, service)).toEqual([]);
    }
    expect(rights('webhooks', 'sqs')).toEqual([]);
  });

  it('lead to the public internet alone, where nobody says otherwise', () => {
    expect(template.Parameters?.AllowedWebhookHosts?.Default).toBe('*');
  });
});
