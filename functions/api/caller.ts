import type { Caller } from '../../lib/model/caller.ts';
import { SyncError } from '../../lib/model/errors.ts';
import { mayCall, type RouteRole } from '../../lib/model/roles.ts';

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
