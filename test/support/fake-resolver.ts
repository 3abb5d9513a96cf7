import type { Conflict, ConflictImages, DecisionOutcome, SidePrint } from '../../lib/model/conflict.ts';
import { SyncError } from '../../lib/model/errors.ts';
import type { DecisionRequest } from '../../lib/orchestrator/resolve-conflict.ts';

interface Row {
  conflict: Conflict;
  source: SidePrint;
  target: SidePrint;
}

/**
 * A target in memory that keeps the contract of lib/orchestrator/resolve-conflict.ts: compare-and-set on both sides, one
 * winner, the same decision again answers the same. `writes` counts rows that were really written.
 */
export function fakeResolver(conflicts: readonly Conflict[] = []) {
  const rows = new Map<string, Row>();
  const writes = new Map<string, number>();
  const decided = new Map<string, string>();
  const add = (all: readonly Conflict[]) => {
    for (const c of all) rows.set(c.conflict_id, { conflict: c, source: c.prints.source, target: c.prints.target });
  };
  add(conflicts);

  const rowOf = (id: string): Row => {
    const row = rows.get(id);
    if (!row) throw new SyncError('conflict_not_found', 'There is no such conflict.');
    return row;
  };

  async function decide(request: DecisionRequest): Promise<DecisionOutcome> {
    const { decision, actor, note } = request;
    const row = rowOf(request.conflict.conflict_id);
    const { conflict } = row;
    const what = JSON.stringify(decision);
    if (conflict.state !== 'open') {
      const same = decided.get(conflict.conflict_id) === what;
      return { outcome: same ? 'applied' : 'already_resolved', conflict };
    }
    if (request.expected.source !== row.source || request.expected.target !== row.target)
      return { outcome: 'stale', conflict, images: imagesOf(row) };
    if ('strategy' in decision && decision.strategy === 'manual')
      throw new SyncError('decision_invalid', 'manual leaves the decision to people.');
    const before = row.target;
    const winner = 'side' in decision ? decision.side : 'fields' in decision ? 'merged' : 'source';
    row.target = winner === 'target' ? row.target : winner === 'source' ? row.source : 'm'.repeat(32);
    writes.set(conflict.conflict_id, (writes.get(conflict.conflict_id) ?? 0) + 1);
    decided.set(conflict.conflict_id, what);
    row.conflict = {
      ...conflict,
      version: conflict.version + 1,
      state: 'resolved',
      closed_at: '2026-11-23T11:00:00.000Z',
      decision: {
        rule: 'strategy' in decision ? decision.strategy : 'manual',
        actor,
        at: '2026-11-23T11:00:00.000Z',
        job_id: conflict.seen_by,
        ...(note !== undefined && { note }),
        winner,
        inputs: conflict.prints,
        before,
        after: row.target,
      },
    };
    return { outcome: 'applied', conflict: row.conflict };
  }

  function imagesOf({ conflict, source, target }: Row): ConflictImages {
    const values = (side: string) => [...conflict.key, side === 'source' ? 'Ada' : 'Grace', 'same'];
    const [schema = '', name = ''] = conflict.table.split('.');
    return {
      table: { schema, name },
      key: conflict.key,
      columns: ['id', 'owner', 'note'].map((column) => ({ name: column, type: 'text' })),
      ...(source !== null && { source: { fingerprint: source, values: values('source') } }),
      ...(target !== null && { target: { fingerprint: target, values: values('target') } }),
      base: { values: [...conflict.key, 'Ida', 'same'] },
      changed: source === null || target === null ? [] : conflict.changed,
    };
  }

  return {
    add,
    decide,
    images: async ({ conflict_id }: Pick<Conflict, 'conflict_id'>) => imagesOf(rowOf(conflict_id)),
    /** A side of a row changes behind everybody's back. */
    move(id: string, side: 'source' | 'target', print: SidePrint) {
      rowOf(id)[side] = print;
    },
    writes,
    sides: (id: string) => ({ source: rowOf(id).source, target: rowOf(id).target }),
  };
}

export type FakeResolver = ReturnType<typeof fakeResolver>;
