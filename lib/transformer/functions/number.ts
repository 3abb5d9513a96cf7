import { call, textConstant } from '../sql.ts';
import type { Digits, Made, Term } from '../term.ts';
import { aNumber, type ExpressionFunction, type Parameter, whole, written } from './function.ts';

const number = (sql: string, digits: Digits, fails = false): Made => ({
  kind: 'number',
  sql,
  digits,
  ...(fails && { fails }),
});
const digitsOf = (t: Term): Digits => t.digits ?? whole(1);

const ofNumber = (
  name: string,
  summary: string,
  examples: ExpressionFunction['examples'],
  make: (sql: string, digits: Digits) => Made,
): ExpressionFunction => ({
  name,
  summary,
  parameters: [aNumber('number')],
  examples,
  build: ([x]) => make((x as Term).sql, digitsOf(x as Term)),
});

/** Places that a number is rounded to. */
const PLACES = { least: -20, most: 20 };
const aPlace: Parameter = written({ name: 'places', kinds: ['number'], integer: true });
const places = (t: Term | undefined) => Math.min(PLACES.most, Math.max(PLACES.least, Number(t?.constant ?? 0)));

const rounded = (
  name: 'round' | 'trunc',
  summary: string,
  examples: ExpressionFunction['examples'],
): ExpressionFunction => ({
  name,
  summary,
  parameters: [aNumber('number'), aPlace],
  required: 1,
  examples,
  build: ([x, n]) => {
    const had = digitsOf(x as Term);
    const digits = { whole: had.whole + 1, scale: Math.max(0, places(n)), integer: n === undefined };
    return number(call(name, (x as Term).sql, places(n)), digits);
  },
});

/** Of the values that are all there: GREATEST and LEAST themselves pass over NULL. */
const extreme = (
  name: 'greatest' | 'least',
  summary: string,
  examples: ExpressionFunction['examples'],
): ExpressionFunction => ({
  name,
  summary,
  parameters: [aNumber('number'), aNumber('other')],
  repeats: true,
  examples,
  build: (args) => {
    const all = args.map(digitsOf);
    const digits = {
      whole: Math.max(...all.map((d) => d.whole)),
      scale: Math.max(...all.map((d) => d.scale)),
      integer: all.every((d) => d.integer),
    };
    const sql = `${name}(${args.map((a) => a.sql).join(', ')})`;
    const nullable = args.filter((a) => a.nullable).map((a) => `${a.sql} is not null`);
    return number(nullable.length === 0 ? sql : `(case when ${nullable.join(' and ')} then ${sql} end)`, digits);
  },
});

/** A text that is a number has at most so many characters. Counts in the pattern itself would cost 50 µs a row. */
const TEXT_DIGITS = 255;
const DECIMAL = '^[-+]?(?:[0-9]+(?:[.][0-9]*)?|[.][0-9]+)$';
const INTEGER = '^[-+]?[0-9]+$';
const BLANKS = textConstant(' \t');

/** The text read as a number: what does not match is NULL before the cast sees it. */
function read(t: Term, form: string, scale: number, integer: boolean): Made {
  const short = `(case when ${call('length', t.sql)} <= ${TEXT_DIGITS} then ${call('btrim', t.sql, BLANKS)} end)`;
  const sql = `(${call('substring', short, textConstant(form))}::pg_catalog.numeric)`;
  return number(sql, { whole: TEXT_DIGITS, scale, integer }, true);
}

const toInteger = (t: Term): Made => {
  if (t.kind === 'text') return read(t, INTEGER, 0, true);
  if (t.kind === 'bool')
    return number(`(case ${t.sql} when true then 1 when false then 0 end)::pg_catalog.numeric`, whole(1));
  return number(call('trunc', t.sql, 0), { ...digitsOf(t), scale: 0, integer: true });
};

export const numberFunctions: readonly ExpressionFunction[] = [
  ofNumber('abs', 'Without its sign.', [['abs(-2.5)', '2.5']], (sql, d) => number(call('abs', sql), d)),
  rounded('round', 'Rounded to so many places after the point (none: a whole number); halves away from zero.', [
    ['round(2.345, 2)', '2.35'],
    ['round(1250, -2)', '1300'],
    ['round(-2.5)', '-3'],
  ]),
  rounded('trunc', 'Cut to so many places after the point.', [['trunc(-2.349, 2)', '-2.34']]),
  ofNumber('floor', 'The next whole number below.', [['floor(-2.5)', '-3']], (sql, d) =>
    number(call('floor', sql), { whole: d.whole + 1, scale: 0, integer: true }),
  ),
  ofNumber('ceil', 'The next whole number above.', [['ceil(2.1)', '3']], (sql, d) =>
    number(call('ceil', sql), { whole: d.whole + 1, scale: 0, integer: true }),
  ),
  ofNumber('sign', '-1, 0 or 1.', [['sign(-7)', '-1']], (sql) => number(call('sign', sql), whole(1))),
  extreme('greatest', 'The largest; NULL where one is NULL.', [['greatest(1, 2.5, 2)', '2.5']]),
  extreme('least', 'The smallest; NULL where one is NULL.', [['least(1, 2.5, 2)', '1.0']]),
  {
    name: 'int',
    summary: 'A whole number from a number (cut), a text of digits, or a truth value.',
    parameters: [{ name: 'value', kinds: ['number', 'text', 'bool'] }],
    examples: [
      ["int(' 42 ')", '42'],
      ['int(-2.9)', '-2'],
      ["int('4 2')", null],
    ],
    build: ([t]) => toInteger(t as Term),
  },
  {
    name: 'decimal',
    summary: 'A number from a text such as -1234.50: a point, no thousands, no exponent.',
    parameters: [{ name: 'value', kinds: ['number', 'text'] }],
    examples: [
      ["decimal('-1234.50')", '-1234.50'],
      ["decimal('1,5')", null],
      ['decimal(1)', '1'],
    ],
    build: ([t]) => {
      const x = t as Term;
      return x.kind === 'text'
        ? read(x, DECIMAL, TEXT_DIGITS, false)
        : number(x.sql, { ...digitsOf(x), integer: false });
    },
  },
  {
    name: 'formatNumber',
    summary: 'The text of a number with so many places after the point.',
    parameters: [aNumber('number'), aPlace],
    examples: [
      ['formatNumber(1234.5, 2)', '1234.50'],
      ['formatNumber(0.005, 2)', '0.01'],
    ],
    build: ([x, n]) => {
      const to = Math.max(0, places(n));
      const characters = digitsOf(x as Term).whole + to + 3;
      return { kind: 'text', sql: `(${call('round', (x as Term).sql, to)}::pg_catalog.text collate "C")`, characters };
    },
  },
];
