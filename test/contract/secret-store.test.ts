import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { awsMaskKeys } from '../../functions/aws/mask-keys.ts';
import { awsEnvironmentSecrets, awsSecretStore } from '../../functions/aws/secrets.ts';
import { Secret } from '../../lib/model/secret.ts';
import type { ConnectionPair, SecretStore } from '../../lib/ports.ts';
import { AwsFault, type FakeAws, startFakeAws } from './fake-aws.ts';

const pair: ConnectionPair = {
  source: {
    host: 'source.example',
    port: 5432,
    database: 'd',
    user: 'u',
    password: new Secret('p@/?#% "é'),
    iam: { region: 'eu-west-1' },
    authorities: '-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----',
    sslmode: 'verify-full',
  },
  target: { host: 'target.example', port: 6432, database: 'd2', user: 'u2' },
};

describe('a secret store in Secrets Manager', () => {
  let aws: FakeAws;
  let store: SecretStore;
  const kept = new Map<unknown, { text: unknown; token: unknown }>();
  beforeEach(async () => {
    kept.clear();
    aws = await startFakeAws({
      CreateSecret({ Name, SecretString, ClientRequestToken }) {
        const old = kept.get(Name);
        if (old && old.token !== ClientRequestToken) return new AwsFault('ResourceExistsException');
        kept.set(Name, { text: SecretString, token: ClientRequestToken });
        return { Name };
      },
      PutSecretValue({ SecretId, SecretString, ClientRequestToken }) {
        if (!kept.has(SecretId)) return new AwsFault('ResourceNotFoundException');
        kept.set(SecretId, { text: SecretString, token: ClientRequestToken });
        return {};
      },
      GetSecretValue({ SecretId }) {
        const found = kept.get(SecretId);
        return found ? { SecretString: found.text } : new AwsFault('ResourceNotFoundException');
      },
      DeleteSecret({ SecretId }) {
        return kept.delete(SecretId) ? {} : new AwsFault('ResourceNotFoundException');
      },
    });
    store = awsSecretStore(() => new SecretsManagerClient(aws.client), {
      secretPrefix: 'tf/job/',
      maskKeyPrefix: 'tf/mask/',
    });
  });
  afterEach(() => aws.close());

  it('gives back both connections with their passwords', async () => {
    const ref = await store.put('job-1', pair);
    const read = await store.get(ref);

    expect(ref).toBe('tf/job/job-1');
    expect(read.source.password?.reveal()).toBe('p@/?#% "é');
    expect(read.target).toEqual(pair.target);
    expect({ ...read.source, password: '' }).toEqual({ ...pair.source, password: '' });
    expect(JSON.stringify(read)).not.toContain('p@/');
  });

  it('replaces the secret of a job that has one', async () => {
    await store.put('job-1', pair);
    const ref = await store.put('job-1', { ...pair, source: { ...pair.source, password: new Secret('new') } });

    expect((await store.get(ref)).source.password?.reveal()).toBe('new');
  });

  it('survives a lost reply', async () => {
    aws.loseReply('CreateSecret');

    const ref = await store.put('job-1', pair);

    expect((await store.get(ref)).target.host).toBe('target.example');
    expect(aws.calls.map((c) => c.operation)).toEqual(['CreateSecret', 'CreateSecret', 'GetSecretValue']);
  });

  it('removes a secret, also one that is gone', async () => {
    const ref = await store.put('job-1', pair);

    await store.remove(ref);
    await store.remove(ref);

    await expect(store.get(ref)).rejects.toMatchObject({ code: 'secret_missing' });
  });

  it('makes the key of a pair once, whoever asks again, and no job takes it away', async () => {
    const [one, other] = [new Secret('a'.repeat(64)), new Secret('b'.repeat(64))];
    await expect(store.maskKey('pair-1')).rejects.toMatchObject({ code: 'secret_missing' });

    const made = await store.maskKey('pair-1', one);
    const again = await store.maskKey('pair-1', other);
    const elsewhere = await store.maskKey('pair-2', other);
    await store.remove(await store.put('job-1', pair));

    expect([made, again, await store.maskKey('pair-1')].map((k) => k.reveal())).toEqual(Array(3).fill('a'.repeat(64)));
    expect(elsewhere.reveal()).toBe('b'.repeat(64));
    expect([...kept.keys()]).toEqual(['tf/mask/pair-1', 'tf/mask/pair-2']);
  });

  it('keeps the connection of an environment under the name that it is put with, and forgets it', async () => {
    const own = awsEnvironmentSecrets(
      () => new SecretsManagerClient(aws.client),
      () => 'tf/environment/',
    );
    aws.loseReply('CreateSecret');

    const ref = await own.put('production/1', pair.source);
    const read = await own.get(ref);

    expect(ref).toBe('tf/environment/production/1');
    expect(read.password?.reveal()).toBe('p@/?#% "é');
    expect({ ...read, password: '' }).toEqual({ ...pair.source, password: '' });
    await own.remove(ref);
    await own.remove(ref);
    await expect(own.get(ref)).rejects.toMatchObject({ code: 'secret_missing' });
    kept.set(ref, { text: '{"v":1,"connection":{"host":"c4n4ry"}}', token: '' });
    const error = await own.get(ref).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'internal' });
    expect(`${error} ${JSON.stringify(error)} ${(error as Error).cause}`).not.toContain('c4n4ry');
  });

  it('never repeats the text of a secret that it cannot read', async () => {
    kept.set('tf/job/broken', { text: '{"v":1,"source":"c4n4ry"', token: '' });
    kept.set('tf/mask/odd', { text: '{"v":1,"mask_key":"c4n4ry"}', token: '' });
    kept.set('tf/job/odd', { text: '{"v":1,"source":{"host":"c4n4ry"}}', token: '' });

    const asked = [store.get('tf/job/broken'), store.get('tf/job/odd'), store.maskKey('odd')];
    for (const answer of asked) {
      const error = await answer.catch((e: unknown) => e);
      expect(error).toMatchObject({ code: 'internal' });
      expect(`${error} ${JSON.stringify(error)} ${(error as Error).cause}`).not.toContain('c4n4ry');
    }
  });
});

it('keys of masks are there, are not, or nobody knows: what cannot be asked is no answer', async () => {
  const there = new Set<unknown>(['tf/mask/a']);
  let away = false;
  const answer = ({ SecretId }: Record<string, unknown>, found: () => object) =>
    away
      ? new AwsFault('InternalServiceError')
      : there.has(SecretId)
        ? found()
        : new AwsFault('ResourceNotFoundException');
  const aws = await startFakeAws({
    DescribeSecret: (input) => answer(input, () => ({ Name: input.SecretId })),
    DeleteSecret: (input) => answer(input, () => ({ deleted: there.delete(input.SecretId) })),
  });
  try {
    const keys = awsMaskKeys(
      () => new SecretsManagerClient({ ...aws.client, maxAttempts: 1 }),
      () => 'tf/mask/',
    );

    expect([await keys.has('a'), await keys.has('b')]).toEqual([true, false]);
    await keys.remove('a');
    await keys.remove('a');
    expect(aws.calls.at(-1)?.input).toMatchObject({ SecretId: 'tf/mask/a', ForceDeleteWithoutRecovery: true });
    expect(await keys.has('a')).toBe(false);
    away = true;
    await expect(keys.has('a')).rejects.toMatchObject({ code: 'unavailable' });
    await expect(keys.remove('a')).rejects.toMatchObject({ code: 'unavailable' });
  } finally {
    await aws.close();
  }
});
