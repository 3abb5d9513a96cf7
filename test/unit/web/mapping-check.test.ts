import { describe, expect, test } from 'vitest';
import { placeOf } from '../../../web/json-place.ts';
import { beforeApproval, pointerOf, verdictOf } from '../../../web/mapping/checked.ts';

const finding = (severity: 'error' | 'warning' | 'info') => ({
  ...{ code: 'column_not_found', severity, table: 'public.t', column: 'n' },
  ...{ message: 'There is no such column.', remedy: 'See the message.' },
});

describe('a mapping that was checked', () => {
  test('has a place in its text for what was found, whatever its names', () => {
    const text = JSON.stringify({ 'a/b.c~d': { from: 'x.y', columns: { 'n/m': 'wrong' } } }, null, 2);
    const { from, to } = placeOf(text, pointerOf({ table: 'a/b.c~d', column: 'n/m' }));

    expect(text.slice(from, to)).toBe('"wrong"');
    expect(placeOf(text, pointerOf({ table: 'a/b.c~d' })).line).toBe(2);
  });

  test('is judged by the worst', () => {
    expect(verdictOf({ findings: [finding('info')] })).toBe('Nothing speaks against it.');
    expect(verdictOf({ findings: [finding('info'), finding('warning')] })).toContain('allow_lossy');
    expect(verdictOf({ findings: [finding('error'), finding('warning')] })).toBe(
      'A job with it would be refused: 1 error.',
    );
  });

  test('is told to whoever approves it, and so is that it was not', () => {
    const found = { findings: [finding('error'), finding('error')], preview: [] };

    expect(beforeApproval({ found, text: '{}' }, [], true)).toContain('refused: 2 errors');
    expect(beforeApproval(undefined, found.findings, false)).toContain('2 errors were found');
    expect(beforeApproval(undefined, [], true)).toContain('compared with no database');
    expect(beforeApproval(undefined, [], false)).toBe(''); // a proposal was compared before it was stored
  });
});
