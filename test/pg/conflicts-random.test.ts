import { expect, test } from 'vitest';
import type { JobConfig } from '../../lib/model/config.ts';
import { createPair } from '../support/databases.ts';
import { runJob } from '../support/in-process.ts';
import { LONG } from '../support/level.ts';
import { edit, load, newRow, plain, random, store, TABLE, type Table } from '../support/random-rows.ts';
import { type Base, decide, type Policy } from '../support/three-way-oracle.ts';

// Random rows, random edits on both sides, round after round under every strategy, held against an oracle that knows
// nothing of the product. One table per strategy, a thousand rows in each round: a row is a case.

const ROWS = 1_000;
const ROUNDS = LONG ? 3 : 2;
type Rules = Pick<Policy, 'strategy' | 'types' | 'fields' | 'clock'>;

const cases: readonly (Rules & { readonly title: string; readonly delete_mode?: Policy['deleteMode'] })[] = [
  { title: 'target_wins', strategy: 'target_wins', clock: false },
  { title: 'newer_wins', strategy: 'newer_wins', clock: true },
  {
    title: 'field_level',
    strategy: 'field_level',
    fields: { a: 'newer', b: 'target', n: 'sum', tags: 'concat', v: 'max' },
    clock: true,
  },
  {
    title: 'field_level, some by hand',
    strategy: 'field_level',
    fields: { a: 'source', v: 'min', '*': 'manual' },
    clock: true,
  },
  { title: 'manual', strategy: 'manual', clock: false },
  { title: 'manual, in a mirror', strategy: 'manual', clock: false, delete_mode: 'mirror' },
  { title: 'target_wins, nothing deleted', strategy: 'target_wins', clock: false, delete_mode: 'keep' },
  {
    title: 'a strategy for each type',
    strategy: 'source_wins',
    types: { update_differing: 'target_wins', update_deleted: 'manual', insert_exists: 'newer_wins' },
    clock: true,
  },
];

test.each(cases.map((c, i) => ({ ...c, seed: 1000 + i })))(
  '$title: a thousand random rows, round after round, come out as the oracle says (seed $seed)',
  { timeout: 120_000 },
  async ({ strategy, types, fields, clock, seed, delete_mode: deleteMode = 'tracked' }) => {
    await using pair = await createPair();
    const r = random(seed);
    for (const db of [pair.source, pair.target]) await db.client.query(TABLE);
    const source: Table = new Map();
    for (let id = 1; id <= ROWS; id++) if (r() < 0.8) source.set(id, newRow(r));
    const rules = { ...(types && { types }), ...(fields && { fields }) };
    const config: Parameters<typeof runJob>[1] = {
      conflict_strategy: strategy,
      conflict_rules: { 'public.t': rules } as JobConfig['conflict_rules'], // the oracle knows names only
      delete_mode: deleteMode,
      max_delete_percent: 100,
      tables: { include: ['public.t'] },
    };
    await store(pair.source, source);
    const { job: first } = await runJob(pair, config);
    expect(first.failure).toBeUndefined();
    let target: Table = new Map(source);
    const bases = new Map<number, Base>();
    const baseOf = (id: number) => bases.get(id) ?? { source: null, target: null };
    for (const [id, row] of source) bases.set(id, { source: row, target: row });

    for (let round = 1; round <= ROUNDS; round++) {
      edit(source, ROWS, r);
      edit(target, ROWS, r);
      await store(pair.source, source);
      await store(pair.target, target);
      const policy = { strategy, clock, nowMs: Date.now(), deleteMode, ...rules };
      const wanted: Table = new Map();
      const counts: Record<string, number> = {};
      const open: string[] = [];
      for (let id = 1; id <= ROWS; id++) {
        const result = decide(baseOf(id), source.get(id) ?? null, target.get(id) ?? null, policy);
        if (result.target) wanted.set(id, result.target);
        bases.set(id, result.base);
        counts[result.counted] = (counts[result.counted] ?? 0) + 1;
        if (result.conflict) open.push(`${id} ${result.conflict}`);
      }
      const { job, counts: got } = await runJob(pair, config);
      const now = await load(pair.target);
      const queue = await pair.target.client.query(
        `select key[1] || ' ' || (data ->> 'type') as c from tf_sync.conflict where state = 'open' order by 1`,
      );

      expect(job.failure, `round ${round}`).toBeUndefined();
      expect(plain(now), `round ${round}`).toEqual(plain(wanted));
      expect(
        queue.rows.map((q) => q.c),
        `round ${round}`,
      ).toEqual(open.sort());
      const { none: _, ...counted } = counts;
      const { read, skipped, quarantined, ...others } = got;
      expect(Object.fromEntries(Object.entries(others).filter(([, n]) => n > 0)), `round ${round}`).toEqual(counted);
      expect([skipped, quarantined]).toEqual([0, 0]);
      expect(read).toBe(Object.values(others).reduce((a, b) => a + b, 0));
      expect(job.state).toBe(open.length > 0 ? 'completed_with_issues' : 'completed');
      target = now;
    }
  },
);
