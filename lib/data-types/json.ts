import { builtIn, type DataTypeHandler, TEXT_PROBE, textOf } from './handler.ts';

/** json: text that happens to be JSON; blanks, order and repeated keys are kept by PostgreSQL, and here. */
export const json: DataTypeHandler = {
  name: 'json',
  equality: 'The same text, blanks and order of keys included.',
  handles: builtIn('json'),
  canonical: textOf,
  probe: TEXT_PROBE,
};

/** SQL of a pattern: a string, whole, or the zeros at the end of a fraction with what is to stay of it. Strings are matched to be stepped over. */
const STRING_OR_ZEROS = String.raw`E'("(?:[^"\\\\]|\\\\.)*")|([.][0-9]*[1-9])0+(?![0-9])|[.]0+(?![0-9])'`;

/**
 * SQL of a jsonb text `x` without zeros at the end of fractions. The tests before are there for their cost: a document
 * without such a zero costs 0.3 µs more than `jsonb::text` (1 µs), one with it 8 to 30 µs.
 */
const trimmed = (x: string) =>
  `case when ${x} like '%.%0%' and ${x} ~ '[.][0-9]*0([],}]|$)' then pg_catalog.regexp_replace(${x}, ${STRING_OR_ZEROS}, ${String.raw`E'\\1\\2'`}, 'g') else ${x} end`;

/**
 * jsonb: its text differs for different values, and for equal ones only in the scale of numbers (1.0 and 1.00). Its hash
 * forgets nesting and sign. The inner select makes the text once: `offset 0` keeps the planner from putting it in thrice.
 */
const canonical = (column: string) => `(select ${trimmed('s.x')} from (select ${textOf(column)} offset 0) s(x))`;

export const jsonb: DataTypeHandler = {
  name: 'jsonb',
  equality: "PostgreSQL's: order of keys and blanks do not count, 1.0 equals 1.00.",
  handles: builtIn('jsonb'),
  canonical,
  probe: TEXT_PROBE,
};

/** Arrays of jsonb, element by element under the same shape and bounds. */
export const jsonbArray: DataTypeHandler = {
  name: 'jsonb array',
  equality: 'The same shape and bounds, and equal elements.',
  handles: builtIn('_jsonb'),
  canonical: (column) =>
    `(case when ${column} is not null then pg_catalog.concat(pg_catalog.array_dims(${column}), (select pg_catalog.array_agg(${canonical('u.e')} order by u.n) from pg_catalog.unnest(${column}) with ordinality u(e, n))) end collate "C")`,
  probe: TEXT_PROBE,
};
