import { createRemoteJWKSet, type JWTPayload, jwtVerify } from 'jose';
import * as z from 'zod';
import type { JsonObject } from '../json.ts';
import type { JwtSettings } from './routes.ts';

export type Authorization =
  | { readonly kind: 'allowed'; readonly authorizer: JsonObject }
  /** `challenge`: value of the www-authenticate header. */
  | { readonly kind: 'refused'; readonly challenge: string }
  | { readonly kind: 'forbidden' };

export type Authorizer = (header: string | undefined, scopes: readonly string[]) => Promise<Authorization>;

/** Clocks of issuer and gateway may differ by this much. */
const LEEWAY_SECONDS = 60;

/**
 * Checks bearer tokens as API Gateway's JWT authorizer does: RS256 against the issuer's published keys, issuer, audience
 * (`aud`, else `client_id`), `exp`, `nbf`, `iat` and the route's scopes.
 *
 * Keys are fetched from `<issuer>/.well-known/openid-configuration` and kept; an unknown key id fetches them again, at
 * most every 30 s.
 */
export function createJwtAuthorizer({ issuer, audiences }: JwtSettings): Authorizer {
  let keys: Promise<ReturnType<typeof createRemoteJWKSet>> | undefined;
  const discover = async () => {
    keys ??= discoverKeys(issuer);
    try {
      return await keys;
    } catch (error) {
      keys = undefined;
      throw error;
    }
  };

  return async (header, scopes) => {
    const token = /^(?:Bearer\s+)?(\S+)$/i.exec(header?.trim() ?? '')?.[1];
    if (!token || token.toLowerCase() === 'bearer') return { kind: 'refused', challenge: 'Bearer' };
    let claims: JWTPayload;
    try {
      const verified = await jwtVerify(token, await discover(), {
        algorithms: ['RS256'],
        issuer,
        requiredClaims: ['exp'],
        clockTolerance: LEEWAY_SECONDS,
      });
      claims = verified.payload;
    } catch (error) {
      return refused(error instanceof Error ? error.message : 'the token cannot be read');
    }
    if (!hasAudience(claims, audiences)) return refused("the token's audience does not match");
    if ((claims.iat ?? 0) > Date.now() / 1000 + LEEWAY_SECONDS) return refused('the token was issued in the future');
    if (scopes.length > 0 && !scopes.some((scope) => heldScopes(claims).includes(scope))) return { kind: 'forbidden' };
    return { kind: 'allowed', authorizer: jwtContext(claims) };
  };
}

const discoverySchema = z.object({ issuer: z.string(), jwks_uri: z.url() });

async function discoverKeys(issuer: string): Promise<ReturnType<typeof createRemoteJWKSet>> {
  const answer = await fetch(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
  if (!answer.ok) throw new Error('OIDC discovery endpoint communication error');
  const found = discoverySchema.parse(await answer.json());
  if (found.issuer !== issuer) throw new Error('the issuer publishes another name for itself');
  return createRemoteJWKSet(new URL(found.jwks_uri));
}

function refused(reason: string): Authorization {
  const safe = reason.replaceAll(/["\\\r\n]/g, "'");
  return { kind: 'refused', challenge: `Bearer scope="" error="invalid_token" error_description="${safe}"` };
}

/** API Gateway looks at `client_id` only where there is no `aud`. */
function hasAudience(claims: JWTPayload, audiences: readonly string[]): boolean {
  const { aud, client_id: clientId } = claims;
  if (aud === undefined) return typeof clientId === 'string' && audiences.includes(clientId);
  return [aud].flat().some((one) => audiences.includes(one));
}

function heldScopes(claims: JWTPayload): readonly string[] {
  const { scope, scp } = claims;
  const held = scope ?? scp ?? '';
  return Array.isArray(held) ? held.map(String) : String(held).split(' ');
}

/** `requestContext.authorizer` of an allowed call: each claim as text, whatever it was in the token. */
export function jwtContext(claims: JWTPayload): JsonObject {
  const entries = Object.entries(claims).map(([name, value]) => [name, claimText(value)] as const);
  return { jwt: { claims: Object.fromEntries(entries), scopes: null } };
}

/** The real gateway prints values as Go does: `[a b]` for a list, `map[k:v]` for an object. */
function claimText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(claimText).join(' ')}]`;
  if (typeof value === 'object' && value !== null) {
    return `map[${Object.entries(value)
      .map(([key, item]) => `${key}:${claimText(item)}`)
      .join(' ')}]`;
  }
  return String(value);
}
