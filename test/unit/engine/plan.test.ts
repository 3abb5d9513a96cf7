import { expect, test } from 'vitest';
import type { Progress } from '../../../lib/model/checkpoint.ts';
import type { Pass } from '../../../lib/model/job.ts';
import type { Relation, TablePlan } from '../../../lib/model/table.ts';
import { jobConfigSchema } from '../../../lib/orchestrator/config-schema.ts';
import { foreignKeyLevels } from '../../../lib/orchestrator/levels.ts';
import { guardDeletes, levelsOf, passLevels, segmentsToDo } from '../../../lib/orchestrator/plan.ts';

const config = jobConfigSchema.parse({});
const plan = (table: number, level = 0, sideEffects = false): TablePlan => ({
  version: 1,
  table,
  level,
  source: { schema: 'public', name: `t${table}` },
  target: { schema: 'public', name: `t${table}` },
  columns: [],
  key: ['id'],
  fingerprint: 'fast',
  selfReferencing: false,
  sideEffects,
  verifyAll: false,
  sourceSnapshot: '1:1:',
  filters: [],
  compares: 'row',
  tolerances: {},
  rowsEstimate: 1,
  rowBytesEstimate: 1,
});
const progress = (table: number, pass: Pass, more: Partial<Progress> = {}): Progress => ({
  table,
  pass,
  segment: 0,
  seq: 1,
  counts: {},
  finished: false,
  wrote: false,
  hasExtra: false,
  unexplained: 0,
  inFlight: 0,
  toDelete: 0,
  samples: {},
  ...more,
});
const relation = (name: string, ...parents: string[]): Relation => ({
  schema: 'public',
  name,
  oid: name,
  kind: 'r',
  columns: [],
  key: ['id'],
  uniqueKeys: [['id']],
  foreignKeys: parents.map((p) => ({ name: p, references: { schema: 'public', name: p }, deleteAction: false })),
  inherited: false,
  rowSecurity: false,
  triggers: 0,
  privileges: [],
  schemaUsable: true,
  lockedSequences: [],
  rowsEstimate: 0,
  bytes: 0,
});

test('orders parents before children, and takes a self-reference for no cycle', () => {
  const { levels, cycle } = foreignKeyLevels([
    relation('c', 'b', 'a'),
    relation('b', 'a', 'b'),
    relation('a'),
    relation('x', 'elsewhere'),
  ]);

  expect(levels.map((l) => l.map((t) => t.name))).toEqual([['a', 'x'], ['b'], ['c']]);
  expect(cycle).toEqual([]);
});

test('deletes children first, and only where target-only rows were seen', () => {
  const plans = [plan(0, 0), plan(1, 1), plan(2, 2)];
  const all = [0, 1, 2].flatMap((t) => [
    progress(t, 'apply', { finished: true, hasExtra: t !== 1 }),
    progress(t, 'delete'),
  ]);

  expect(passLevels(plans, 'delete', all)).toEqual([[2], [0]]);
  expect(levelsOf(plans)).toEqual([[0], [1], [2]]);
});

test('verifies what was written into, and everything where triggers may have written', () => {
  const all = [
    progress(0, 'apply', { finished: true, wrote: true }),
    progress(0, 'verify'),
    progress(1, 'apply', { finished: true }),
    progress(1, 'verify'),
  ];

  expect(passLevels([plan(0), plan(1)], 'verify', all)).toEqual([[0]]);
  expect(passLevels([plan(0, 0, true), plan(1, 0, true)], 'verify', all)).toEqual([[0, 1]]);
});

test('looks again only at segments with rows set aside or written in part', () => {
  const all = [
    progress(0, 'apply', { finished: true, wrote: true }),
    progress(0, 'revisit'),
    progress(1, 'apply', { finished: true, counts: { quarantined: 1 } }),
    progress(1, 'revisit'),
    progress(2, 'apply', { finished: true, unexplained: 3 }),
    progress(2, 'revisit', { segment: 0 }),
    progress(2, 'revisit', { segment: 1 }),
  ];

  expect(passLevels([plan(0), plan(1, 0), plan(2, 1)], 'revisit', all)).toEqual([[1], [2]]);
  expect(segmentsToDo(plan(2), 'revisit', all)).toEqual([0]);
});

test('a job that wrote nothing has nothing to verify', () => {
  const all = [progress(0, 'apply', { finished: true }), progress(0, 'verify')];

  expect(segmentsToDo(plan(0, 0, true), 'verify', all)).toEqual([]);
});

test.each([
  [100, 0, true],
  [101, 908, false],
  [101, 909, true],
  [101, 0, false],
  [5000, 100_000, true],
] as const)('%i deletes beside %i other rows: allowed is %s', (kept, unchanged, allowed) => {
  const guard = () =>
    guardDeletes([plan(0)], [progress(0, 'apply', { counts: { kept, unchanged }, toDelete: kept })], config);

  if (allowed) expect(guard).not.toThrow();
  else expect(guard).toThrow(expect.objectContaining({ code: 'confirm_required' }));
});

test('so many deletes as somebody has confirmed are allowed, over all tables', () => {
  const all = [0, 1].map((t) => progress(t, 'apply', { counts: { kept: 200 }, toDelete: 200 }));

  expect(() => guardDeletes([plan(0), plan(1)], all, config, 399)).toThrow('400 rows in all');
  expect(() => guardDeletes([plan(0), plan(1)], all, config, 400)).not.toThrow();
});
