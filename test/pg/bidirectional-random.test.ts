import { expect, test } from 'vitest';
import type { JobConfig } from '../../lib/model/config.ts';
import { decideBoth } from '../support/both-ways-oracle.ts';
import { createPair, type TestDatabase } from '../support/databases.ts';
import { runJob } from '../support/in-process.ts';
import { LONG } from '../support/level.ts';
import { edit, load, newRow, plain, random, store, TABLE, type Table } from '../support/random-rows.ts';
import { type Base, type Policy, type Row, sameRow } from '../support/three-way-oracle.ts';

// Random rows, random edits on both sides, round after round under every strategy, held against an oracle that knows nothing
// of the product: both sides, queue and counts come out as it says, and the next run writes on neither.

const ROWS = 600;
const ROUNDS = LONG ? 3 : 1;

type Rules = Pick<Policy, 'strategy' | 'types' | 'fields' | 'clock'>;

const cases: readonly (Rules & {
  readonly title: string;
  readonly delete_mode?: Policy['deleteMode'];
  readonly detection?: string;
})[] = [
  { title: 'source_wins', strategy: 'source_wins', clock: false },
  { title: 'target_wins', strategy: 'target_wins', clock: false },
  { title: 'newer_wins, by content', strategy: 'newer_wins', clock: true, detection: 'content' },
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
  { title: 'target_wins, nothing deleted', strategy: 'target_wins', clock: false, delete_mode: 'keep' },
  {
    title: 'a strategy for each type',
    strategy: 'source_wins',
    types: { update_differing: 'target_wins', update_deleted: 'manual', insert_exists: 'newer_wins' },
    clock: true,
  },
];

/** Rows with their versions: a row that is written again has another one. */
async function versions(db: TestDatabase): Promise<readonly string[]> {
  return (await db.client.query('select t::text || xmin::text as x from t order by id')).rows.map((r) => r.x);
}

test.each(cases.map((c, i) => ({ ...c, seed: 5000 + i })))(
  '$title: random edits of both sides come out on both as the oracle says, and the next run writes nothing (seed $seed)',
  { timeout: 180_000 },
  async ({ strategy, types, fields, clock, seed, detection = 'hash', delete_mode: deleteMode = 'tracked' }) => {
    await using pair = await createPair();
    const r = random(seed);
    for (const db of [pair.source, pair.target]) await db.client.query(TABLE);
    let [source, target]: [Table, Table] = [new Map(), new Map()];
    // the first run knows nothing of any row: some are on one side only, some are equal, some differ
    for (let id = 1; id <= ROWS; id++) {
      const row = newRow(r);
      if (r() < 0.7) source.set(id, row);
      if (r() < 0.7) target.set(id, r() < 0.8 ? row : newRow(r));
    }
    const rules = { ...(types && { types }), ...(fields && { fields }) };
    const config: Parameters<typeof runJob>[1] = {
      direction: 'bidirectional',
      batch_size: 70,
      detection_strategy: detection,
      conflict_strategy: strategy,
      conflict_rules: { 'public.t': rules } as JobConfig['conflict_rules'], // the oracle knows names only
      delete_mode: deleteMode,
      max_delete_percent: 100,
      tables: { include: ['public.t'] },
    };
    const bases = new Map<number, Base>();
    const baseOf = (id: number, round: number): Base =>
      bases.get(id) ?? (round === 0 ? 'unknown' : { source: null, target: null });

    for (let round = 0; round <= ROUNDS; round++) {
      if (round > 0) {
        edit(source, ROWS, r);
        edit(target, ROWS, r);
      }
      await store(pair.source, source);
      await store(pair.target, target);
      const policy = { strategy, clock, nowMs: Date.now(), deleteMode, met: round > 0, ...rules };
      const wanted: { source: Table; target: Table } = { source: new Map(), target: new Map() };
      const counts: Record<string, number> = {};
      const open: string[] = [];
      let writes = 0;
      for (let id = 1; id <= ROWS; id++) {
        const [s, t]: [Row | null, Row | null] = [source.get(id) ?? null, target.get(id) ?? null];
        const result = decideBoth(baseOf(id, round), s, t, policy);
        if (result.source) wanted.source.set(id, result.source);
        if (result.target) wanted.target.set(id, result.target);
        if (!sameRow(result.source, s)) writes += 1;
        bases.set(id, result.base);
        counts[result.counted] = (counts[result.counted] ?? 0) + 1;
        if (result.conflict) open.push(`${id} ${result.conflict}`);
      }
      const { job, counts: got } = await runJob(pair, config);
      const now = { source: await load(pair.source), target: await load(pair.target) };
      const queue = await pair.target.client.query(
        `select key[1] || ' ' || (data ->> 'type') as c from tf_sync.conflict where state = 'open' order by 1`,
      );

      expect(job.failure, `round ${round}`).toBeUndefined();
      expect(plain(now.target), `target, round ${round}`).toEqual(plain(wanted.target));
      expect(plain(now.source), `source, round ${round}`).toEqual(plain(wanted.source));
      expect(writes, 'the source was to be written to').toBeGreaterThan(0);
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
      if (open.length === 0 && deleteMode !== 'keep') expect(plain(now.source)).toEqual(plain(now.target));

      const before = [await versions(pair.source), await versions(pair.target)];
      const quiet = await runJob(pair, config);
      expect(quiet.job.failure).toBeUndefined();
      expect([await versions(pair.source), await versions(pair.target)], `echo, round ${round}`).toEqual(before);
      [source, target] = [now.source, now.target];
    }
  },
);
