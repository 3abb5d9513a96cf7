import { expect, test } from 'vitest';
import { backFor } from '../../../lib/conflict-resolver/both-ways.ts';
import { CASES, classify } from '../../../lib/conflict-resolver/classify.ts';
import { type Contest, decideRow } from '../../../lib/conflict-resolver/decide.ts';
import { conflictStrategyNames } from '../../../lib/conflict-resolver/registry.ts';
import { CONFLICT_TYPES } from '../../../lib/model/conflict.ts';
import type { BasePrints, RowPrint } from '../../../lib/model/print.ts';

// Every case that there is, under every strategy: what the source gets, beside what an oracle of a few lines says.

const row = (n: number): RowPrint => ({ row: `${n}:${n}`, fields: [String(n), 'b'] });
const [S0, T0, S1, T1] = [row(1), row(1), row(2), row(3)];

const NOW: Readonly<Record<string, readonly [source: RowPrint | null, target: RowPrint | null]>> = {
  there: [S1, T1],
  new: [S1, T1],
  changed: [S1, T1],
  same: [S0, T0],
  none: [null, null],
  gone: [null, null],
};

const BASES: Readonly<Record<string, BasePrints | undefined>> = {
  unknown: undefined,
  neither: { source: null, target: null },
  both: { source: S0, target: T0 },
  source: { source: S0, target: null },
  target: { source: null, target: T0 },
};

const cells = Object.entries(CASES as Record<string, Record<string, Record<string, string>>>).flatMap(
  ([known, sources]) =>
    Object.entries(sources).flatMap(([s, targets]) => Object.keys(targets).map((t) => [known, s, t] as const)),
);

const contest = (strategy: string): Contest => ({
  columns: ['a', 'b'],
  rules: {
    pair: 'p',
    strategy,
    types: Object.fromEntries(CONFLICT_TYPES.map((t) => [t, strategy])) as Contest['rules']['types'], // all of them
    clock: { column: 'at', type: 'timestamptz' },
    fields: { '*': 'target' },
    images: [],
    masks: {},
    both: true,
  },
  clocks: { source: '1', target: '2' }, // the target is newer
  nowMs: 1_000,
  images: [],
});

/** Who wins a conflict, and whether people are asked: by the strategies' own words. */
function wins(strategy: string, s: RowPrint | null, t: RowPrint | null): 'source' | 'target' | 'people' {
  if (strategy === 'manual') return 'people';
  if (strategy === 'source_wins') return 'source';
  if (strategy === 'target_wins') return 'target';
  if (s && t) return 'target'; // the newer one, and each field's rule here
  return strategy === 'field_level' ? 'people' : s ? 'source' : 'target';
}

/** What the source gets: the target's row where only the target moved, or where the target wins. */
function expected(strategy: string, [known, s, t]: readonly [string, string, string]) {
  const base = BASES[known];
  const [source, target] = [NOW[s]?.[0] ?? null, NOW[t]?.[1] ?? null];
  if (source?.row === target?.row) return 'nothing';
  const moved = (now: RowPrint | null, was: RowPrint | null | undefined) => now?.row !== was?.row;
  const bySource = base ? moved(source, base.source) : source !== null;
  const byTarget = base ? moved(target, base.target) : target !== null;
  const stands = target ? 'row' : 'deletion';
  if (!bySource) return stands;
  if (!byTarget && known === 'both' && (source === null || target !== null)) return 'nothing'; // only the source moved
  if (target === null && (known === 'unknown' || known === 'neither' || known === 'target')) return 'nothing'; // copied
  return wins(strategy, source, target) === 'target' ? stands : 'nothing';
}

test.each(conflictStrategyNames)('%s: every case goes to the source or does not, as the oracle says', (strategy) => {
  expect(cells.length).toBe(29);
  for (const cell of cells) {
    const [known, s, t] = cell;
    const [source, target] = [NOW[s]?.[0] ?? null, NOW[t]?.[1] ?? null];
    const verdict = classify(BASES[known], source, target);
    const action = decideRow(verdict, contest(strategy));
    const back = backFor(verdict, action, { there: target !== null, deletes: true });
    expect(back, cell.join(' ')).toBe(expected(strategy, cell));
    if (back === 'deletion')
      expect(backFor(verdict, action, { there: false, deletes: false }), 'where nothing is deleted').toBe('nothing');
  }
});

test('a row that moved a moment ago, or that is only kept because nothing is deleted, does not go back', () => {
  for (const rule of ['moved', 'delete_mode'])
    expect(backFor({ kind: 'target_only' }, { kind: 'keep', rule }, { there: true, deletes: true })).toBe('nothing');
});
