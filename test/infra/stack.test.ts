import { Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, it } from 'vitest';
import { FUNCTIONS } from '../../infra/functions.ts';
import { ofType, synthesize } from './synthesized.ts';

const { app, stack, routes, template } = synthesize();

const functions = ofType(template, 'AWS::Lambda::Function');
const byName = (name: string) => {
  const found = functions.find(([, f]) => f.Properties.Environment.Variables.FUNCTION_NAME === name);
  if (!found) throw new Error(`The template has no function ${name}`);
  return { id: found[0], ...found[1] };
};

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
}
const list = <T>(value: T | readonly T[]): readonly T[] => (Array.isArray(value) ? value : [value as T]);

/** Every statement that allows a role something. */
const allowed = ofType(template, 'AWS::IAM::Policy').flatMap(([policy, { Properties }]) =>
  (Properties.PolicyDocument.Statement as Statement[]).map((statement) => ({
    role: Properties.Roles[0].Ref as string,
    policy,
    actions: list(statement.Action),
    resources: list(statement.Resource).map((resource) => JSON.stringify(resource)),
  })),
);
const rightsOf = (name: string, service: string) => {
  const role = byName(name).Properties.Role['Fn::GetAtt'][0];
  const actions = allowed.filter((s) => s.role === role).flatMap((s) => s.actions);
  return [...new Set(actions.filter((action) => action.startsWith(`${service}:`)))].sort();
};
/** Of secrets that it reads. */
const secretsOf = (name: string) => {
  const role = byName(name).Properties.Role['Fn::GetAtt'][0];
  return allowed
    .filter((s) => s.role === role && s.actions.includes('secretsmanager:GetSecretValue'))
    .map((s) => JSON.stringify(s));
};
const resource = (id: string) => {
  const found = template.Resources[id];
  if (!found) throw new Error(`The template has no resource ${id}`);
  return found;
};
const idOf = (type: string, prefix: string) => {
  const found = ofType(template, type).find(([id]) => id.startsWith(prefix));
  if (!found) throw new Error(`The template has no ${type} ${prefix}...`);
  return found[0];
};

/** Partitions of the registry in which a function may do this. */
const registryKinds = (name: string, action: string): readonly string[] => {
  const role = byName(name).Properties.Role['Fn::GetAtt'][0];
  const registry = idOf('AWS::DynamoDB::Table', 'StateRegistry');
  return ofType(template, 'AWS::IAM::Policy')
    .filter(([, { Properties }]) => Properties.Roles[0].Ref === role)
    .flatMap(([, { Properties }]) => Properties.PolicyDocument.Statement)
    .filter((s) => JSON.stringify(s.Resource).includes(registry) && list(s.Action).includes(action))
    .flatMap((s) => {
      const only = s.Condition?.['ForAllValues:StringLike'] ?? s.Condition?.['ForAllValues:StringEquals'];
      return only?.['dynamodb:LeadingKeys'] ?? ['*'];
    });
};

