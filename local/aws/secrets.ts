import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import * as z from 'zod';
import { writePrivateFile } from '../files.ts';
import type { JsonObject } from '../json.ts';
import { ACCOUNT, REGION } from '../template/resolve.ts';
import { type Actions, AwsError, textOf } from './json-protocol.ts';

const stored = z.object({
  arn: z.string(),
  name: z.string(),
  createdAt: z.number(),
  /** Seconds since 1970; set while the secret waits for its deletion. */
  deletedAt: z.number().optional(),
  versionId: z.string(),
  secretString: z.string().optional(),
  secretBinary: z.string().optional(),
});
const fileSchema = z.record(z.string(), stored);
type Stored = z.infer<typeof stored>;

/**
 * Secrets Manager, as far as one current version of each secret goes; everything in one file of mode 0600.
 *
 * A secret deleted with a recovery window stays unreadable under its name, as in AWS, until it is deleted by force.
 */
export function secretActions(file: string): Actions {
  const secrets = new Map<string, Stored>(existsSync(file) ? Object.entries(readSecrets(file)) : []);
  const save = (secret: Stored) => {
    secrets.set(secret.name, secret);
    writePrivateFile(file, JSON.stringify(Object.fromEntries(secrets)));
  };
  const find = (input: JsonObject): Stored => {
    const id = textOf(input, 'SecretId');
    const found = secrets.get(id) ?? [...secrets.values()].find(({ arn }) => arn === id || arn.slice(0, -7) === id);
    if (!found) throw new AwsError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
    return found;
  };
  const findLive = (input: JsonObject): Stored => {
    const found = find(input);
    if (found.deletedAt === undefined) return found;
    throw new AwsError(
      'InvalidRequestException',
      "You can't perform this operation on the secret because it was marked for deletion.",
    );
  };

  return {
    CreateSecret(input) {
      const name = textOf(input, 'Name');
      const old = secrets.get(name);
      if (old?.deletedAt !== undefined) {
        throw new AwsError('InvalidRequestException', 'A secret with this name is already scheduled for deletion.');
      }
      if (old && old.versionId === input.ClientRequestToken) return identify(old);
      if (old)
        throw new AwsError(
          'ResourceExistsException',
          `The operation failed because the secret ${name} already exists.`,
        );
      const suffix = randomBytes(4).toString('hex').slice(0, 6);
      const arn = `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:${name}-${suffix}`;
      const secret = { arn, name, createdAt: seconds(), ...content(input) };
      save(secret);
      return identify(secret);
    },
    PutSecretValue(input) {
      const secret = { ...findLive(input), ...content(input) };
      save(secret);
      return { ...identify(secret), VersionStages: ['AWSCURRENT'] };
    },
    GetSecretValue(input) {
      const secret = findLive(input);
      return {
        ...identify(secret),
        VersionStages: ['AWSCURRENT'],
        CreatedDate: secret.createdAt,
        ...(secret.secretString === undefined ? {} : { SecretString: secret.secretString }),
        ...(secret.secretBinary === undefined ? {} : { SecretBinary: secret.secretBinary }),
      };
    },
    DescribeSecret(input) {
      const secret = find(input);
      return {
        ARN: secret.arn,
        Name: secret.name,
        CreatedDate: secret.createdAt,
        VersionIdsToStages: { [secret.versionId]: ['AWSCURRENT'] },
        ...(secret.deletedAt === undefined ? {} : { DeletedDate: secret.deletedAt }),
      };
    },
    DeleteSecret(input) {
      const secret = find(input);
      const days = input.ForceDeleteWithoutRecovery === true ? 0 : Number(input.RecoveryWindowInDays ?? 30);
      const deletedAt = seconds() + days * 86_400;
      if (days === 0) {
        secrets.delete(secret.name);
        writePrivateFile(file, JSON.stringify(Object.fromEntries(secrets)));
      } else {
        save({ ...secret, deletedAt });
      }
      return { ARN: secret.arn, Name: secret.name, DeletionDate: deletedAt };
    },
    RestoreSecret(input) {
      const { deletedAt: _deleted, ...secret } = find(input);
      save(secret);
      return { ARN: secret.arn, Name: secret.name };
    },
    ListSecrets() {
      const live = [...secrets.values()].filter(({ deletedAt }) => deletedAt === undefined);
      return { SecretList: live.map(({ arn, name }) => ({ ARN: arn, Name: name })) };
    },
  };
}

function readSecrets(file: string): z.infer<typeof fileSchema> {
  return fileSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
}

function seconds(): number {
  return Math.floor(Date.now() / 1000);
}

function identify(secret: Stored): JsonObject {
  return { ARN: secret.arn, Name: secret.name, VersionId: secret.versionId };
}

function content(input: JsonObject): Pick<Stored, 'versionId' | 'secretString' | 'secretBinary'> {
  const { SecretString: text, SecretBinary: binary, ClientRequestToken: token } = input;
  return {
    versionId: typeof token === 'string' ? token : randomUUID(),
    ...(typeof text === 'string' ? { secretString: text } : {}),
    ...(typeof binary === 'string' ? { secretBinary: binary } : {}),
  };
}
