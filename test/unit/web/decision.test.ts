import { describe, expect, it } from 'vitest';
import type { ConflictDetail, ConflictField } from '../../../lib/model/conflict-answers.ts';
import { allOf, decisionOf, effectOf, kept, missing, resultOf, suggested, writtenBy } from '../../../web/decision.ts';

const field = (column: string, source: string | null, target: string | null): ConflictField => ({
  column,
  type: 'text',
  source,
  target,
  differs: source !== target,
});

const detail = (fields: readonly ConflictField[], more: Partial<ConflictDetail> = {}): ConflictDetail => ({
  conflict_id: '0'.repeat(32),
  table: 'public.t',
  key: ['1'],
  type: 'update_differing',
  state: 'open',
  reason: '',
  changed: fields.filter((f) => f.differs).map((f) => f.column),
  preview: [],
  expected: { source: 's', target: 't' },
  opened_by: 'j',
  seen_by: 'j',
  opened_at: '2026-01-01T00:00:00.000Z',
  seen_at: '2026-01-01T00:00:00.000Z',
  sides: { source: 'row', target: 'row', base: 'unknown' },
  fields: [...fields],
  suggestion: { reason: '' },
  ...more,
});

const three = detail([field('a', '1', '2'), field('b', 'x', null), field('c', 'same', 'same')]);

describe('a decision', () => {
  it('is a side where every column that differs is of that side', () => {
    expect(decisionOf(three, allOf(three, 'source'))).toEqual({ side: 'source' });
    expect(decisionOf(three, allOf(three, 'target'))).toEqual({ side: 'target' });
  });

  it('names each column that differs, and no other, once one is decided by itself', () => {
    const choices = { ...allOf(three, 'source'), b: { value: null }, c: { value: 'not asked for' } };

    expect(decisionOf(three, choices)).toEqual({ fields: { a: { side: 'source' }, b: { value: null } } });
    expect(decisionOf(three, { a: { side: 'source' }, b: { side: 'target' } })).toEqual({
      fields: { a: { side: 'source' }, b: { side: 'target' } },
    });
  });

  it('is none while a column is left', () => {
    expect(decisionOf(three, { a: { side: 'source' } })).toBeUndefined();
    expect(missing(three, { a: { side: 'source' } })).toEqual(['b']);
  });

  it('shows what each column ends with', () => {
    const [a, b, c] = three.fields as [ConflictField, ConflictField, ConflictField];

    expect(resultOf(a, { side: 'target' })).toBe('2');
    expect(resultOf(b, { side: 'target' })).toBeNull();
    expect(resultOf(a, { value: 'typed' })).toBe('typed');
    expect(resultOf(a, undefined)).toBeUndefined();
    expect(resultOf(c, undefined)).toBe('same');
  });

  it('takes over what is suggested, a side or columns', () => {
    expect(suggested(three)).toBeUndefined();
    const side = { ...three, suggestion: { reason: '', decision: { side: 'target' as const } } };
    expect(suggested(side)).toEqual({ a: { side: 'target' }, b: { side: 'target' } });
  });

  it('says what the target holds afterwards, of a whole row too', () => {
    const fields = { a: { value: 'typed' }, b: { side: 'target' } } as const;
    expect(writtenBy(three, { fields })).toEqual({ a: 'typed', b: null, c: 'same' });
    expect(writtenBy(three, { side: 'source' })).toEqual({ a: '1', b: 'x', c: 'same' });
    const gone = detail([{ column: 'a', type: 'text', target: '2', differs: false }]);
    expect(writtenBy(gone, { side: 'source' })).toEqual({ a: undefined });
  });

  it('keeps, when a side has moved, only choices about values that are still what they were', () => {
    const moved = detail([field('a', '1', '3'), field('b', 'x', null), field('c', 'new', 'same')]);

    expect(kept(three, moved, allOf(three, 'source'))).toEqual({ b: { side: 'source' } });
  });

  it.each([
    ['row', 'row', 'source', /updated/],
    ['row', 'none', 'source', /inserted/],
    ['none', 'row', 'source', /deleted/],
    ['none', 'row', 'target', /keeps its row/],
    ['row', 'none', 'target', /without the row/],
  ] as const)('source %s, target %s: the side of the %s', (source, target, side, said) => {
    expect(effectOf({ sides: { source, target, base: 'unknown' } }, side)).toMatch(said);
  });
});