describe('HTTP API', () => {
  const gatewayRoutes = ofType(template, 'AWS::ApiGatewayV2::Route').map(([, r]) => r.Properties);

  /** Answers only that there is no such path or method. */
  const REST = 'ANY /{proxy+}';

  it('has exactly the routes of the registry, and one for the rest', () => {
    const declared = routes.map((r) => `${r.method} ${r.path}`);
    expect(gatewayRoutes.map((r) => r.RouteKey).sort()).toEqual([...declared, REST].sort());
  });

  it('asks for a token on every route that is not declared open', () => {
    const authorizer = idOf('AWS::ApiGatewayV2::Authorizer', 'Api');

    const open = gatewayRoutes.filter((r) => r.AuthorizationType !== 'JWT' || r.AuthorizerId?.Ref !== authorizer);

    const declaredOpen = routes.filter((r) => r.role === 'open').map((r) => `${r.method} ${r.path}`);
    expect(open.map((r) => r.RouteKey).sort()).toEqual([...declaredOpen, REST].sort());
  });

  it('sends each route to the function that its declaration names', () => {
    for (const route of routes) {
      const gatewayRoute = gatewayRoutes.find((r) => r.RouteKey === `${route.method} ${route.path}`);
      const integration = template.Resources[gatewayRoute.Target['Fn::Join'][1][1].Ref];

      expect(integration?.Properties).toMatchObject({
        IntegrationUri: { 'Fn::GetAtt': [byName(route.runs).id, 'Arn'] },
        PayloadFormatVersion: '2.0',
      });
    }
  });

  it('takes issuer and audience from parameters or the own pool, throttles, logs, and allows no other origin', () => {
    const [authorizer] = ofType(template, 'AWS::ApiGatewayV2::Authorizer').map(([, r]) => r.Properties);
    const [stage] = ofType(template, 'AWS::ApiGatewayV2::Stage').map(([, r]) => r.Properties);
    const [api] = ofType(template, 'AWS::ApiGatewayV2::Api').map(([, r]) => r.Properties);

    expect(authorizer.JwtConfiguration).toEqual({
      Issuer: { 'Fn::If': ['HasOwnUserPool', expect.anything(), { Ref: 'JwtIssuer' }] },
      Audience: [{ 'Fn::If': ['HasOwnUserPool', expect.anything(), { Ref: 'JwtAudience' }] }],
    });
    expect(stage.AccessLogSettings.DestinationArn).toBeDefined();
    expect(stage.DefaultRouteSettings).toMatchObject({
      ThrottlingRateLimit: { Ref: 'RequestsPerSecond' },
      ThrottlingBurstLimit: { Ref: 'RequestBurst' },
    });
    expect([template.Parameters.RequestsPerSecond?.Default, template.Parameters.RequestBurst?.Default]).toEqual([
      50, 100,
    ]);
    expect(api.CorsConfiguration).toBeUndefined();
  });
});

