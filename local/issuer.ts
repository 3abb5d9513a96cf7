import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { calculateJwkThumbprint, exportJWK, SignJWT } from 'jose';
import { writePrivateFile } from './files.ts';
import type { JsonObject } from './json.ts';

/** Stands in for Cognito: a key pair of this data folder and tokens signed with it. */
export interface Issuer {
  readonly issuer: string;
  readonly audience: string;
  /** Pages to serve under the issuer's URL, by path. */
  readonly pages: Readonly<Record<string, JsonObject>>;
  /** Claims of the local administrator, as they stand in a token made now. */
  claims(): LocalClaims;
  /** A token with `claims()`, valid for 12 hours. */
  mint(): Promise<string>;
}

export type LocalClaims = ReturnType<typeof adminClaims>;

const TOKEN_HOURS = 12;
const AUDIENCE = 'terrafusion-local';

/** `baseUrl`: where the pages will be served, on the loopback interface. The key is made on first use, mode 0600. */
export async function createIssuer(keyFile: string, baseUrl: string): Promise<Issuer> {
  const privateKey = loadOrCreateKey(keyFile);
  const jwk = await exportJWK(createPublicKey(privateKey));
  const kid = await calculateJwkThumbprint(jwk);
  const issuer = `${baseUrl}/issuer`;
  const claims = () => adminClaims(issuer);
  return {
    issuer,
    audience: AUDIENCE,
    pages: {
      '/issuer/.well-known/openid-configuration': {
        issuer,
        jwks_uri: `${issuer}/jwks.json`,
        id_token_signing_alg_values_supported: ['RS256'],
      },
      '/issuer/jwks.json': { keys: [{ ...(jwk as JsonObject), kid, alg: 'RS256', use: 'sig' }] }, // a JWK is JSON
    },
    claims,
    mint: () => new SignJWT(claims()).setProtectedHeader({ alg: 'RS256', kid }).sign(privateKey),
  };
}

function adminClaims(issuer: string) {
  const iat = Math.floor(Date.now() / 1000);
  return {
    sub: 'local-admin',
    username: 'local-admin',
    'cognito:groups': ['admin'],
    iss: issuer,
    aud: AUDIENCE,
    iat,
    exp: iat + TOKEN_HOURS * 3600,
  };
}

function loadOrCreateKey(file: string): KeyObject {
  if (existsSync(file)) return createPrivateKey(readFileSync(file, 'utf8'));
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  writePrivateFile(file, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  return privateKey;
}
