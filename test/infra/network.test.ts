import { AwsSolutionsChecks } from 'cdk-nag';
import { expect, test } from 'vitest';
import { ofType, synthesize } from './synthesized.ts';

const VPC = { vpcId: 'vpc-0123456789abcdef0', subnetIds: 'subnet-0123456789abcdef0,subnet-0123456789abcdef1' };
const { app, template } = synthesize({ ...VPC, routeTableIds: 'rtb-0123456789abcdef0' });
const functions = ofType(template, 'AWS::Lambda::Function').map(([, f]) => f.Properties);
const groups = ofType(template, 'AWS::EC2::SecurityGroup');

test('functions live in the network that is named, all but those that open no database and have to do with the world', () => {
  const outside = functions.filter((f) => f.VpcConfig === undefined);
  const inside = functions.filter((f) => f.VpcConfig !== undefined);

  expect(outside.map((f) => f.Environment.Variables.FUNCTION_NAME).sort()).toEqual([
    'announce',
    'deliver-webhooks', // so no webhook leads into the network, whatever is in the list of its hosts
    'fleet', // it opens no database: what starts the jobs of an order does
    'openapi',
    'web',
    'webhooks',
  ]);
  expect(inside.length).toBeGreaterThan(15);
  for (const { VpcConfig } of inside) expect(VpcConfig.SubnetIds).toEqual(VPC.subnetIds.split(','));
});

test('nothing comes in to a function, and to the endpoints only what functions send', () => {
  const [functionsGroup, endpoints] = groups.map(([, g]) => g.Properties);

  expect(groups.length).toBe(2);
  expect(functionsGroup.SecurityGroupIngress).toBeUndefined();
  expect(endpoints.SecurityGroupIngress).toEqual([
    {
      IpProtocol: 'tcp',
      FromPort: 443,
      ToPort: 443,
      SourceSecurityGroupId: { 'Fn::GetAtt': [groups[0]?.[0], 'GroupId'] },
    },
  ]);
});

test('every service of AWS that a function may call by the network has an endpoint', () => {
  const roles = functions.filter((f) => f.VpcConfig).map((f) => f.Role['Fn::GetAtt'][0]);
  const policies = ofType(template, 'AWS::IAM::Policy').filter(([, p]) => roles.includes(p.Properties.Roles[0].Ref));
  const actions = policies.flatMap(([, { Properties }]) =>
    Properties.PolicyDocument.Statement.filter((s: { Effect: string }) => s.Effect === 'Allow').flatMap(
      (s: { Action: string | string[] }) => s.Action,
    ),
  );
  const services = new Set(actions.map((action: string) => action.split(':')[0]));
  const served = ofType(template, 'AWS::EC2::VPCEndpoint').map(([, e]) =>
    String(e.Properties.ServiceName['Fn::Sub']).split('.').at(-1),
  );

  // Lambda itself sends logs and traces and makes interfaces; roles are passed and functions invoked by others; a model is asked
  // only where the deployment names one (docs/connections.md)
  const byOthers = ['logs', 'xray', 'ec2', 'iam', 'lambda', 'bedrock', 'rds-db'];
  expect([...services].filter((s) => !byOthers.includes(s as string)).sort()).toEqual(served.sort());
});

test('code in a function is denied what Lambda needs to give it an address', () => {
  const policies = ofType(template, 'AWS::IAM::Policy').map(([, p]) => p.Properties.PolicyDocument.Statement);
  const withInterfaces = policies.filter((statements) => JSON.stringify(statements).includes('NetworkInterface'));

  expect(withInterfaces.length).toBe(functions.filter((f) => f.VpcConfig).length);
  for (const [allow, deny] of withInterfaces) {
    expect([allow.Effect, deny.Effect]).toEqual(['Allow', 'Deny']);
    expect(deny.Action).toEqual(allow.Action);
    expect(Object.keys(deny.Condition.StringLike)).toEqual(['lambda:SourceFunctionArn']);
  }
});

test('cdk-nag finds nothing there that is not acknowledged', () => {
  expect(new AwsSolutionsChecks(app).validateScope(app).violations).toEqual([]);
});

test('without a network nothing of it is in the template', () => {
  const plain = synthesize().template;

  expect(Object.values(plain.Resources).filter((r) => r.Type.startsWith('AWS::EC2'))).toEqual([]);
  expect(JSON.stringify(plain)).not.toContain('VpcConfig');
});

test('a network that brings its own way to AWS gets no endpoints', () => {
  expect(ofType(synthesize(VPC).template, 'AWS::EC2::VPCEndpoint')).toEqual([]);
});

test('what is no id of AWS is refused, all at once', () => {
  expect(() => synthesize({ vpcId: 'vpc-1', subnetIds: 'subnet-0123456789abcdef0,,x' })).toThrow(
    /vpcId: expected .* found "vpc-1"\n- subnetIds: .* found ""\n- subnetIds: .* found "x"/,
  );
  expect(() => synthesize({ subnetIds: 'subnet-0123456789abcdef0' })).toThrow(/expected a vpcId with them/);
  expect(() => synthesize({ vpcId: VPC.vpcId })).toThrow(/expected subnetIds with it/);
});
