import { expect, test } from 'vitest';
import { detectionStrategies, detectionStrategy } from '../../../lib/change-detector/registry.ts';
import type { ServerFacts } from '../../../lib/model/connection.ts';
import type { Column, Relation } from '../../../lib/model/table.ts';
import { jobConfigSchema } from '../../../lib/orchestrator/config-schema.ts';
import { windowStart } from '../../../lib/orchestrator/window.ts';
import { needProblems } from '../../../lib/validator/needs.ts';
import { stampColumn } from '../../../lib/validator/timestamp.ts';

const HORIZON = '2026-11-23T12:00:00.123456Z';

test.each([
  ['timestamptz', false, 0, '2026-11-23T12:00:00.123456Z'],
  ['timestamptz', false, 60, '2026-11-23T11:59:00.123Z'],
  ['timestamptz', true, 0, '2026-11-23T11:59:59.123Z'],
  ['timestamp', false, 0, '2026-11-23T00:00:00.123Z'],
  ['date', false, 60, '2026-11-21T23:59:00.123Z'],
] as const)('a window over %s (rounded: %s) with %i s of overlap begins at %s', (type, rounded, overlap, start) => {
  expect(windowStart(HORIZON, { column: 'x', type, rounded }, overlap)).toBe(start);
});

const column = (name: string, type: string): Column => {
  const base = { schema: 'pg_catalog', name: type, kind: 'b' };
  const rest = { notNull: false, generated: false, identity: '' as const, hasDefault: false };
  return { name, type: { ...base, base }, declared: type, ...rest };
};

const table = (...columns: Column[]) => ({ schema: 'public', name: 't', columns }) as unknown as Relation; // all it reads

test('the update column is the one named, else the first usual name that is an instant', () => {
  const t = table(column('last_update', 'timestamptz'), column('updated_at', 'text'), column('own', 'date'));

  expect(stampColumn(t, jobConfigSchema.parse({}))).toMatchObject({ column: 'last_update', type: 'timestamptz' });
  expect(stampColumn(t, jobConfigSchema.parse({ timestamp_columns: { 'public.t': 'own' } }))).toMatchObject({
    column: 'own',
    type: 'date',
  });
  expect(stampColumn(t, jobConfigSchema.parse({ timestamp_columns: { 'public.t': 'updated_at' } }))).toMatchObject({
    code: 'timestamp_column_type',
    object: 'public.t.updated_at',
  });
});

const facts = { role: 'reader', standby: false, maySeeTransactions: true } as ServerFacts; // all it reads

test('a strategy that must see open transactions refuses a standby', () => {
  const t = table(column('updated_at', 'timestamptz'));
  const codes = (name: string) =>
    needProblems(
      detectionStrategy(name),
      { facts: { ...facts, standby: true }, tables: [t] },
      jobConfigSchema.parse({}),
    ).map((p) => p.code);

  expect(codes('timestamp')).toEqual(['source_standby']);
  expect(codes('hash')).toEqual([]);
});

test('a strategy that has a memory needs what keeps the memory true', () => {
  for (const { incremental, needs } of detectionStrategies)
    if (incremental) expect(needs.changeStream || (needs.timestampColumn && needs.openTransactions)).toBe(true);
});
