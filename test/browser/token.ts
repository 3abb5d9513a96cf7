import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeProtectedHeader, SignJWT } from 'jose';
import type { E2eService } from '../e2e/support.ts';

/** A token of the service's own issuer, for somebody of these groups. */
export function tokenOf(service: E2eService, person: { username: string; groups: readonly string[] }): Promise<string> {
  const key = createPrivateKey(readFileSync(join(service.dataDir, 'issuer-key.pem'), 'utf8'));
  return new SignJWT({ 'cognito:groups': person.groups, username: person.username })
    .setProtectedHeader({ alg: 'RS256', kid: decodeProtectedHeader(service.token).kid ?? '' })
    .setSubject(person.username)
    .setIssuer(`${service.places().controlUrl}/issuer`)
    .setAudience('terrafusion-local')
    .setIssuedAt()
    .setExpirationTime('5m')
    .sign(key);
}
