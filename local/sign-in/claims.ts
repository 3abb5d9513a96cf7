import type { Account } from './accounts.ts';

export interface Issued {
  readonly issuer: string;
  readonly clientId: string;
  /** Seconds since 1970. */
  readonly iat: number;
  readonly exp: number;
  readonly jti: string;
}

/** The claims of an access token of Amazon Cognito: no `aud`, the client in `client_id`, roles in `cognito:groups`. */
export function accessClaims({ id, role }: Account, { issuer, clientId, iat, exp, jti }: Issued) {
  return {
    sub: id,
    'cognito:groups': [role],
    iss: issuer,
    version: 2,
    client_id: clientId,
    token_use: 'access',
    scope: 'openid',
    auth_time: iat,
    exp,
    iat,
    jti,
    username: id,
  };
}
