import { AwsSolutionsChecks } from 'cdk-nag';
import { expect, test } from 'vitest';
import { ofType, synthesize } from './synthesized.ts';

const { app, template } = synthesize({ customerManagedKey: 'true' });
const [key, ...others] = ofType(template, 'AWS::KMS::Key');
const ARN = { 'Fn::GetAtt': [key?.[0], 'Arn'] };
const properties = (type: string) => ofType(template, type).map(([, r]) => r.Properties);

test('everything that the stack keeps is encrypted with the one key', () => {
  const kept = {
    tables: properties('AWS::DynamoDB::Table').map((t) => t.SSESpecification.KMSMasterKeyId),
    queues: properties('AWS::SQS::Queue').map((q) => q.KmsMasterKeyId),
    logs: properties('AWS::Logs::LogGroup').map((l) => l.KmsKeyId),
    secrets: properties('AWS::Lambda::Function').map((f) => f.Environment.Variables.SECRETS_KEY_ARN),
  };

  expect(others).toEqual([]);
  for (const found of Object.values(kept)) {
    expect(found.length).toBeGreaterThan(3);
    expect(new Set(found.map((arn) => JSON.stringify(arn)))).toEqual(new Set([JSON.stringify(ARN)]));
  }
  for (const queue of properties('AWS::SQS::Queue')) expect(queue.SqsManagedSseEnabled).toBeUndefined();
});

test('the key is turned over, outlives the stack, and is used by nobody outside the account', () => {
  const { Properties, DeletionPolicy } = key?.[1] ?? { Properties: {}, DeletionPolicy: undefined };
  const [, ...users] = Properties.KeyPolicy.Statement;

  expect(DeletionPolicy).toBe('Retain');
  expect(Properties.EnableKeyRotation).toBe(true);
  expect(users.length).toBe(3);
  for (const user of users) {
    expect(JSON.stringify(user.Condition)).toMatch(/AccountId/);
    expect(user.Action).not.toContain('kms:*');
  }
});

test('cdk-nag finds nothing', () => {
  expect(new AwsSolutionsChecks(app).validateScope(app).violations).toEqual([]);
});

test('without it there is no key, and nothing but true asks for one', () => {
  expect(JSON.stringify(synthesize().template)).not.toMatch(/KMS::Key|SECRETS_KEY_ARN/);
  expect(() => synthesize({ customerManagedKey: 'yes' })).toThrow('customerManagedKey: expected true, found "yes"');
});
