import facts from 'virtual:facts';
import type { Role } from '../lib/model/roles.ts';
import type { WebAction } from '../lib/model/web-actions.ts';
import { lackingRole } from './person.ts';
import { useUi } from './ui.ts';

/** Tells of an action which role the signed-in person lacks for it; undefined: they may do it, as far as one can tell here. */
export function useLacking(): (action: WebAction) => Role | undefined {
  const { person } = useUi();
  return (action) => lackingRole(facts.needed[action], person.value);
}
