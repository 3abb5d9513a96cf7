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

/** Undefined without a token, or with one that names nobody. */
export function callerOf(claims: Claims | undefined): Caller | undefined {
  const actor = actorOf(claims);
  if (actor === undefined) return undefined;
  const subject = claims?.sub;
  return { actor, roles: groupsOf(claims), ...(typeof subject === 'string' && subject !== '' && { subject }) };
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

function actorOf(claims: Claims | undefined): string | undefined {
  const name = [claims?.username, claims?.email, claims?.sub].find(
    (claim) => typeof claim === 'string' && claim !== '',
  );
  return typeof name === 'string' ? name.replace(/\p{Cc}/gu, ' ').slice(0, 200) : undefined;
}

/** Only space separates: a comma may be part of a group's name. */
export function groupsOf(claims: Claims | undefined): readonly string[] {
  const groups = claims?.['cognito:groups'];
  if (Array.isArray(groups)) return groups.filter((g) => typeof g === 'string');
  if (typeof groups !== 'string') return [];
  const list = /^\[(.*)\]$/s.exec(groups)?.[1] ?? groups;
  return list.split(' ').filter((g) => g !== '');
}
