import { Fn } from 'aws-cdk-lib';
import { acknowledge } from '../acknowledge.ts';
import type { ServiceFunction } from './service-function.ts';

/** Names of the secrets that hold a job's two connections start with this. `commands` creates them, one per job. */
export const SECRET_PREFIX = Fn.sub(`\${AWS::StackName}/job/`);

const ANY_JOB_SECRET = Fn.sub(
  `arn:\${AWS::Partition}:secretsmanager:\${AWS::Region}:\${AWS::AccountId}:secret:\${AWS::StackName}/job/*`,
);

/** Names of the keys that masks are computed with start with this; one per pair of databases, longer than any job. */
export const MASK_KEY_PREFIX = Fn.sub(`\${AWS::StackName}/mask/`);

const ANY_MASK_KEY = Fn.sub(
  `arn:\${AWS::Partition}:secretsmanager:\${AWS::Region}:\${AWS::AccountId}:secret:\${AWS::StackName}/mask/*`,
);

export type SecretRight = 'CreateSecret' | 'PutSecretValue' | 'GetSecretValue' | 'DescribeSecret' | 'DeleteSecret';

/** Secrets come and go with jobs, so their names are not known here: the prefix is all a role can name. */
export function allowJobSecrets(fn: ServiceFunction, ...rights: readonly SecretRight[]): void {
  fn.allow(
    rights.map((right) => `secretsmanager:${right}`),
    [ANY_JOB_SECRET],
  );
  acknowledge(
    fn.role,
    `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:secretsmanager:<AWS::Region>:<AWS::AccountId>:secret:<AWS::StackName>/job/*]`,
    'Secrets are created per job at run time; the name prefix of this stack is as narrow as a role can be.',
  );
}

/** Nobody may change a key, and only what takes the service out of a database delete one: every masked value gets another one. */
export function allowMaskKeys(
  fn: ServiceFunction,
  ...rights: readonly ('CreateSecret' | 'GetSecretValue' | 'DescribeSecret' | 'DeleteSecret')[]
): void {
  fn.allow(
    rights.map((right) => `secretsmanager:${right}`),
    [ANY_MASK_KEY],
  );
  acknowledge(
    fn.role,
    `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:secretsmanager:<AWS::Region>:<AWS::AccountId>:secret:<AWS::StackName>/mask/*]`,
    'Keys of masks are created per pair of databases at run time; the name prefix of this stack is as narrow as a role can be.',
  );
}

/** Names of the secrets that hold an environment's connection start with this; one each time it is put. */
export const ENVIRONMENT_SECRET_PREFIX = Fn.sub(`\${AWS::StackName}/environment/`);

const ANY_ENVIRONMENT_SECRET = Fn.sub(
  `arn:\${AWS::Partition}:secretsmanager:\${AWS::Region}:\${AWS::AccountId}:secret:\${AWS::StackName}/environment/*`,
);

/** Environments are made at run time; only the function that keeps them makes and deletes their secrets. */
export function allowEnvironmentSecrets(
  fn: ServiceFunction,
  ...rights: readonly ('CreateSecret' | 'GetSecretValue' | 'DeleteSecret')[]
): void {
  fn.allow(
    rights.map((right) => `secretsmanager:${right}`),
    [ANY_ENVIRONMENT_SECRET],
  );
  acknowledge(
    fn.role,
    `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:secretsmanager:<AWS::Region>:<AWS::AccountId>:secret:<AWS::StackName>/environment/*]`,
    'Secrets are created per environment at run time; the name prefix of this stack is as narrow as a role can be.',
  );
}
