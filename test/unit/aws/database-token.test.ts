import { createHash, createHmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import { describe, expect, it, test } from 'vitest';
import { databaseToken } from '../../../functions/aws/database-token.ts';
import { roleCredentials } from '../../../functions/aws/role-credentials.ts';
import type { Credentials } from '../../../functions/aws/signature-v4.ts';

const AT = new Date('2026-11-23T10:00:00.123Z');
const KEYS: Credentials = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG' };
const HOST = 'county.abc123.eu-west-1.rds.amazonaws.com';

/** What the SDK makes of the same call. */
async function bySdk(user: string, credentials: Credentials, port = 5432) {
  class Sha256 {
    readonly #hash;
    constructor(key?: Buffer | string) {
      this.#hash = key === undefined ? createHash('sha256') : createHmac('sha256', key);
    }
    update(data: string | Buffer) {
      this.#hash.update(data);
    }
    async digest() {
      return this.#hash.digest();
    }
  }
  const signer = new SignatureV4({
    service: 'rds-db',
    region: 'eu-west-1',
    credentials,
    sha256: Sha256 as unknown as ConstructorParameters<typeof SignatureV4>[0]['sha256'],
  });
  const request = {
    ...{ method: 'GET', protocol: 'https:', hostname: HOST, port, path: '/' },
    query: { Action: 'connect', DBUser: user },
    headers: { host: `${HOST}:${port}` },
  };
  const signed = await signer.presign(request, { expiresIn: 900, signingDate: AT });
  return { ...signed.query };
}

const token = (user: string, credentials: Credentials, port = 5432) =>
  databaseToken(
    () => credentials,
    () => AT,
  )({ host: HOST, port, user, region: 'eu-west-1' }).reveal();

describe('a token for a database of Amazon RDS', () => {
  it.each<[string, Credentials]>([
    ['sync', KEYS],
    ['sync', { ...KEYS, sessionToken: 'FwoGZXIvYXdzE/+= ' }],
    ["o'brien (read*only)! ü&=", { ...KEYS, sessionToken: 'a/b+c==' }],
  ])('of %s is what the SDK would sign', async (user, credentials) => {
    const made = token(user, credentials, 6432);

    expect(made).toMatch(`${HOST}:6432/?`);
    expect(Object.fromEntries(new URLSearchParams(made.slice(made.indexOf('?'))))).toEqual(
      await bySdk(user, credentials, 6432),
    );
    expect(made).not.toMatch(/[ !'()*+]/);
  });

  it('lasts 900 seconds, and cannot be printed', () => {
    const made = databaseToken(
      () => KEYS,
      () => AT,
    )({ host: HOST, port: 5432, user: 'sync', region: 'eu-west-1' });

    expect(made.reveal()).toContain('X-Amz-Expires=900');
    expect(`${made} ${JSON.stringify({ made })}`).not.toContain('Signature');
  });
});

test('the credentials are those of the function, and none is no token', () => {
  const env = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' };

  expect(roleCredentials({ ...env, AWS_SESSION_TOKEN: 'c' })).toEqual({
    accessKeyId: 'a',
    secretAccessKey: 'b',
    sessionToken: 'c',
  });
  expect(roleCredentials(env)).toEqual({ accessKeyId: 'a', secretAccessKey: 'b' });
  expect(() => roleCredentials({ AWS_ACCESS_KEY_ID: 'a' })).toThrow('no credentials');
});
