import { callerOf } from '../lib/model/caller.ts';
import { mayCall, ROLES, type Role, type RouteRole } from '../lib/model/roles.ts';

/** Whose token this tab has, as far as it can be read here. For show alone: what is allowed, the API decides. */
export interface Person {
  readonly name: string;
  readonly roles: readonly string[];
}

/** Undefined where nobody can tell: there is no token, it is no JWT, or it names nobody. `rolesClaim`: as for the API. */
export function personOf(token: string | undefined, rolesClaim: string | undefined): Person | undefined {
  const claims = claimsIn(token);
  if (!claims || !rolesClaim) return undefined;
  const caller = callerOf(claims, rolesClaim);
  return caller && { name: caller.actor, roles: caller.roles };
}

/** The role that the person would have to have; undefined where theirs is enough, or theirs is not known. */
export function lackingRole(needed: RouteRole, person: Person | undefined): Role | undefined {
  return needed === 'open' || !person || mayCall(needed, person.roles) ? undefined : needed;
}

/** The highest role that the person has. */
export const roleOf = ({ roles }: Person): Role | undefined => ROLES.findLast((role) => roles.includes(role));

function claimsIn(token: string | undefined): Readonly<Record<string, unknown>> | undefined {
  const payload = token?.split('.')[1];
  if (payload === undefined) return undefined;
  try {
    const bytes = Uint8Array.from(atob(payload.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof claims === 'object' && claims !== null && !Array.isArray(claims)
      ? (claims as Record<string, unknown>) // an object has names
      : undefined;
  } catch {
    return undefined;
  }
}
