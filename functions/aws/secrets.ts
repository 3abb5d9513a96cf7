import {
  CreateSecretCommand,
  DeleteSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import * as z from 'zod';
import { type Connection, SSL_MODES } from '../../lib/model/connection.ts';
import { SyncError } from '../../lib/model/errors.ts';
import { Secret } from '../../lib/model/secret.ts';
import type { ConnectionPair, EnvironmentSecrets, SecretStore } from '../../lib/ports.ts';
import { calling, isAws } from './errors.ts';

const stored = z.object({
  host: z.string(),
  port: z.int(),
  database: z.string(),
  user: z.string(),
  password: z.string().optional(),
  sslmode: z.enum(SSL_MODES).optional(),
  authorities: z.string().optional(),
  iam: z.object({ region: z.string() }).optional(),
});
const storedPair = z.object({ v: z.literal(1), source: stored, target: stored });

const storedOne = z.object({ v: z.literal(1), connection: stored });

const storedKey = z.object({ v: z.literal(1), mask_key: z.string().length(64) });

/** What names of secrets begin with. */
export interface SecretPrefixes {
  readonly secretPrefix: string;
  readonly maskKeyPrefix: string;
}

/**
 * Connections in Secrets Manager, one secret per job; the reference is its name, prefix and job id. Keys of masks: one per pair,
 * under a prefix of their own, removed by nobody here.
 */
export function awsSecretStore(client: () => SecretsManagerClient, prefixes: SecretPrefixes): SecretStore {
  const call = <T>(work: () => Promise<T>) => calling('secrets', work);
  return {
    put: (jobId, pair) =>
      call(async () => {
        const Name = prefixes.secretPrefix + jobId;
        const SecretString = JSON.stringify({ v: 1, source: reveal(pair.source), target: reveal(pair.target) });
        try {
          await client().send(new CreateSecretCommand({ Name, SecretString }));
        } catch (error) {
          if (!isAws(error, 'ResourceExistsException')) throw error;
          await client().send(new PutSecretValueCommand({ SecretId: Name, SecretString }));
        }
        return Name;
      }),
    get: (ref) =>
      call(async () => {
        try {
          return await get(client(), ref);
        } catch (error) {
          if (!isAws(error, 'ResourceNotFoundException')) throw error;
          throw new SyncError('secret_missing', 'The secret of the job is gone.', { facts: { ref } });
        }
      }),
    maskKey: (pair, fresh) =>
      call(async () => {
        const name = prefixes.maskKeyPrefix + pair;
        if (fresh) await create(client(), name, JSON.stringify({ v: 1, mask_key: fresh.reveal() }));
        return maskKey(client(), name);
      }),
    remove: (ref) => call(() => remove(client(), ref)),
  };
}

/** Connections of environments, one secret each time one is put; the reference is its name. */
export function awsEnvironmentSecrets(client: () => SecretsManagerClient, prefix: () => string): EnvironmentSecrets {
  const call = <T>(work: () => Promise<T>) => calling('secrets', work);
  return {
    put: (key, connection) =>
      call(async () => {
        const Name = prefix() + key;
        const SecretString = JSON.stringify({ v: 1, connection: reveal(connection) });
        await client().send(new CreateSecretCommand({ Name, SecretString }));
        return Name;
      }),
    get: (ref) =>
      call(async () => {
        const parsed = storedOne.safeParse(await read(client(), ref, 'The secret of the environment is gone.'));
        if (!parsed.success) throw unreadable('environment', ref);
        return hide(parsed.data.connection);
      }),
    remove: (ref) => call(() => remove(client(), ref)),
  };
}

/** What a secret holds; undefined where that is not JSON. Throws `secret_missing`. */
async function read(client: SecretsManagerClient, ref: string, gone: string): Promise<unknown> {
  try {
    return json((await client.send(new GetSecretValueCommand({ SecretId: ref }))).SecretString);
  } catch (error) {
    if (!isAws(error, 'ResourceNotFoundException')) throw error;
    throw new SyncError('secret_missing', gone, { facts: { ref } });
  }
}

async function remove(client: SecretsManagerClient, ref: string): Promise<void> {
  try {
    await client.send(new DeleteSecretCommand({ SecretId: ref, ForceDeleteWithoutRecovery: true }));
  } catch (error) {
    if (!isAws(error, 'ResourceNotFoundException')) throw error;
  }
}

/** Makes a secret; one that is there stays as it is. */
async function create(client: SecretsManagerClient, Name: string, SecretString: string): Promise<void> {
  try {
    await client.send(new CreateSecretCommand({ Name, SecretString }));
  } catch (error) {
    if (!isAws(error, 'ResourceExistsException')) throw error;
  }
}

async function maskKey(client: SecretsManagerClient, name: string): Promise<Secret> {
  const found = await client.send(new GetSecretValueCommand({ SecretId: name })).catch((error: unknown) => {
    if (!isAws(error, 'ResourceNotFoundException')) throw error;
    throw new SyncError('secret_missing', 'The key of the masks of this pair is gone.', { facts: { ref: name } });
  });
  const parsed = storedKey.safeParse(json(found.SecretString));
  if (!parsed.success) throw new SyncError('internal', 'the key of the masks cannot be read', { facts: { ref: name } });
  return new Secret(parsed.data.mask_key);
}

async function get(client: SecretsManagerClient, ref: string): Promise<ConnectionPair> {
  const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: ref }));
  const parsed = storedPair.safeParse(json(SecretString));
  if (!parsed.success) throw unreadable('job', ref);
  return { source: hide(parsed.data.source), target: hide(parsed.data.target) };
}

/** Neither the text nor what the parser said of it goes into the error: both may hold a password. */
const unreadable = (of: string, ref: string) =>
  new SyncError('internal', `the secret of the ${of} cannot be read`, { facts: { ref } });

function reveal({ password, ...rest }: Connection): z.infer<typeof stored> {
  return { ...rest, ...(password && { password: password.reveal() }) };
}

function hide({ password, sslmode, authorities, iam, ...rest }: z.infer<typeof stored>): Connection {
  return {
    ...rest,
    ...(password !== undefined && { password: new Secret(password) }),
    ...(sslmode && { sslmode }),
    ...(authorities !== undefined && { authorities }),
    ...(iam && { iam }),
  };
}

function json(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}
