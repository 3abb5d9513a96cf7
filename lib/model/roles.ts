/** Each role may do what the ones before it may. */
export const ROLES = ['viewer', 'operator', 'resolver', 'admin'] as const;
export type Role = (typeof ROLES)[number];
/** What a route asks for: a role, or nothing at all. */
export type RouteRole = Role | 'open';

/** Deny by default: true only when `held` includes `needed` or a higher role. */
export function mayCall(needed: RouteRole, held: readonly string[]): boolean {
  if (needed === 'open') return true;
  return ROLES.slice(ROLES.indexOf(needed)).some((role) => held.includes(role));
}
