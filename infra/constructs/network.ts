import { Aws, Fn } from 'aws-cdk-lib';
import { CfnSecurityGroup, CfnVPCEndpoint } from 'aws-cdk-lib/aws-ec2';
import { AnyPrincipal, Effect, Policy, PolicyDocument, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { CfnFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { acknowledge } from '../acknowledge.ts';
import type { NetworkOptions } from '../network-options.ts';
import type { ServiceFunction } from './service-function.ts';

/** Of AWS, what functions call by an address in the network: DynamoDB has a gateway of its own. */
const CALLED = ['secretsmanager', 'sqs', 'states', 'scheduler'] as const;

/** What Lambda does with a function's role to give it an address. EC2 knows no resource for most of these. */
const INTERFACES = [
  'ec2:CreateNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:DeleteNetworkInterface',
  'ec2:AssignPrivateIpAddresses',
  'ec2:UnassignPrivateIpAddresses',
];

/**
 * An existing VPC in which functions live that open databases: databases of one's own network need no address of the
 * internet then. Functions get a security group that lets nothing in; databases let that group in.
 */
export class Network extends Construct {
  readonly securityGroupId: string;
  readonly #options: NetworkOptions;

  constructor(scope: Construct, options: NetworkOptions) {
    super(scope, 'Network');
    this.#options = options;
    const group = new CfnSecurityGroup(this, 'Functions', {
      groupDescription: 'Functions of TerraFusion Sync: nothing comes in, databases and AWS are called.',
      vpcId: options.vpcId,
      securityGroupEgress: [{ ipProtocol: '-1', cidrIp: '0.0.0.0/0', description: 'hosts are decided by the service' }],
    });
    this.securityGroupId = group.attrGroupId;
    if (options.endpoints) this.addEndpoints(options.endpoints.routeTableIds);
  }

  /** Puts a function there. Its own code may not use the rights that Lambda needs for it. */
  take(fn: ServiceFunction): void {
    const lambda = fn.lambda.node.defaultChild as CfnFunction;
    lambda.vpcConfig = { subnetIds: [...this.#options.subnetIds], securityGroupIds: [this.securityGroupId] };
    const policy = new Policy(fn.role, 'Interfaces', {
      roles: [fn.role],
      statements: [
        new PolicyStatement({ actions: INTERFACES, resources: ['*'] }),
        new PolicyStatement({
          effect: Effect.DENY,
          actions: INTERFACES,
          resources: ['*'],
          // present only where the function's own code calls (AWS Lambda, "Configuring VPC access")
          conditions: { StringLike: { 'lambda:SourceFunctionArn': `arn:${Aws.PARTITION}:lambda:*:*:function:*` } },
        }),
      ],
    });
    acknowledge(
      policy,
      'AwsSolutions-IAM5[Resource::*]',
      'EC2 names no resource for the interfaces that Lambda makes; the code itself is denied them.',
    );
    lambda.node.addDependency(policy); // Lambda checks the rights when the function is created
  }

  /** So that a network without a way to the internet reaches AWS. */
  private addEndpoints(routeTableIds: readonly string[]): void {
    const { vpcId, subnetIds } = this.#options;
    const callers = new CfnSecurityGroup(this, 'Endpoints', {
      groupDescription: 'AWS services that TerraFusion Sync calls.',
      vpcId,
      securityGroupIngress: [
        { ipProtocol: 'tcp', fromPort: 443, toPort: 443, sourceSecurityGroupId: this.securityGroupId },
      ],
    });
    new CfnVPCEndpoint(this, 'Dynamodb', {
      vpcId,
      vpcEndpointType: 'Gateway',
      serviceName: Fn.sub(`com.amazonaws.\${AWS::Region}.dynamodb`),
      routeTableIds: [...routeTableIds],
      policyDocument: ownAccount(),
    });
    for (const service of CALLED)
      new CfnVPCEndpoint(this, service, {
        vpcId,
        vpcEndpointType: 'Interface',
        serviceName: Fn.sub(`com.amazonaws.\${AWS::Region}.${service}`),
        subnetIds: [...subnetIds],
        securityGroupIds: [callers.attrGroupId],
        privateDnsEnabled: true,
        policyDocument: ownAccount(),
      });
  }
}

/** Through an endpoint, only roles of this account: what a role may do is said by its own policies. */
const ownAccount = () =>
  new PolicyDocument({
    statements: [
      new PolicyStatement({
        principals: [new AnyPrincipal()],
        actions: ['*'],
        resources: ['*'],
        conditions: { StringEquals: { 'aws:PrincipalAccount': Aws.ACCOUNT_ID } },
      }),
    ],
  });
