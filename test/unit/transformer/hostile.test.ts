import { expect, test } from 'vitest';
import type { Column } from '../../../lib/model/table.ts';
import { compileExpression } from '../../../lib/transformer/compile-expression.ts';
import { PROBLEMS } from '../../../lib/transformer/problem.ts';
import { HARMLESS, REFUSED } from './hostile-expressions.ts';

const column = (name: string, type: string, declared = type): Column => {
  const base = { schema: 'pg_catalog', name: type, kind: 'b' };
  return { name, type: { ...base, base }, declared, notNull: false, generated: false, identity: '', hasDefault: false };
};
const columns = [
  column('i4', 'int4'),
  column('num', 'numeric'),
  column('t', 'text'),
  column('v', 'varchar', 'character varying(20)'),
  column('b', 'bool'),
  column('d', 'date'),
  column('ts', 'timestamp'),
  column('tz', 'timestamptz'),
  column('iv', 'interval'),
  column('j', 'json'),
  column('jb', 'jsonb'),
  column('u', 'uuid'),
  column('by', 'bytea'),
  column('odd "name', 'text'),
  column('row', 'int4'),
  column('required', 'text'),
];
const env = { columns, alias: 't', serverVersion: 180000 };

const cases = Object.entries(REFUSED).flatMap(([code, all]) => all.map((text) => [code, text] as const));
/** An expression that took longer would be a hang; the slowest is printed. */
const HANG_MS = 2000;

test('there are more than 200 hostile expressions and patterns, of every kind of problem', () => {
  expect(new Set(cases.map(([, text]) => text)).size).toBeGreaterThan(200);
  const ofExpressions = Object.keys(PROBLEMS).filter((code) => !code.startsWith('mask_'));
  expect(Object.keys(REFUSED).sort()).toEqual(ofExpressions.sort());
});

test('each is refused for what it is, at a place in its text', () => {
  let slowest = 0;
  const found = cases.map(([, text]) => {
    const start = performance.now();
    const result = compileExpression(text, env);
    const ms = performance.now() - start;
    slowest = Math.max(slowest, ms);
    expect(ms).toBeLessThan(HANG_MS);
    const [problem] = 'ok' in result ? [] : result.problems;
    if (problem) {
      expect(problem.at, text).toBeGreaterThanOrEqual(0);
      expect(problem.at, text).toBeLessThanOrEqual(text.length);
    }
    return [problem?.code ?? 'none', text.slice(0, 60)];
  });
  console.log(`${cases.length} hostile expressions, the slowest ${slowest.toFixed(1)} ms`);
  expect(found).toEqual(cases.map(([code, text]) => [code, text.slice(0, 60)]));
});

test('what only looks dangerous compiles', () => {
  for (const text of HARMLESS) expect([text, compileExpression(text, env)]).toEqual([text, { ok: expect.anything() }]);
});

test('a problem names the nearest column or function', () => {
  expect(compileExpression('1 + size(requierd)', { ...env, columns: columns.slice(-1) })).toEqual({
    problems: [{ code: 'expression_field', message: 'There is no column requierd.', at: 9, hint: 'Is it required?' }],
  });
  expect(compileExpression('subsring(t, 1)', env)).toMatchObject({ problems: [{ hint: 'Is it substring?' }] });
});
