import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';

/**
 * Gives every secret that the client makes the deployment's own key; without one (`keyArn` absent) Secrets Manager takes the
 * account's. Here and not at each command, so that no command can forget it.
 */
export function encryptSecretsWith(client: SecretsManagerClient, keyArn: string | undefined): SecretsManagerClient {
  if (keyArn === undefined) return client;
  client.middlewareStack.add(
    (next, { commandName }) =>
      (args) =>
        next(commandName === 'CreateSecretCommand' ? { ...args, input: { ...args.input, KmsKeyId: keyArn } } : args),
    { step: 'initialize', name: 'ownKey' },
  );
  return client;
}
