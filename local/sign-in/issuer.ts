import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { calculateJwkThumbprint, exportJWK, SignJWT } from 'jose';
import { writePrivateFile } from '../files.ts';
import { accountOf, loadAccounts } from './accounts.ts';
import { accessClaims } from './claims.ts';
import { type Answering, createProvider } from './provider.ts';

/** Stands in for Amazon Cognito: a key pair of this data folder, an account for each role, and tokens for them. */
export interface Issuer {
  readonly issuer: string;
  readonly clientId: string;
  /** Claims of the local administrator, as they stand in a token made now. */
  claims(): LocalClaims;
  /** A token with `claims()`, valid for 12 hours. */
  mint(): Promise<string>;
  /** Says where the pages are: sign-in leads back there only, and to nowhere before. */
  leadBackTo(callbackUrls: readonly string[]): void;
  /** Answers what is asked under the issuer's URL. */
  answer(request: IncomingMessage, response: ServerResponse): void;
}

export type LocalClaims = ReturnType<typeof accessClaims>;

export interface IssuerOptions {
  /** Where it will be served, on the loopback interface. */
  readonly baseUrl: string;
  /** Made on first use, mode 0600, as `accountsFile` is. */
  readonly keyFile: string;
  readonly accountsFile: string;
}

const TOKEN_HOURS = 12;
const CLIENT_ID = 'terrafusion-local';
/** The first part of the path of everything it serves. */
export const ISSUER_FOLDER = 'issuer';

export async function createIssuer({ baseUrl, keyFile, accountsFile }: IssuerOptions): Promise<Issuer> {
  const privateKey = loadOrCreateKey(keyFile);
  const accounts = loadAccounts(accountsFile);
  const publicJwk = await exportJWK(createPublicKey(privateKey));
  const kid = await calculateJwkThumbprint(publicJwk);
  const issuer = `${baseUrl}/${ISSUER_FOLDER}`;
  const key = { ...(await exportJWK(privateKey)), kid };
  const pages = {
    '/.well-known/openid-configuration': discovery(issuer),
    '/jwks': { keys: [{ ...publicJwk, kid, alg: 'RS256', use: 'sig' }] },
  };
  const pageOf = (path: string) => Object.entries(pages).find(([own]) => `/${ISSUER_FOLDER}${own}` === path)?.[1];
  let callbackUrls: readonly string[] = [];
  let provider: Promise<Answering> | undefined;

  const claims = () => {
    const iat = Math.floor(Date.now() / 1000);
    const exp = iat + TOKEN_HOURS * 3600;
    return accessClaims(accountOf('admin'), { issuer, clientId: CLIENT_ID, iat, exp, jti: randomUUID() });
  };
  return {
    issuer,
    clientId: CLIENT_ID,
    claims,
    mint: () => new SignJWT(claims()).setProtectedHeader({ alg: 'RS256', kid }).sign(privateKey),
    leadBackTo: (urls) => {
      callbackUrls = urls;
    },
    answer: (request, response) => {
      // the gateway asks for these two with the first token it sees: no reason to load a provider
      const page = request.method === 'GET' ? pageOf(request.url ?? '') : undefined;
      if (page) {
        response
          .writeHead(200, { 'content-type': 'application/json', 'access-control-allow-origin': '*' })
          .end(JSON.stringify(page));
        return;
      }
      provider ??= createProvider({ issuer, clientId: CLIENT_ID, callbackUrls, key, accounts });
      provider.then((answer) => answer(request, response)).catch(() => request.socket.destroy());
    },
  };
}

/** As the provider itself says it. */
export const discovery = (issuer: string) => ({
  issuer,
  authorization_endpoint: `${issuer}/auth`,
  token_endpoint: `${issuer}/token`,
  end_session_endpoint: `${issuer}/session/end`,
  revocation_endpoint: `${issuer}/token/revocation`,
  jwks_uri: `${issuer}/jwks`,
  response_types_supported: ['code'],
  grant_types_supported: ['authorization_code', 'refresh_token'],
  scopes_supported: ['openid'],
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: ['RS256'],
  token_endpoint_auth_methods_supported: ['none'],
  code_challenge_methods_supported: ['S256'],
  authorization_response_iss_parameter_supported: true,
});

function loadOrCreateKey(file: string): KeyObject {
  if (existsSync(file)) return createPrivateKey(readFileSync(file, 'utf8'));
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  writePrivateFile(file, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  return privateKey;
}
