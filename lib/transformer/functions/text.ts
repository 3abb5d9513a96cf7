import { pattern } from '../pattern.ts';
import { call, textConstant } from '../sql.ts';
import { MOST_BYTES } from '../tame.ts';
import type { Made, Term } from '../term.ts';
import { aCount, aText, COUNT_DIGITS, type ExpressionFunction, int4, written } from './function.ts';

const text = (sql: string, characters: number | undefined): Made => ({
  kind: 'text',
  sql,
  characters: characters ?? MOST_BYTES,
});
const bool = (sql: string): Made => ({ kind: 'bool', sql });
const length = (t: Term | undefined) => t?.characters ?? MOST_BYTES;
const sqlOf = (args: readonly Term[]) => args.map((a) => a.sql) as [string, string, string];

/** A function of one text. */
const ofText = (
  name: string,
  summary: string,
  example: readonly [string, string],
  make: (t: Term) => Made,
): ExpressionFunction => ({
  name,
  summary,
  parameters: [aText('text')],
  examples: [example],
  build: ([t]) => make(t as Term),
});

const test = (
  name: string,
  summary: string,
  examples: ExpressionFunction['examples'],
  make: (text: string, part: string) => string,
): ExpressionFunction => ({
  name,
  summary,
  parameters: [aText('text'), aText('part')],
  examples,
  build: ([t, p]) => bool(make((t as Term).sql, (p as Term).sql)),
});

/** Letters that change case may become up to three. */
const CASE_GROWTH = 3;
const BLANKS = textConstant(' \t\n\r\f\v\u00a0');
/** Pads no text to more characters. */
const MOST_PADDED = 10_000;

const pad = (
  name: string,
  how: 'lpad' | 'rpad',
  summary: string,
  example: readonly [string, string],
): ExpressionFunction => ({
  name,
  summary,
  parameters: [aText('text'), written(aCount('characters')), written(aText('with'))],
  required: 2,
  examples: [example],
  build: ([t, n, fill]) => {
    const { sql } = t as Term;
    const to = Math.min(MOST_PADDED, Math.max(0, Number(n?.constant)));
    const padded = call(how, sql, to, fill?.sql ?? textConstant(' '));
    return text(`(case when ${call('length', sql)} < ${to} then ${padded} else ${sql} end)`, Math.max(to, length(t)));
  },
});

