import { SyncError } from '../../lib/model/errors.ts';
import { mayCall, type RouteRole } from '../../lib/model/roles.ts';

/** Claims of a verified token, as API Gateway hands them on: it turns arrays into text, `[admin operator]`. */
export type Claims = Readonly<Record<string, unknown>>;

/** Who calls, by the token alone. */
export interface Caller {
  /** The name under which a call is recorded. */
  readonly actor: string;
  /**
   * `sub` of the token, which is the same in every kind of token that a provider makes for one person, as their names are
   * not. Absent: the token has none.
   */
  readonly subject?: string;
  readonly roles: readonly string[];
}

/** Undefined with a token that names nobody. `rolesClaim`: where it lists roles. */
export function callerOf(claims: Claims, rolesClaim: string): Caller | undefined {
  const actor = actorOf(claims);
  if (actor === undefined) return undefined;
  const subject = claims.sub;
  return {
    actor,
    roles: listOf(claims[rolesClaim]),
    ...(typeof subject === 'string' && subject !== '' && { subject }),
  };
}

/**
 * Lets a caller in, or nobody: throws `unauthenticated` without one, `forbidden` without the role; an open route asks for
 * neither.
 */
export function authorise(needed: RouteRole, caller: Caller | undefined): Caller {
  if (needed === 'open') return caller ?? { actor: 'anonymous', roles: [] };
  if (!caller) throw new SyncError('unauthenticated', 'expected a valid token that names its user');
  if (!mayCall(needed, caller.roles))
    throw new SyncError('forbidden', `this needs the role ${needed}`, { facts: { needed_role: needed } });
  return caller;
}

/**
 * Amazon Cognito's access token has `username`, its ID token `email`; others have `preferred_username`, where `sub` may be a
 * number that tells nobody who it was.
 */
function actorOf({ username, email, preferred_username: preferred, sub }: Claims): string | undefined {
  const name = [username, email, preferred, sub].find((claim) => typeof claim === 'string' && claim !== '');
  return typeof name === 'string' ? name.replace(/\p{Cc}/gu, ' ').slice(0, 200) : undefined;
}

/** Only space separates: a comma may be part of a group's name. */
export function listOf(claim: unknown): readonly string[] {
  if (Array.isArray(claim)) return claim.filter((one) => typeof one === 'string');
  if (typeof claim !== 'string') return [];
  const list = /^\[(.*)\]$/s.exec(claim)?.[1] ?? claim;
  return list.split(' ').filter((one) => one !== '');
}
