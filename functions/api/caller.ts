import { SyncError } from '../../lib/model/errors.ts';
import { mayCall, type RouteRole } from '../../lib/model/roles.ts';

/** Claims of a verified token, as API Gateway hands them on: it turns arrays into text, `[admin operator]`. */
export type Claims = Readonly<Record<string, unknown>>;

/**
 * The name under which a call is recorded. Throws `unauthenticated` without a token, `forbidden` without the role; an
 * open route asks for neither.
 */
export function authorise(needed: RouteRole, claims: Claims | undefined): string {
  if (needed === 'open') return actorOf(claims) ?? 'anonymous';
  const actor = actorOf(claims);
  if (actor === undefined) throw new SyncError('unauthenticated', 'expected a valid token that names its user');
  if (!mayCall(needed, groupsOf(claims)))
    throw new SyncError('forbidden', `this needs the role ${needed}`, { facts: { needed_role: needed } });
  return actor;
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
