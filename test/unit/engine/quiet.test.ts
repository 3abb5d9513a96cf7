import { expect, test } from 'vitest';
import type { QuietMemory, TouchSignals } from '../../../lib/model/quiet.ts';
import { whyCompare } from '../../../lib/orchestrator/quiet.ts';

const SIDE = { place: 'p', counting: 'c', touched: '1 2 3' };
const NOW: TouchSignals = { source: SIDE, target: SIDE };
const KNOWN: QuietMemory = { signals: NOW, comparedAt: '2026-11-23T12:00:00.000Z', runs: 1, rows: 9, kept: 0 };
const CONFIG = { max_quiet_runs: 2, verify: 'changed' } as const;

test('a table is passed over only while every signal of both sides is what it was', () => {
  expect(whyCompare(CONFIG, KNOWN, NOW)).toBeUndefined();
  expect(whyCompare(CONFIG, undefined, NOW)).toBe('not_known_equal');
  expect(whyCompare(CONFIG, KNOWN, undefined)).toBe('not_counted');
});

test.each([
  ['place', 'storage_changed', 'storage_changed'],
  ['counting', 'counting_began_anew', 'counting_began_anew'], // a crash, too: the processes that count are others then
  ['touched', 'source_touched', 'target_touched'],
] as const)('another %s on either side has it compared', (part, ofSource, ofTarget) => {
  expect(whyCompare(CONFIG, KNOWN, { ...NOW, source: { ...SIDE, [part]: 'other' } })).toBe(ofSource);
  expect(whyCompare(CONFIG, KNOWN, { ...NOW, target: { ...SIDE, [part]: 'other' } })).toBe(ofTarget);
});

test('the bound on jobs in a row counts those that relied on it', () => {
  expect(whyCompare(CONFIG, { ...KNOWN, runs: 2 }, NOW)).toBe('quiet_runs_used');
  expect(whyCompare({ ...CONFIG, verify: 'all' }, KNOWN, NOW)).toBe('verify_all');
});
