import { randomUUID } from 'node:crypto';
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  GetSecretValueCommand,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import * as z from 'zod';
import { SyncError } from '../../lib/model/errors.ts';
import { Secret } from '../../lib/model/secret.ts';
import type { WebhookSecret } from '../../lib/model/webhook.ts';
import type { WebhookSecrets } from '../../lib/ports.ts';
import { calling, isAws } from './errors.ts';

const stored = z.object({
  v: z.literal(1),
  url: z.string(),
  key: z.string(),
  before: z.object({ key: z.string(), until: z.string() }).optional(),
});

const missing = (ref: string) =>
  new SyncError('secret_missing', 'The secret of the webhook is gone.', { facts: { ref } });

/** Secrets of webhooks in Secrets Manager: each change makes one of another name, so that none is seen half changed. */
export function awsWebhookSecrets(client: () => SecretsManagerClient, prefix: () => string): WebhookSecrets {
  const call = <T>(work: () => Promise<T>) => calling('secrets', work);
  return {
    create: (webhook, { url, key, before }) =>
      call(async () => {
        const Name = `${prefix()}${webhook}/${randomUUID()}`;
        const SecretString = JSON.stringify({
          v: 1,
          url: url.reveal(),
          key: key.reveal(),
          ...(before && { before: { key: before.key.reveal(), until: before.until } }),
        });
        await client().send(new CreateSecretCommand({ Name, SecretString }));
        return Name;
      }),
    get: (ref) =>
      call(async () => {
        const found = await client()
          .send(new GetSecretValueCommand({ SecretId: ref }))
          .catch((error: unknown) => {
            throw isAws(error, 'ResourceNotFoundException') ? missing(ref) : error;
          });
        return read(found.SecretString, ref);
      }),
    remove: (ref) =>
      call(async () => {
        try {
          await client().send(new DeleteSecretCommand({ SecretId: ref, ForceDeleteWithoutRecovery: true }));
        } catch (error) {
          if (!isAws(error, 'ResourceNotFoundException')) throw error;
        }
      }),
  };
}

/** Neither the text nor what a parser says of it goes into an error: both hold what is secret. */
function read(text: string | undefined, ref: string): WebhookSecret {
  let json: unknown;
  try {
    json = JSON.parse(text ?? '');
  } catch {
    json = undefined;
  }
  const parsed = stored.safeParse(json);
  if (!parsed.success) throw new SyncError('internal', 'the secret of a webhook cannot be read', { facts: { ref } });
  const { url, key, before } = parsed.data;
  return {
    url: new Secret(url),
    key: new Secret(key),
    ...(before && { before: { key: new Secret(before.key), until: before.until } }),
  };
}
