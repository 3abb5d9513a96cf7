import type { Conflict } from '../../lib/model/conflict.ts';
import type { ConflictStore } from '../../lib/ports.ts';

/** What the target told of its conflicts. Takes no older version, as the real one. */
export function toldConflicts(): Pick<ConflictStore, 'put'> & { readonly all: Map<string, Conflict> } {
  const all = new Map<string, Conflict>();
  const newer = (c: Conflict) => c.version > (all.get(c.conflict_id)?.version ?? 0);
  return {
    all,
    async put(conflicts) {
      for (const c of conflicts) if (newer(c)) all.set(c.conflict_id, c);
    },
  };
}
