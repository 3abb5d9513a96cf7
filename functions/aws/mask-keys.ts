import { DeleteSecretCommand, DescribeSecretCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { MaskKeys } from '../../lib/ports.ts';
import { calling, isAws } from './errors.ts';

/** Keys of masks, for the one function that may remove them: every value that was masked with one is masked otherwise from then on. */
export function awsMaskKeys(client: () => SecretsManagerClient, prefix: () => string): MaskKeys {
  const found = (work: Promise<unknown>): Promise<boolean> =>
    calling('secrets', async () => {
      try {
        await work;
        return true;
      } catch (error) {
        if (!isAws(error, 'ResourceNotFoundException')) throw error;
        return false;
      }
    });
  return {
    has: (pair) => found(client().send(new DescribeSecretCommand({ SecretId: prefix() + pair }))),
    remove: async (pair) =>
      void (await found(
        client().send(new DeleteSecretCommand({ SecretId: prefix() + pair, ForceDeleteWithoutRecovery: true })),
      )),
  };
}
