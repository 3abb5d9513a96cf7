import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { secretActions } from '../../../local/aws/secrets.ts';
import type { JsonObject } from '../../../local/json.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tf-secrets-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Opens the store anew for each call, so that everything must be in the file. */
const call = async (action: string, input: JsonObject): Promise<JsonObject> =>
  (await secretActions(join(folder, 'secrets.json'))[action]?.(input)) ?? {};

describe('the secret store', () => {
  it('finds a secret by name, by ARN and by ARN without its suffix', async () => {
    const { ARN } = await call('CreateSecret', { Name: 'a/b', SecretString: 'x' });

    for (const SecretId of ['a/b', String(ARN), String(ARN).slice(0, -7)]) {
      expect(await call('GetSecretValue', { SecretId })).toMatchObject({ Name: 'a/b', SecretString: 'x' });
    }
    expect(statSync(join(folder, 'secrets.json')).mode & 0o777).toBe(0o600);
  });

  it('replaces a value, and creates a name once', async () => {
    const token = { ClientRequestToken: 't' };
    await call('CreateSecret', { Name: 'a', SecretString: 'x', ...token });
    await call('CreateSecret', { Name: 'a', SecretString: 'x', ...token });
    await call('PutSecretValue', { SecretId: 'a', SecretString: 'y' });

    expect(await call('GetSecretValue', { SecretId: 'a' })).toMatchObject({ SecretString: 'y' });
    await expect(call('CreateSecret', { Name: 'a' })).rejects.toMatchObject({ name: 'ResourceExistsException' });
  });

  it('hides a secret that waits for its deletion, and forgets one deleted by force', async () => {
    await call('CreateSecret', { Name: 'a', SecretString: 'x' });
    await call('DeleteSecret', { SecretId: 'a' });
    await expect(call('GetSecretValue', { SecretId: 'a' })).rejects.toMatchObject({ name: 'InvalidRequestException' });

    await call('DeleteSecret', { SecretId: 'a', ForceDeleteWithoutRecovery: true });
    await expect(call('DescribeSecret', { SecretId: 'a' })).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });
});
