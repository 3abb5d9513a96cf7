import type { Conflict, ConflictImages, DecisionOutcome, SidePrint } from '../../lib/model/conflict.ts';
import { SyncError } from '../../lib/model/errors.ts';
import type { DecisionRequest, Decisions } from '../../lib/orchestrator/resolve-conflict.ts';
import type { ConflictStore } from '../../lib/ports.ts';

interface Row {
  conflict: Conflict;
  source: SidePrint;
  target: SidePrint;
}

/**
 * A target in memory that keeps the contract of lib/orchestrator/resolve-conflict.ts: compare-and-set on both sides, one
 * winner, the same decision again answers the same; `store` learns of what many come to. `writes` counts rows that were really written.
 */
export function fakeResolver(conflicts: readonly Conflict[] = [], store?: Pick<ConflictStore, 'put'>) {
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
    const { expected } = request;
    if (expected && (expected.source !== row.source || expected.target !== row.target)) {
      const prints = { ...conflict.prints, source: row.source, target: row.target };
      const moved = conflict.prints.source !== row.source || conflict.prints.target !== row.target;
      if (moved) row.conflict = { ...conflict, version: conflict.version + 1, prints };
      return { outcome: 'stale', conflict: row.conflict, images: imagesOf(row) };
    }
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

  /** As `applyDecisions`: what concerns more than one conflict is thrown, and what was decided before it stays decided. */
  async function decideMany(requests: readonly DecisionRequest[]): Promise<Decisions> {
    const decisions: Decisions = new Map();
    for (const request of requests) {
      const found = await decide(request).catch((error: unknown) => {
        if (error instanceof SyncError && error.code === 'decision_invalid') return error;
        throw error;
      });
      decisions.set(request.conflict.conflict_id, found);
      if (!(found instanceof SyncError)) await store?.put([found.conflict]);
    }
    return decisions;
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
    decideMany,
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