export const textFunctions: readonly ExpressionFunction[] = [
  {
    name: 'size',
    summary: 'Characters of a text.',
    parameters: [aText('text')],
    examples: [["size('Åbo')", '3']],
    build: ([t]) => ({
      kind: 'number',
      sql: `${call('length', (t as Term).sql)}::pg_catalog.numeric`,
      digits: COUNT_DIGITS,
    }),
  },
  test(
    'contains',
    'Whether the part occurs in the text.',
    [["'12 Main St'.contains('Main')", 'true']],
    (t, p) => `(${call('strpos', t, p)} > 0)`,
  ),
  test('startsWith', 'Whether the text begins with the part.', [["'R-1'.startsWith('R-')", 'true']], (t, p) =>
    call('starts_with', t, p),
  ),
  test(
    'endsWith',
    'Whether the text ends with the part.',
    [["'R-1'.endsWith('-2')", 'false']],
    (t, p) => `(${call('right', t, call('length', p))} = ${p})`,
  ),
  {
    name: 'matches',
    summary: 'Whether a pattern is found anywhere in the text (see Patterns).',
    parameters: [aText('text'), written(aText('pattern'))],
    examples: [["'2026-0042'.matches('^[0-9]{4}-[0-9]{4}$')", 'true']],
    build: ([t, p]) => bool(`(${(t as Term).sql} ~ ${textConstant(pattern(p?.constant ?? ''))})`),
  },
  ofText('lowerAscii', 'A to Z in lower case; other characters stay.', ["'ÅB'.lowerAscii()", 'Åb'], (t) =>
    text(call('lower', t.sql), t.characters),
  ),
  ofText('upperAscii', 'a to z in upper case; other characters stay.', ["'åb'.upperAscii()", 'åB'], (t) =>
    text(call('upper', t.sql), t.characters),
  ),
  ofText('lower', "Lower case, by the source database's own locale.", ["lower('AB')", 'ab'], (t) => cased('lower', t)),
  ofText('upper', "Upper case, by the source database's own locale.", ["upper('ab')", 'AB'], (t) => cased('upper', t)),
  ofText('trim', 'Without blanks, tabs and line ends at both ends.', ["trim('  a b ')", 'a b'], (t) =>
    text(call('btrim', t.sql, BLANKS), t.characters),
  ),
  {
    name: 'replace',
    summary: 'Every occurrence of one text replaced by another.',
    parameters: [aText('text'), aText('what'), aText('by')],
    examples: [["'1-2-3'.replace('-', '')", '123']],
    build: (args) => {
      const [t, what, by] = args as [Term, Term, Term];
      const pieces = what.constant ? Math.ceil(length(t) / what.constant.length) : length(t);
      return text(
        call('replace', ...sqlOf(args)),
        length(t) + pieces * (by.constant === undefined ? length(by) : by.constant.length),
      );
    },
  },
  {
    name: 'substring',
    summary: 'Characters from a place (the first is 0) up to, and without, another; to the end without it.',
    parameters: [aText('text'), aCount('from'), aCount('to')],
    required: 2,
    examples: [
      ["'98101-1234'.substring(0, 5)", '98101'],
      ["'abc'.substring(1)", 'bc'],
    ],
    build: ([t, from, to]) => cut(t as Term, from as Term, to),
  },
  {
    name: 'splitPart',
    summary:
      'The part with this number (the first is 0, the last -1) of a text that a separator splits; empty where there is none.',
    parameters: [aText('text'), aText('separator'), aCount('part')],
    examples: [
      ["'Doe, Jane'.splitPart(', ', 1)", 'Jane'],
      ["'a/b/c'.splitPart('/', -1)", 'c'],
    ],
    build: ([t, by, n]) => {
      const [source, separator, part] = [t, by, n] as [Term, Term, Term];
      const at = int4(part, -MOST_BYTES, MOST_BYTES);
      const index = part.constant === undefined ? `(case when ${at} < 0 then ${at} else ${at} + 1 end)` : fromOne(at);
      return text(call('split_part', source.sql, separator.sql, index), length(source));
    },
  },
  pad('padStart', 'lpad', 'Filled up to so many characters from the left; longer texts stay.', [
    "padStart('42', 6, '0')",
    '000042',
  ]),
  pad('padEnd', 'rpad', 'Filled up to so many characters from the right; longer texts stay.', [
    "padEnd('42', 4)",
    '42  ',
  ]),
  {
    name: 'indexOf',
    summary: 'Where the part first occurs (the first character is 0); -1 where it does not.',
    parameters: [aText('text'), aText('part')],
    examples: [["'a-b'.indexOf('-')", '1']],
    build: (args) => {
      const [t, p] = sqlOf(args);
      return { kind: 'number', sql: `(${call('strpos', t, p)} - 1)::pg_catalog.numeric`, digits: COUNT_DIGITS };
    },
  },
];

const fromOne = (index: string) => (Number(index) < 0 ? index : String(Number(index) + 1));

function cased(how: 'lower' | 'upper', t: Term): Made {
  return text(`(${call(how, `${t.sql} collate pg_catalog."default"`)} collate "C")`, length(t) * CASE_GROWTH);
}

function cut(t: Term, from: Term, to: Term | undefined): Made {
  const start = int4(from, 0, MOST_BYTES);
  if (!to) return text(call('substr', t.sql, `${start} + 1`), t.characters);
  const end = int4(to, 0, MOST_BYTES);
  const fixed = from.constant !== undefined && to.constant !== undefined;
  const most = fixed ? Math.max(0, Number(end) - Number(start)) : length(t);
  const characters = fixed ? String(most) : `(case when ${end} < ${start} then 0 else ${end} - ${start} end)`;
  return text(call('substr', t.sql, `${start} + 1`, characters), Math.min(most, length(t)));
}