describe('functions', () => {
  it('are one per entry of the table, each an ESM bundle for Node 24', () => {
    expect(functions.map(([, f]) => f.Properties.Environment.Variables.FUNCTION_NAME).sort()).toEqual(
      Object.keys(FUNCTIONS).sort(),
    );
    for (const [, f] of functions) {
      expect(f.Properties).toMatchObject({
        Runtime: 'nodejs24.x',
        Architectures: [{ Ref: 'FunctionArchitecture' }],
        Handler: 'index.handler',
        TracingConfig: { Mode: 'Active' },
        Environment: { Variables: { NODE_OPTIONS: '--enable-source-maps' } },
      });
    }
  });

  it('keep logs for as long as the parameter says, as every log group does', () => {
    for (const [, f] of functions) expect(template.Resources[f.Properties.LoggingConfig.LogGroup.Ref]).toBeDefined();
    for (const [, log] of ofType(template, 'AWS::Logs::LogGroup')) {
      expect(log.Properties.RetentionInDays).toEqual({ Ref: 'LogRetentionDays' });
    }
  });

  it('have a role each, shared with nobody', () => {
    const roles = functions.map(([, f]) => f.Properties.Role['Fn::GetAtt'][0]);

    expect(new Set(roles).size).toBe(functions.length);
  });

  it('find no secret in their environment', () => {
    for (const [, f] of functions) {
      const text = JSON.stringify(f.Properties.Environment.Variables);
      expect(text).not.toMatch(/password|dynamic reference|\{\{resolve/i);
    }
  });

  it('bound the worker to 256 MB and the longest run Lambda allows', () => {
    expect(byName('sync-segment').Properties).toMatchObject({ MemorySize: 256, Timeout: 900 });
  });

  it('answer before the gateway gives up after 30 s', () => {
    const answering = [
      'commands',
      'conflicts',
      'mappings',
      'pairs',
      'projects',
      'quarantine',
      'queries',
      'schedules',
      'suggest',
      'uninstall',
      'web',
      'webhooks',
    ];
    for (const name of answering) expect(byName(name).Properties.Timeout).toBeLessThan(30);
  });
});

describe('segment queue', () => {
  const queue = resource(idOf('AWS::SQS::Queue', 'SegmentsQueue')).Properties;
  const [mapping] = ofType(template, 'AWS::Lambda::EventSourceMapping').map(([, r]) => r.Properties);

  it('feeds the worker one segment at a time, up to the number of workers, with partial batch answers', () => {
    expect(mapping).toMatchObject({
      BatchSize: 1,
      ScalingConfig: { MaximumConcurrency: { Ref: 'MaxWorkers' } },
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      FunctionName: { Ref: byName('sync-segment').id },
    });
  });

  it('hides a message at least as long as the worker may run, and sets it aside after five deaths', () => {
    expect(queue.VisibilityTimeout).toBeGreaterThanOrEqual(byName('sync-segment').Properties.Timeout);
    expect(queue.RedrivePolicy.maxReceiveCount).toBe(5);
  });

  it('is like every queue that a function works on: batches answer in part, and one death sets nothing aside', () => {
    const mappings = ofType(template, 'AWS::Lambda::EventSourceMapping').map(([, r]) => r.Properties);
    const queues = ofType(template, 'AWS::SQS::Queue').filter(([, q]) => q.Properties.RedrivePolicy);
    const worked = new Map(mappings.map((m) => [m.EventSourceArn['Fn::GetAtt'][0], m]));

    for (const m of mappings) expect(m.FunctionResponseTypes).toEqual(['ReportBatchItemFailures']);
    expect(queues.map(([id]) => id).filter((id) => !worked.has(id))).toEqual([]);
    for (const [id, q] of queues) expect(q.Properties.RedrivePolicy.maxReceiveCount, id).toBeGreaterThanOrEqual(5);
  });

  it('encrypts both queues', () => {
    for (const [, q] of ofType(template, 'AWS::SQS::Queue')) expect(q.Properties.SqsManagedSseEnabled).toBe(true);
  });
});

describe('state tables', () => {
  const tables = ofType(template, 'AWS::DynamoDB::Table');

  it('are four, on demand, protected from deletion, recoverable, encrypted, without a time to live', () => {
    expect(tables).toHaveLength(4);
    for (const [, table] of tables) {
      expect(table.DeletionPolicy).toBe('Retain');
      expect(table.Properties).toMatchObject({
        BillingMode: 'PAY_PER_REQUEST',
        DeletionProtectionEnabled: true,
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        SSESpecification: { SSEEnabled: true },
      });
      expect(table.Properties.TimeToLiveSpecification).toBeUndefined();
    }
  });

  it('have the keys and indexes that the stores use', () => {
    const shape = (prefix: string) => {
      const { KeySchema, GlobalSecondaryIndexes } = resource(idOf('AWS::DynamoDB::Table', prefix)).Properties;
      const keys = (schema: { AttributeName: string }[]) => schema.map((k) => k.AttributeName).join(' ');
      const indexes = (GlobalSecondaryIndexes ?? []).map(
        (i: { IndexName: string; KeySchema: { AttributeName: string }[] }) => `${i.IndexName}: ${keys(i.KeySchema)}`,
      );
      return [keys(KeySchema), ...indexes];
    };

    expect(shape('StateJobs')).toEqual([
      'job_id item',
      'by_start: list started',
      'by_care: care started',
      'by_due: due started',
    ]);
    expect(shape('StateConflicts')).toEqual(['id item', 'by_opener: opener place', 'by_seer: seer place']);
    expect(shape('StateAudit')).toEqual(['job_id position']);
    expect(shape('StateRegistry')).toEqual(['kind name']);
  });

  it('let nobody update or delete an audit event', () => {
    const audit = idOf('AWS::DynamoDB::Table', 'StateAudit');

    const touching = allowed.filter((s) => s.resources.some((r) => r.includes(audit)));
    const eraser = byName('retention').Properties.Role['Fn::GetAtt'][0];
    const actions = new Set(touching.filter((s) => s.role !== eraser).flatMap((s) => s.actions));

    expect([...actions].sort()).toEqual([
      'dynamodb:DescribeTable',
      'dynamodb:GetItem',
      'dynamodb:PutItem',
      'dynamodb:Query',
    ]);
    const [changes, deletes] = resource(audit).Properties.ResourcePolicy.PolicyDocument.Statement;
    expect(changes).toMatchObject({ Effect: 'Deny', Principal: { AWS: '*' } });
    expect(changes.Condition).toBeUndefined();
    expect(changes.Action).toEqual(
      expect.arrayContaining(['dynamodb:UpdateItem', 'dynamodb:BatchWriteItem', 'dynamodb:PartiQLDelete']),
    );
    const role = byName('retention').Properties.Role['Fn::GetAtt'][0];
    expect(deletes).toEqual({
      Sid: 'OnlyRetentionDeletes',
      Effect: 'Deny',
      Principal: { AWS: '*' },
      Action: 'dynamodb:DeleteItem',
      Resource: '*',
      Condition: { ArnNotEquals: { 'aws:PrincipalArn': { 'Fn::GetAtt': [role, 'Arn'] } } },
    });
  });

  it('let retention alone delete, and do nothing else to jobs and events', () => {
    const deleters = Object.keys(FUNCTIONS).filter((name) =>
      rightsOf(name, 'dynamodb').includes('dynamodb:DeleteItem'),
    );

    // all but it: of the registry
    expect(deleters).toEqual([
      'commands',
      'environments',
      'schedules',
      'webhooks',
      'fleet',
      'uninstall',
      'fire-schedule',
      'retention',
      'run-fleet',
    ]);
    expect(rightsOf('retention', 'dynamodb')).toEqual(['dynamodb:DeleteItem', 'dynamodb:PutItem', 'dynamodb:Query']);
    const role = byName('retention').Properties.Role['Fn::GetAtt'][0];
    const puts = allowed.filter((s) => s.role === role && s.actions.includes('dynamodb:PutItem'));
    expect(puts.flatMap((s) => s.resources).join()).toContain('Registry');
    expect(puts.flatMap((s) => s.resources).join()).not.toMatch(/Audit|Jobs/);
    for (const name of ['secretsmanager', 'states', 'sqs', 'lambda']) expect(rightsOf('retention', name)).toEqual([]);
  });
});

describe('rights', () => {
  it('name no wildcard but those that cannot be avoided', () => {
    const wildcards = allowed.flatMap((s) =>
      [...s.resources, ...s.actions].filter((text) => text.includes('*')).map((text) => [text, s.policy] as const),
    );
    const kinds = wildcards.map(([text, policy]) => {
      if (text === '"*"' && /Tracing|LogDelivery/.test(policy)) return 'X-Ray and log delivery know no resource';
      if (/secret:\$\{AWS::StackName\}\/job\/\*"\}$/.test(text)) return 'secrets of jobs, by prefix';
      if (/secret:\$\{AWS::StackName\}\/mask\/\*"\}$/.test(text)) return 'keys of masks, by prefix';
      if (/:execution:\$\{AWS::StackName\}-sync-(job|part|table):\*"\}$/.test(text)) return 'executions of one machine';
      if (/secret:\$\{AWS::StackName\}\/schedule\/\*"\}$/.test(text)) return 'secrets of schedules, by prefix';
      if (/secret:\$\{AWS::StackName\}\/webhook\/\*"\}$/.test(text)) return 'secrets of webhooks, by prefix';
      if (/secret:\$\{AWS::StackName\}\/environment\/\*"\}$/.test(text)) return 'secrets of environments, by prefix';
      if (/:schedule\/\$\{AWS::StackName\}\/\*"\}$/.test(text)) return 'schedules of one group';
      return `${policy}: ${text}`;
    });

    expect([...new Set(kinds)].sort()).toEqual([
      'X-Ray and log delivery know no resource',
      'executions of one machine',
      'keys of masks, by prefix',
      'schedules of one group',
      'secrets of environments, by prefix',
      'secrets of jobs, by prefix',
      'secrets of schedules, by prefix',
      'secrets of webhooks, by prefix',
    ]);
  });

  it('let only the functions that need it read passwords, and only those create them who start jobs or keep schedules', () => {
    const holders = (action: string) =>
      Object.keys(FUNCTIONS).filter((name) => rightsOf(name, 'secretsmanager').includes(`secretsmanager:${action}`));

    // a retry is a new job
    expect(holders('CreateSecret')).toEqual([
      'commands',
      'environments',
      'schedules',
      'quarantine',
      'webhooks',
      'fire-schedule',
      'run-fleet',
    ]);
    expect(holders('PutSecretValue')).toEqual([
      'commands',
      'environments',
      'schedules',
      'quarantine',
      'fire-schedule',
      'run-fleet',
    ]);
    expect(holders('DeleteSecret')).toEqual([
      'commands',
      'environments',
      'schedules',
      'quarantine',
      'webhooks',
      'uninstall',
      'settle-job',
      'fire-schedule',
      'sweeper',
      'run-fleet',
    ]);
    expect(rightsOf('queries', 'secretsmanager')).toEqual(['secretsmanager:DescribeSecret']);
  });

  it('let those that open the source read keys of masks, those that start jobs make them, nobody change one, and uninstall alone delete one', () => {
    const onMasks = (name: string) => {
      const role = byName(name).Properties.Role['Fn::GetAtt'][0];
      const own = allowed.filter((s) => s.role === role && s.resources.some((r) => r.includes('/mask/*')));
      return own.flatMap((s) => s.actions.map((action) => action.replace('secretsmanager:', ''))).sort();
    };
    const may = Object.keys(FUNCTIONS).flatMap((name) => (onMasks(name).length > 0 ? [[name, ...onMasks(name)]] : []));

    expect(may.sort()).toEqual(
      [
        ['commands', 'CreateSecret', 'GetSecretValue'],
        ['fire-schedule', 'CreateSecret', 'GetSecretValue'],
        ['quarantine', 'CreateSecret', 'GetSecretValue'],
        ['run-fleet', 'CreateSecret', 'GetSecretValue'],
        ['uninstall', 'DeleteSecret', 'DescribeSecret'],
        ...[
          'conflicts',
          'follow-changes',
          'prepare-job',
          'resolve-conflicts',
          'settle-job',
          'sweeper',
          'sync-segment',
        ].map((name) => [name, 'GetSecretValue']),
      ].sort(),
    );
  });

  it('let the function that serves the pages do nothing, and tell it of nothing but how to sign in', () => {
    const { Properties } = byName('web');
    const services = allowed.filter((s) => s.role === Properties.Role['Fn::GetAtt'][0]).flatMap((s) => s.actions);

    expect([...new Set(services.map((action) => action.split(':')[0]))].sort()).toEqual(['logs', 'xray']);
    expect(Object.keys(Properties.Environment.Variables).sort()).toEqual([
      'FUNCTION_NAME',
      'NODE_OPTIONS',
      'ROLES_CLAIM',
      'SIGN_IN_CLIENT_ID',
      'SIGN_IN_ISSUER',
      'SIGN_IN_ORIGINS',
      'SIGN_IN_SCOPES',
    ]);
  });

  it('let queries read and nothing else', () => {
    expect(rightsOf('queries', 'dynamodb')).toEqual([
      'dynamodb:BatchGetItem',
      'dynamodb:DescribeTable',
      'dynamodb:GetItem',
      'dynamodb:Query',
    ]);
    expect(rightsOf('queries', 'states')).toEqual(['states:DescribeStateMachine']);
    expect(rightsOf('queries', 'sqs')).toEqual(['sqs:GetQueueAttributes']);
  });

  it('let the functions of conflicts decide them and nothing else', () => {
    for (const name of ['conflicts', 'resolve-conflicts']) {
      const written = ['StateConflicts', 'StateAudit'].map((prefix) => idOf('AWS::DynamoDB::Table', prefix));
      const role = byName(name).Properties.Role['Fn::GetAtt'][0];
      const writes = allowed.filter((s) => s.role === role && s.actions.includes('dynamodb:PutItem'));
      expect(writes.flatMap((s) => s.resources)).toEqual(written.map((id) => expect.stringContaining(id)));
      expect(rightsOf(name, 'dynamodb').filter((a) => /Update|Delete|Write|Scan/.test(a))).toEqual([
        'dynamodb:UpdateItem', // the head of a job's trail
      ]);
      expect(rightsOf(name, 'secretsmanager')).toEqual(['secretsmanager:GetSecretValue']);
      expect(rightsOf(name, 'states')).toEqual([]);
    }
  });

  it('let the worker hold its message, send its continuation and answer its token', () => {
    expect(rightsOf('sync-segment', 'sqs')).toEqual(
      expect.arrayContaining(['sqs:ChangeMessageVisibility', 'sqs:SendMessage']),
    );
    expect(rightsOf('sync-segment', 'states')).toEqual([
      'states:SendTaskFailure',
      'states:SendTaskHeartbeat',
      'states:SendTaskSuccess',
    ]);
  });

  it('let schedules be kept in one group and fired at one function by one role, which no other may be passed', () => {
    const keepers = Object.keys(FUNCTIONS).filter((name) => rightsOf(name, 'scheduler').length > 0);
    const fire = byName('fire-schedule').id;
    const role = byName('schedules').Properties.Environment.Variables.FIRE_ROLE_ARN['Fn::GetAtt'][0];
    const firing = allowed.filter((s) => s.role === role);
    const passes = allowed.filter((s) => s.actions.includes('iam:PassRole'));

    expect(keepers).toEqual(['schedules', 'fire-schedule']);
    expect(rightsOf('schedules', 'scheduler')).toEqual([
      'scheduler:CreateSchedule',
      'scheduler:DeleteSchedule',
      'scheduler:UpdateSchedule',
    ]);
    expect(rightsOf('schedules', 'states')).toEqual([]);
    expect(firing.flatMap((s) => s.actions).sort()).toEqual(['lambda:InvokeFunction', 'sqs:SendMessage']);
    expect(firing.flatMap((s) => s.resources).join()).toContain(fire);
    expect(passes.flatMap((s) => s.resources)).toEqual(Array(2).fill(expect.stringContaining(role)));
    expect(resource(role).Properties.AssumeRolePolicyDocument.Statement[0].Condition.StringEquals).toMatchObject({
      'aws:SourceArn': expect.anything(),
    });
  });

  it('let only commands, retries, schedules, orders over pairs, the sweeper and the steps of a job that goes on start an execution of a job', () => {
    const starters = Object.keys(FUNCTIONS).filter((name) =>
      rightsOf(name, 'states').includes('states:StartExecution'),
    );

    expect(starters).toEqual([
      'commands',
      'quarantine',
      'follow-changes',
      'settle-job',
      'fire-schedule',
      'sweeper',
      'run-fleet',
    ]);
  });

  it('let those that open databases sign in as the users of the parameter, and nobody without it', () => {
    const signers = Object.keys(FUNCTIONS).filter((name) => rightsOf(name, 'rds-db').length > 0);
    const policies = ofType(template, 'AWS::IAM::Policy').filter(([id]) => /DatabaseUsers[0-9A-F]{8}$/.test(id));

    // who reads a connection from a secret; and who is given one by the call alone
    const byName = Object.keys(FUNCTIONS).filter((name) =>
      secretsOf(name).some((secret) => /\/(job|environment|schedule)\//.test(secret)),
    );
    expect(signers.toSorted()).toEqual([...new Set([...byName, 'suggest', 'pairs', 'projects'])].sort());
    expect(policies).toHaveLength(signers.length);
    for (const [, policy] of policies) {
      expect(policy).toMatchObject({ Condition: 'HasDatabaseUsers' });
      expect(policy.Properties.PolicyDocument.Statement).toEqual([
        { Effect: 'Allow', Action: 'rds-db:connect', Resource: { 'Fn::Split': [',', { Ref: 'DatabaseUserArns' }] } },
      ]);
    }
    expect(template.Conditions?.HasDatabaseUsers).toEqual({
      'Fn::Not': [{ 'Fn::Equals': [{ Ref: 'DatabaseUserArns' }, ''] }],
    });
    const allowed = new RegExp(template.Parameters.DatabaseUserArns?.AllowedPattern ?? '');
    const user = 'arn:aws:rds-db:eu-west-1:123456789012:dbuser:cluster-ABC123/sync';
    expect(['', user, `${user},${user}`].every((arns) => allowed.test(arns))).toBe(true);
    expect(
      ['*', user.replace('sync', '*'), user.replace('cluster-ABC123', '*')].some((arns) => allowed.test(arns)),
    ).toBe(false);
  });

  it('let one function ask a language model, the one of the parameter and none without it, and approve nothing', () => {
    const askers = Object.keys(FUNCTIONS).filter((name) => rightsOf(name, 'bedrock').length > 0);
    const [, policy] = ofType(template, 'AWS::IAM::Policy').find(([id]) => id.startsWith('SuggestApiModels')) ?? [];
    const role = byName('suggest').Properties.Role['Fn::GetAtt'][0];

    expect(askers).toEqual(['suggest']);
    expect(rightsOf('suggest', 'bedrock')).toEqual(['bedrock:InvokeModel']);
    expect(policy?.Properties.PolicyDocument.Statement).toEqual([
      {
        Effect: 'Allow',
        Action: 'bedrock:InvokeModel',
        Resource: { 'Fn::Split': [',', { Ref: 'SuggestionModelArns' }] },
      },
    ]);
    expect(policy).toMatchObject({ Condition: 'HasSuggestionModel', Properties: { Roles: [{ Ref: role }] } });
    expect(template.Conditions?.HasSuggestionModel).toEqual({
      'Fn::Not': [{ 'Fn::Equals': [{ Ref: 'SuggestionModelArns' }, ''] }],
    });
    expect(template.Parameters.SuggestionModelArns?.Default).toBe('');
    expect(rightsOf('suggest', 'secretsmanager')).toEqual(['secretsmanager:GetSecretValue']); // of environments alone
    for (const service of ['states', 'sqs', 'lambda']) expect(rightsOf('suggest', service)).toEqual([]);
    const writes = registryKinds('suggest', 'dynamodb:PutItem');
    expect(writes).toEqual(['mapping', 'mapping#*']); // not mapping_approval
    expect(registryKinds('suggest', 'dynamodb:UpdateItem')).toEqual(writes);
    expect(rightsOf('suggest', 'dynamodb')).toEqual([
      'dynamodb:GetItem',
      'dynamodb:PutItem',
      'dynamodb:Query',
      'dynamodb:UpdateItem',
    ]);
  });

  it('let those that start jobs read stored mappings, and change nothing of the registry but their own', () => {
    for (const name of ['commands', 'fire-schedule', 'schedules'])
      expect(registryKinds(name, 'dynamodb:GetItem')).toEqual(
        expect.arrayContaining(['mapping', 'mapping#*', 'mapping_approval']),
      );
    expect(registryKinds('commands', 'dynamodb:PutItem')).toEqual(['idempotency', 'approval']);
    expect(registryKinds('commands', 'dynamodb:DeleteItem')).toEqual(['idempotency']);
    expect(registryKinds('fire-schedule', 'dynamodb:PutItem')).toEqual(['schedule', 'schedule_care', 'approval']);
  });

  it('let one function keep environments, and those that start jobs read them and the secrets of them alone', () => {
    const keeps = (action: string, kind: string) =>
      Object.keys(FUNCTIONS).filter((name) => registryKinds(name, action).includes(kind));
    const onSecrets = (name: string) => {
      const role = byName(name).Properties.Role['Fn::GetAtt'][0];
      const own = allowed.filter((s) => s.role === role && s.resources.some((r) => r.includes('/environment/*')));
      return own.flatMap((s) => s.actions.map((action) => action.replace('secretsmanager:', ''))).sort();
    };
    const may = Object.keys(FUNCTIONS).flatMap((n) => (onSecrets(n).length > 0 ? [[n, ...onSecrets(n)]] : []));

    expect(keeps('dynamodb:PutItem', 'environment')).toEqual(['environments']);
    expect(keeps('dynamodb:DeleteItem', 'environment')).toEqual(['environments', 'uninstall']);
    expect(keeps('dynamodb:DeleteItem', 'approval')).toEqual([]);
    const told = ['schedules', 'quarantine', 'suggest', 'pairs', 'projects', 'uninstall', 'fire-schedule', 'run-fleet'];
    const inOrder = (names: readonly string[]) => Object.keys(FUNCTIONS).filter((name) => names.includes(name));
    // fleet asks whether an environment of a name is there, and knows no secret
    expect(keeps('dynamodb:Query', 'environment')).toEqual(inOrder(['commands', 'environments', 'fleet', ...told]));
    expect(may).toEqual(
      inOrder(['commands', 'environments', ...told]).map((name) =>
        name === 'environments'
          ? [name, 'CreateSecret', 'DeleteSecret', 'GetSecretValue']
          : [name, ...(name === 'uninstall' ? ['DeleteSecret'] : []), 'GetSecretValue'],
      ),
    );
    expect(rightsOf('environments', 'states')).toEqual([]);
    expect(rightsOf('environments', 'sqs')).toEqual([]);
  });

  it('take ARNs of Amazon Bedrock alone for the model', () => {
    const pattern = new RegExp(template.Parameters.SuggestionModelArns?.AllowedPattern ?? '');
    const model = 'arn:aws:bedrock:eu-central-1::foundation-model/anthropic.claude-sonnet-4-5-20250929-v1:0';
    const profile =
      'arn:aws:bedrock:eu-central-1:111122223333:inference-profile/eu.anthropic.claude-sonnet-4-5-20250929-v1:0';

    for (const good of ['', model, `${profile},${model}`]) expect(good).toMatch(pattern);
    for (const bad of ['*', 'arn:aws:s3:::x', `${model},`, `${model},*`, `${model.slice(0, -3)}*`, ` ${model}`])
      expect(bad).not.toMatch(pattern);
  });

  it('let the function of stored mappings keep and approve them, and nothing else', () => {
    expect(registryKinds('mappings', 'dynamodb:UpdateItem')).toEqual(['mapping', 'mapping#*']);
    expect(registryKinds('mappings', 'dynamodb:PutItem').toSorted()).toEqual([
      'mapping',
      'mapping#*',
      'mapping_approval',
    ]);
    expect(rightsOf('mappings', 'dynamodb').filter((a) => /Delete|Scan|Batch/.test(a))).toEqual([]);
    for (const service of ['secretsmanager', 'states', 'sqs', 'bedrock'])
      expect(rightsOf('mappings', service)).toEqual([]);
  });
});

describe('template', () => {
  it('leaves what differs between deployments to parameters, and depends on no account, region or context', () => {
    const text = JSON.stringify(template);

    expect(Object.keys(template.Parameters).sort()).toEqual([
      'AlarmAddress',
      'AllowedDatabaseHosts',
      'AllowedWebhookHosts',
      'AuditRetentionDaysDetailed',
      'AuditRetentionDaysMinimal',
      'AuditRetentionDaysStandard',
      'AwsEndpointUrl',
      'DatabaseConnectionBudget',
      'DatabaseUserArns',
      'FirstAdminEmail',
      'FunctionArchitecture',
      'JwtAudience',
      'JwtIssuer',
      'LagNoticeBytes',
      'LagNoticeSeconds',
      'LogRetentionDays',
      'MaxWorkers',
      'PublicUrl',
      'RequestBurst',
      'RequestsPerSecond',
      'RolesClaim',
      'SignInClientId',
      'SignInOrigins',
      'SignInScopes',
      'SuggestionModelArns',
      'TlsPolicy',
    ]);
    expect(template.Parameters.TlsPolicy?.Default).toBe('verify_full');
    expect(text).not.toMatch(/\b\d{12}\b(?!\.)/);
    expect(text).not.toMatch(/\b(us|eu|ap)-(north|south|east|west|central)\w*-\d\b/);
  });

  it('is the same from one synthesis to the next', () => {
    expect(synthesize().template).toEqual(template);
  });

  it('sweeps every minute, and deletes what is too old every day', () => {
    const schedules = ofType(template, 'AWS::Scheduler::Schedule').map(([, r]) => r.Properties);

    expect(schedules.map((s) => [s.ScheduleExpression, s.Target.Arn['Fn::GetAtt'][0]]).sort()).toEqual([
      ['rate(1 day)', byName('retention').id],
      ['rate(1 minute)', byName('announce').id],
      ['rate(1 minute)', byName('fire-schedule').id],
      ['rate(1 minute)', byName('run-fleet').id],
      ['rate(1 minute)', byName('sweeper').id],
    ]);
    expect(byName('retention').Properties.Environment.Variables.AUDIT_RETENTION_DAYS).toEqual({
      'Fn::Join': [
        '',
        [
          { Ref: 'AuditRetentionDaysMinimal' },
          ',',
          { Ref: 'AuditRetentionDaysStandard' },
          ',',
          { Ref: 'AuditRetentionDaysDetailed' },
        ],
      ],
    });
  });
});

describe('cdk-nag AwsSolutions', () => {
  const acknowledged = stack.node
    .findAll()
    .flatMap((c) => c.node.metadata)
    .filter((entry) => entry.type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
    .flatMap((entry) => Object.entries(entry.data as Record<string, string>));

  it('has no open finding', () => {
    const report = new AwsSolutionsChecks(app).validateScope(app);

    expect(report.violations).toEqual([]);
  });

  it('is acknowledged for few kinds of finding, each with a reason', () => {
    const ids = [...new Set(acknowledged.map(([id]) => id))];
    expect(ids.length).toBeLessThanOrEqual(12);
    expect([...new Set(ids.map((id) => id.replace('Annotation::', '').split('[')[0]))].sort()).toEqual([
      'AwsSolutions-APIG4',
      'AwsSolutions-IAM5',
      'AwsSolutions-SQS3',
    ]);
    for (const [, reason] of acknowledged) expect(reason).toMatch(/\w{3,}.*\.$/);
  });
});
