// biome-ignore-all lint/suspicious/noTemplateCurlyInString: definitions have places for substitutions
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Calls an emulated AWS service the way an SDK would, without bundling one. */
const CALL = `
async function aws(endpoint, target, version, body) {
  const headers = { 'content-type': 'application/x-amz-json-' + version, 'x-amz-target': target };
  const answer = await fetch(endpoint, { method: 'POST', headers, body: JSON.stringify(body) });
  const json = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(JSON.stringify(json)), { name: json.__type ?? 'unknown' });
  return json;
}
const states = (action, body) => aws(process.env.AWS_ENDPOINT_URL_SFN, 'AWSStepFunctions.' + action, '1.0', body);
const secrets = (action, body) => aws(process.env.AWS_ENDPOINT_URL_SECRETS_MANAGER, 'secretsmanager.' + action, '1.1', body);
`;

const API = `${CALL}
const json = (statusCode, body) => ({ statusCode, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
export async function handler(event) {
  const { routeKey, pathParameters, requestContext } = event;
  if (routeKey === 'GET /open') return json(200, { authorizer: requestContext.authorizer ?? null });
  if (routeKey === 'GET /whoami') return json(200, requestContext.authorizer.jwt.claims);
  if (routeKey === 'GET /boom') throw new Error('boom');
  if (routeKey === 'POST /secret/{name}') {
    await secrets('CreateSecret', { Name: pathParameters.name, SecretString: event.body });
    return json(201, {});
  }
  if (routeKey === 'GET /secret/{name}') return json(200, await secrets('GetSecretValue', { SecretId: pathParameters.name }));
  if (routeKey === 'POST /jobs/{id}') {
    const input = JSON.stringify({ id: pathParameters.id, ...JSON.parse(event.body) });
    return json(202, await states('StartExecution', { stateMachineArn: process.env.JOB_ARN, name: pathParameters.id, input }));
  }
  const executionArn = process.env.JOB_ARN.replace('stateMachine', 'execution') + ':' + pathParameters.id;
  return json(200, await states('DescribeExecution', { executionArn }));
}`;

const WORKER = `${CALL}
export async function handler(event) {
  const [record] = event.Records;
  const { token, item } = JSON.parse(record.body);
  if (item === 'crash' && record.attributes.ApproximateReceiveCount === '1') {
    const QueueUrl = process.env.QUEUE_URL;
    const change = { QueueUrl, ReceiptHandle: record.receiptHandle, VisibilityTimeout: 0 };
    await aws(process.env.AWS_ENDPOINT_URL_SQS, 'AmazonSQS.ChangeMessageVisibility', '1.0', change);
    process.exit(1);
  }
  await states('SendTaskHeartbeat', { taskToken: token });
  if (item === 'fail') await states('SendTaskFailure', { taskToken: token, error: 'row_invalid', cause: 'no' });
  else await states('SendTaskSuccess', { taskToken: token, output: JSON.stringify({ item }) });
  return { batchItemFailures: [] };
}`;

const ref = (name: string) => ({ Ref: name });
const arnOf = (name: string) => ({ 'Fn::GetAtt': [name, 'Arn'] });

function lambda(bundle: string, variables: Record<string, unknown> = {}, timeout = 20) {
  return {
    Type: 'AWS::Lambda::Function',
    Properties: {
      Handler: 'index.handler',
      Timeout: timeout,
      MemorySize: 256,
      Code: { S3Bucket: 'b', S3Key: `${bundle}.zip` },
      Role: arnOf('Role'),
      Environment: { Variables: variables },
    },
    Metadata: { 'aws:asset:path': `asset.${bundle}`, 'aws:asset:property': 'Code' },
  };
}

function machine(name: string, definition: object, substitutions: object) {
  return {
    Type: 'AWS::StepFunctions::StateMachine',
    Properties: {
      StateMachineName: { 'Fn::Sub': `\${AWS::StackName}-${name}` },
      DefinitionString: JSON.stringify(definition),
      DefinitionSubstitutions: substitutions,
      RoleArn: arnOf('Role'),
    },
  };
}

const JOB = {
  StartAt: 'Run',
  States: {
    Run: {
      Type: 'Task',
      Resource: 'arn:aws:states:::states:startExecution.sync:2',
      Parameters: {
        StateMachineArn: '${Table}',
        'Name.$': "States.Format('{}-a{}', $.id, $$.State.RetryCount)",
        Input: { 'items.$': '$.items' },
      },
      ResultSelector: { 'items.$': '$.Output' },
      End: true,
    },
  },
};

