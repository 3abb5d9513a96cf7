import {
  CreateSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { expect, test } from 'vitest';
import { encryptSecretsWith } from '../../../functions/aws/secrets-key.ts';

const KEY = 'arn:aws:kms:eu-west-1:123456789012:key/1';

/** What a client sends, by its operation; nothing leaves. */
async function sent(keyArn: string | undefined) {
  const bodies: Record<string, Record<string, unknown>> = {};
  const client = new SecretsManagerClient({
    region: 'eu-west-1',
    credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
    requestHandler: {
      handle: async (request: { headers: Record<string, string>; body: string }) => {
        bodies[String(request.headers['x-amz-target']).split('.')[1] ?? ''] = JSON.parse(request.body);
        return { response: { statusCode: 400, headers: {}, body: new Uint8Array() } };
      },
    } as never,
    maxAttempts: 1,
  });
  encryptSecretsWith(client, keyArn);
  const commands = [
    new CreateSecretCommand({ Name: 'n', SecretString: 's' }),
    new PutSecretValueCommand({ SecretId: 'n', SecretString: 's' }),
    new GetSecretValueCommand({ SecretId: 'n' }),
  ];
  for (const command of commands) await client.send(command as CreateSecretCommand).catch(() => undefined);
  return bodies;
}

test("a new secret gets the deployment's key, and nothing else is said differently", async () => {
  const [plain, own] = [await sent(undefined), await sent(KEY)];

  expect(Object.keys(plain).sort()).toEqual(['CreateSecret', 'GetSecretValue', 'PutSecretValue']);
  expect(own.CreateSecret).toMatchObject({ Name: 'n', KmsKeyId: KEY });
  expect([plain.CreateSecret?.KmsKeyId, own.PutSecretValue?.KmsKeyId]).toEqual([undefined, undefined]);
  expect(own.GetSecretValue).toEqual(plain.GetSecretValue);
});
