import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parcelOffice } from '../../examples/custom-step.ts';
import type { Column } from '../../lib/model/table.ts';
import { transformSteps } from '../../lib/transformer/registry.ts';
import {
  builtInType,
  type Found,
  type Made,
  SOURCE,
  type SourceOf,
  type StepContext,
  type StepName,
  type StepResult,
  type TransformStep,
} from '../../lib/transformer/step.ts';
import { fillHostile, HOSTILE_TABLE } from '../pg/transform/hostile.ts';
import { answers, columnsOf, envOf, PINS } from '../pg/transform/support.ts';
import { createDatabase, type TestDatabase } from '../support/databases.ts';

// What every step promises, whoever wrote it: SQL that no row makes fail, of the type it says, with a mark for
// what it could not compute; and words for its author where it cannot be made. Geometry: test/pg/mapping/geometry.test.ts.

let db: TestDatabase;
let columns: readonly Column[];
beforeAll(async () => {
  db = await createDatabase();
  await db.client.query(PINS);
  await db.client.query(HOSTILE_TABLE);
  await fillHostile((sql, values) => db.client.query(sql, values as unknown[]));
  columns = await columnsOf(db.client, 'public.hostile');
});
afterAll(() => db[Symbol.asyncDispose]());

/** Sources of each step over a column; those without one ignore it. */
const SOURCES: { readonly [K in StepName]: (column: string) => readonly SourceOf<K>[] } = {
  column: (column) => [column],
  omit: () => [{ omit: true }],
  default: () => [{ default: true }],
  constant: () => [{ constant: '1' }, { constant: null }, { constant: "o'\\" }],
  expression: (column) =>
    /^\w+$/.test(column) && column !== 'row' ? [{ expression: `string(${column})` }, { expression: column }] : [],
  values: (column) =>
    (['reject', 'null', 'keep'] as const).map((otherwise) => ({ column, values: { 1: '1', "o'\\": null }, otherwise })),
  lookup: (column) =>
    (['reject', 'null', 'keep'] as const).map((otherwise) => ({
      column,
      lookup: { table: 'public.codes', match: 'code', take: 'name', side: 'target' },
      otherwise,
    })),
  json_path: (column) => [
    { column, json_path: ['a'] },
    { column, json_path: ['a', 'b', 1, 'c'] },
    { column, json_path: ["o'\\"] },
  ],
  json_object: (column) => [{ json_object: { "o'\\": column, again: column } }, { json_object: {} }],
  geometry: (column) => [{ column, geometry: { srid: 4326, transform: true } }],
  mask: (column) => [
    { column, mask: { kind: 'last4' } },
    { column, mask: { kind: 'keep' } },
    { column, mask: { kind: 'null' } },
  ],
};

/** Steps of others, with sources of their own; the example's contract is run beside those of the registry. */
const EXAMPLE = { step: parcelOffice, sources: (column: string) => [{ column, parcel_office: { unknown: 'none' } }] };

const target = (declared: string, name: string): Column => ({
  name: 'made',
  type: builtInType(name),
  declared,
  notNull: false,
  generated: false,
  identity: '',
  hasDefault: true,
});
const TARGETS = [
  target('text', 'text'),
  target('character varying(3)', 'varchar'),
  target('integer', 'int4'),
  target('numeric(5,1)', 'numeric'),
  target('date', 'date'),
  target('jsonb', 'jsonb'),
];

const CODES: Column = { ...target('text', 'text'), name: 'name' };
const found: Found = {
  constant: ({ text, declared }) => (/^(text|char|int|num)/.test(declared) && /^[0-9]$/.test(text) ? text : undefined),
  lookup: () => ({
    pairs: [
      ['1', '1'],
      ['x', null],
      ["o'\\", '2'],
    ],
    take: CODES,
  }),
};

const context = (to: Column, serverVersion = 180_000): StepContext => ({
  env: { ...envOf(columns), alias: SOURCE, serverVersion },
  source: { schema: 'public', name: 'hostile' },
  target: to,
  found,
});

// a step reads sources of its own kind only, which the pairs below give it
type Any = { readonly step: TransformStep<StepName>; readonly sources: (column: string) => readonly never[] };
const ALL: readonly (readonly [string, Any])[] = [
  ...Object.entries(transformSteps).map(
    ([name, step]) => [name, { step, sources: SOURCES[name as StepName] } as unknown as Any] as const,
  ),
  ['the example of a custom step', EXAMPLE as unknown as Any],
];

const isMade = (result: StepResult): result is Made => typeof result === 'object' && 'expression' in result;

describe.each(ALL)('%s', (name, { step, sources }) => {
  test('is total, typed, and marks what it cannot compute', async () => {
    let made = 0;
    const seen = new Set<string>();
    for (const to of TARGETS)
      for (const column of columns)
        for (const source of sources(column.name)) {
          for (const version of [180_000, 140_000]) {
            const result = step.make(source, context(to, version));
            if (!isMade(result)) continue;
            made += 1;
            const { expression: e } = result;
            if (seen.has(e.sql)) continue; // the same for another target or version
            seen.add(e.sql);
            const first = await answers(db.client, e, 'public.hostile s order by s.n');
            const { rows } = await db.client.query(`select $1::pg_catalog.regtype::pg_catalog.text as type`, [
              e.declared.replace(/\(.*\)/, ''),
            ]);
            const at = `${JSON.stringify(source)} of ${column.name}`;

            expect([at, ...new Set(first.map(([, , is]) => is))]).toEqual([at, rows[0].type]);
            for (const [value, failed] of first) if (failed) expect([at, value]).toEqual([at, null]);
            if (!e.nullable) expect([at, first.filter(([value]) => value === null)]).toEqual([at, []]);
          }
        }
    expect(made > 0 || ['omit', 'default', 'geometry'].includes(name)).toBe(true);
  }, 60_000);

  test('says what is wrong with a column that is not there, and makes nothing of it', () => {
    for (const source of sources('nothing_of_that_name')) {
      const named = JSON.stringify(source).includes('nothing_of_that_name');
      const result = step.make(source, context(target('text', 'text')));
      if (!named) continue;
      const problems = typeof result === 'object' && 'problems' in result ? result.problems : [];
      expect(problems.map((p) => [/^(column_not_found|expression_invalid)$/.test(p.code), p.message !== ''])).toEqual(
        problems.map(() => [true, true]),
      );
      expect(problems.length).toBeGreaterThan(0);
    }
  });

  test('is described in a sentence', () => {
    expect(step.summary).toMatch(/^[A-Z].*\.$/);
  });
});
