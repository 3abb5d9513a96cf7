import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { webFacts } from '../../../infra/web-facts.ts';
import { jobConfigSchema } from '../../../lib/orchestrator/config-schema.ts';
import { environmentsBody } from '../../../web/project/again.ts';
import { draftOf, errorsByField, noDraft, projectText } from '../../../web/project/draft.ts';
import { roleOf, rowsIn, rowsOf } from '../../../web/project/words.ts';

const typed = (over: Partial<typeof noDraft>) =>
  JSON.parse(projectText({ ...noDraft, root: 'public.parcels', ...over }));
const keyOf = (keys: string) => typed({ keys }).key;

describe('a project as it is typed', () => {
  it.each([
    ['7', '7'],
    [' 7 \n\n 8\r\n', ['7', '8']],
    ['{"parcel_id": 7, "tax_year": 2026}', { parcel_id: 7, tax_year: 2026 }],
    ['" in quotes"', ' in quotes'],
    ['{no json', '{no json'],
    ['', undefined],
  ])('%j names the root rows', (keys, key) => {
    expect(keyOf(keys)).toEqual(key);
  });

  it('is what the service takes, without what is not given', () => {
    const project = typed({
      keys: '7',
      include: 'public.items\n public.notes ',
      exclude: 'public.permits',
      depth: '3',
    });

    expect(project).toEqual({
      root: 'public.parcels',
      key: '7',
      include: ['public.items', 'public.notes'],
      exclude: ['public.permits'],
      depth: 3,
    });
    expect(jobConfigSchema.parse({ project }).project).toEqual({ ...project, parents: 'insert' });
    expect(projectText(noDraft)).toBe('');
    expect(typed({ depth: 'three' }).depth).toBe('three'); // the service says what it expected
  });

  it('is no JSON while its conditions are none, so that nothing is sent', () => {
    expect(() => typed({ by: 'where', where: '[{"column": ' })).toThrow(SyntaxError);
    expect(typed({ by: 'where', where: '[{"column": "id", "op": "lt", "value": 9}]', keys: '7' })).toEqual({
      root: 'public.parcels',
      where: [{ column: 'id', op: 'lt', value: 9 }],
    });
  });

  it('comes back from the config of a job as the same project, whatever its keys are', () => {
    const key = fc.oneof(
      fc.string({ minLength: 1, unit: 'binary' }),
      fc.constantFrom('{"a":1}', '"x"', ' x', 'x\ny', '\r', '{', '{}', '\u2028'),
      fc.dictionary(fc.string({ minLength: 1 }), fc.string(), { minKeys: 1, noNullPrototype: true }),
    );
    fc.assert(
      fc.property(fc.array(key, { minLength: 1, maxLength: 4 }), (keys) => {
        const project = { root: 'a.b', key: keys.length === 1 ? keys[0] : keys, exclude: ['a.c'], parents: 'update' };
        expect(JSON.parse(projectText(draftOf(JSON.stringify(project))))).toEqual(project);
      }),
    );
    expect(JSON.parse(projectText(draftOf('{"root":"a.b","key":7,"depth":0,"parents":"insert"}')))).toEqual({
      root: 'a.b',
      key: '7',
      depth: 0,
    });
    expect(draftOf('')).toEqual(noDraft);
  });

  it('shows what is wrong at its fields', () => {
    const of = (field: string) => ({ code: 'x', message: field, field });
    const found = errorsByField(
      ['/config/project/root', '/config/project/key/0', '/config/project', '/config'].map(of),
    );

    expect([...found].map(([field, items]) => [field, items.map((i) => i.message)])).toEqual([
      ['root', ['/config/project/root']],
      ['key', ['/config/project/key/0']],
      ['whole', ['/config/project', '/config']],
    ]);
  });
});

describe('a project in words', () => {
  it.each([
    [{ key: 7 }, 'key 7'],
    [{ key: [7, 8] }, 'key 7; 8'],
    [{ key: [{ a: 1, b: 'x' }] }, 'key a 1, b x'],
    [{ key: [1, 2, 3, 4] }, '4 keys'],
    [
      {
        where: [
          { column: 'id', op: 'in', values: [1, 2] },
          { column: 'gone', op: 'is_null' },
        ] as const,
      },
      'where id in 1 2 and gone is_null',
    ],
  ])('%j', (project, text) => {
    expect(rowsOf(project as Parameters<typeof rowsOf>[0])).toBe(text);
  });

  it('calls the root the root, also where some of its rows are only referred to', () => {
    const words = (role: 'root' | 'both', path: string[]) => roleOf({ role, path }).text;

    expect([words('root', []), words('both', []), words('both', ['fk'])]).toEqual([
      'root',
      'root and parent',
      'child and parent',
    ]);
  });

  it('has no sum where a table was not counted in time', () => {
    const tables = [{ rows: { source: 2, target: 1 } }, { rows: { source: 3, target: null } }] as unknown as Parameters<
      typeof rowsIn
    >[0];

    expect([rowsIn(tables, 'source'), rowsIn(tables, 'target')]).toEqual([5, undefined]);
  });
});

it('is planned again by the names of its environments, with what was given, or not at all', () => {
  const config = jobConfigSchema.parse({ project: { root: 'a.b', key: 7 }, batch_size: 5 });
  const side = (environments?: string[]) => ({ environments }) as never;
  const { config: fields } = webFacts();

  expect(environmentsBody({ source: side(['one', 'two']), target: side(['three']), config }, fields)).toEqual({
    source_environment: 'one',
    target_environment: 'three',
    config: { project: config.project, batch_size: 5 },
  });
  expect(environmentsBody({ source: side(['one']), target: side(), config }, fields)).toBeUndefined();
});