const TABLE = {
  StartAt: 'Each',
  States: {
    Each: {
      Type: 'Map',
      ItemsPath: '$.items',
      MaxConcurrency: 2,
      ItemProcessor: {
        StartAt: 'Send',
        States: {
          Send: {
            Type: 'Task',
            Resource: 'arn:aws:states:::sqs:sendMessage.waitForTaskToken',
            Parameters: { QueueUrl: '${Queue}', MessageBody: { 'item.$': '$', 'token.$': '$$.Task.Token' } },
            HeartbeatSeconds: 60,
            End: true,
          },
        },
      },
      End: true,
    },
  },
};

function route(key: string, open = false) {
  const auth = open ? { AuthorizationType: 'NONE' } : { AuthorizationType: 'JWT', AuthorizerId: ref('Authorizer') };
  const target = { 'Fn::Join': ['', ['integrations/', ref('Integration')]] };
  return {
    Type: 'AWS::ApiGatewayV2::Route',
    Properties: { ApiId: ref('Api'), RouteKey: key, Target: target, ...auth },
  };
}

const RESOURCES = {
  Role: { Type: 'AWS::IAM::Role', Properties: {} },
  Table: {
    Type: 'AWS::DynamoDB::Table',
    Properties: {
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      BillingMode: 'PAY_PER_REQUEST',
    },
  },
  DeadLetters: { Type: 'AWS::SQS::Queue', Properties: {} },
  Queue: {
    Type: 'AWS::SQS::Queue',
    Properties: {
      VisibilityTimeout: 60,
      RedrivePolicy: { deadLetterTargetArn: arnOf('DeadLetters'), maxReceiveCount: 5 },
    },
  },
  Api: { Type: 'AWS::ApiGatewayV2::Api', Properties: { Name: 'x', ProtocolType: 'HTTP' } },
  Stage: {
    Type: 'AWS::ApiGatewayV2::Stage',
    Properties: { DefaultRouteSettings: { ThrottlingRateLimit: 50, ThrottlingBurstLimit: 100 } },
  },
  Function: lambda('api', { JOB_ARN: ref('JobMachine'), TABLE: ref('Table') }),
  Worker: lambda('worker', { QUEUE_URL: ref('Queue') }),
  TableMachine: machine('table', TABLE, { Queue: ref('Queue') }),
  JobMachine: machine('job', JOB, { Table: ref('TableMachine') }),
  Mapping: {
    Type: 'AWS::Lambda::EventSourceMapping',
    Properties: {
      EventSourceArn: arnOf('Queue'),
      FunctionName: ref('Worker'),
      BatchSize: 1,
      ScalingConfig: { MaximumConcurrency: 2 },
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    },
  },
  Integration: {
    Type: 'AWS::ApiGatewayV2::Integration',
    Properties: { IntegrationType: 'AWS_PROXY', IntegrationUri: arnOf('Function'), PayloadFormatVersion: '2.0' },
  },
  Authorizer: {
    Type: 'AWS::ApiGatewayV2::Authorizer',
    Properties: {
      AuthorizerType: 'JWT',
      IdentitySource: ['$request.header.Authorization'],
      JwtConfiguration: { Issuer: ref('JwtIssuer'), Audience: [ref('JwtAudience')] },
    },
  },
  Open: route('GET /open', true),
  WhoAmI: route('GET /whoami'),
  Boom: route('GET /boom'),
  PutSecret: route('POST /secret/{name}'),
  GetSecret: route('GET /secret/{name}'),
  StartJob: route('POST /jobs/{id}'),
  Job: route('GET /jobs/{id}'),
};

/** Writes a cloud assembly with every kind of part the real stack has, in miniature; returns its folder. */
export function writeMiniStack(folder: string): string {
  for (const [name, source] of Object.entries({ api: API, worker: WORKER })) {
    mkdirSync(join(folder, `asset.${name}`), { recursive: true });
    writeFileSync(join(folder, `asset.${name}`, 'index.mjs'), source);
  }
  const text = { Type: 'String' };
  const Parameters = {
    JwtIssuer: text,
    JwtAudience: text,
    SignInClientId: text,
    TlsPolicy: { ...text, Default: 'verify_full' },
    MaxWorkers: text,
    AllowedDatabaseHosts: text,
    AllowedWebhookHosts: text,
  };
  writeFileSync(join(folder, 'Mini.template.json'), JSON.stringify({ Parameters, Resources: RESOURCES }));
  writeFileSync(join(folder, 'Mini.assets.json'), '{"files":{}}');
  return folder;
}
