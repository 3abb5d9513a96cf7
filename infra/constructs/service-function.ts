import { join } from 'node:path';
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Policy, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Architecture,
  Code,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
  Tracing,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { acknowledge } from '../acknowledge.ts';
import type { FunctionName } from '../functions.ts';
import type { Network } from './network.ts';

/** What all functions of the service share. */
export interface FunctionDefaults {
  readonly distDir: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly logRetention: RetentionDays;
  /** arm64 or x86_64; may be a parameter. */
  readonly architecture: string;
  /** Where they live; absent: in Lambda's own network, which reaches the internet. */
  readonly network?: Network | undefined;
}

export interface ServiceFunctionProps extends FunctionDefaults {
  readonly name: FunctionName;
  readonly description: string;
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
}

/** One Lambda function from its bundle, with a role and a log group of its own. It may do nothing until allowed to. */
export class ServiceFunction extends Construct {
  readonly name: FunctionName;
  readonly memoryMb: number;
  readonly lambda: LambdaFunction;
  readonly role: Role;
  readonly arn: string;
  readonly timeout: Duration;

  constructor(scope: Construct, id: string, props: ServiceFunctionProps) {
    super(scope, id);
    this.name = props.name;
    this.memoryMb = props.memoryMb;
    this.timeout = Duration.seconds(props.timeoutSeconds);

    const logs = new LogGroup(this, 'Logs', { retention: props.logRetention, removalPolicy: RemovalPolicy.DESTROY });
    this.role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    this.lambda = new LambdaFunction(this, 'Function', {
      description: props.description,
      code: Code.fromAsset(join(props.distDir, props.name)),
      handler: 'index.handler', // dist/functions/<name>/index.mjs: ESM by its extension
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.custom(props.architecture),
      memorySize: props.memoryMb,
      timeout: this.timeout,
      environment: { ...props.environment, FUNCTION_NAME: props.name },
      // Every statement is written out in this repository; CDK adds none by itself.
      role: this.role.withoutPolicyUpdates(),
      logGroup: logs,
      loggingFormat: LoggingFormat.JSON,
      tracing: Tracing.ACTIVE,
    });
    this.arn = this.lambda.functionArn;

    this.allow(['logs:CreateLogStream', 'logs:PutLogEvents'], [logs.logGroupArn]);
    allowTracing(this.role);
    props.network?.take(this);
  }

  /** Adds one statement to the function's role. */
  allow(actions: readonly string[], resources: readonly string[]): void {
    this.role.addToPolicy(new PolicyStatement({ actions: [...actions], resources: [...resources] }));
  }
}

/** X-Ray knows no resources, so its two actions stand apart from the rights that do. */
export function allowTracing(role: Role): Policy {
  const tracing = new Policy(role, 'Tracing', {
    roles: [role],
    statements: [
      new PolicyStatement({ actions: ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'], resources: ['*'] }),
    ],
  });
  acknowledge(tracing, 'AwsSolutions-IAM5[Resource::*]', 'The X-Ray actions accept no resource.');
  return tracing;
}
