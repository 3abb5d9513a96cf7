import { Fn } from 'aws-cdk-lib';
import { type CfnPolicy, Policy, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Parameters } from './parameters.ts';
import type { ServiceFunction } from './service-function.ts';

/** The right to sign in as the database users that the parameter names, and no others; where it is empty, there is no such policy. */
export function allowDatabaseSignIn(fn: ServiceFunction, { databaseUserArns, hasDatabaseUsers }: Parameters): void {
  const policy = new Policy(fn, 'DatabaseUsers', {
    roles: [fn.role],
    statements: [new PolicyStatement({ actions: ['rds-db:connect'], resources: Fn.split(',', databaseUserArns) })],
  });
  const resource = policy.node.defaultChild as CfnPolicy; // a Policy is made of one
  resource.cfnOptions.condition = hasDatabaseUsers;
}
