import type { Conflict } from '../../lib/model/conflict.ts';
import type { ConflictStore } from '../../lib/ports.ts';

/** What the target told of its conflicts. Takes no older version, as the real one. */
export function toldConflicts(): ConflictStore & { readonly all: Map<string, Conflict> } {
  const all = new Map<string, Conflict>();
  const newer = (c: Conflict) => c.version > (all.get(c.conflict_id)?.version ?? 0);
  return {
    all,
    async put(conflicts) {
      for (const c of conflicts) if (newer(c)) all.set(c.conflict_id, c);
    },
    get: async (id) => all.get(id),
    list: async () => ({ conflicts: [...all.values()] }),
    count: async () => all.size,
    async resolve(c) {
      if (newer(c)) all.set(c.conflict_id, c);
      return all.get(c.conflict_id) ?? c;
    },
  };
}
