import { builtIn, type DataTypeHandler, TEXT_PROBE, textOf } from './handler.ts';

/**
 * numeric: 1.0 equals 1.00. Its hash function leaves out the sign (5 and -5 hash alike) and takes NaN and both infinities
 * for one, so the class of the value is hashed beside it.
 */
export const numeric: DataTypeHandler = {
  name: 'numeric',
  equality: 'The same number, whatever the scale: 1.0 equals 1.00. NaN equals NaN.',
  handles: builtIn('numeric'),
  canonical: (column) => `pg_catalog.trim_scale(${column})`,
  identity: (column) => `pg_catalog.trim_scale(${column})`,
  parts: (column) => [
    column,
    `(case when ${column} < 0 then 1 when ${column} < 'Infinity' then 2 when ${column} = 'Infinity' then 3 when ${column} is not null then 4 end)`,
  ],
  probe: { literal: '-12345678901234567890.12345600', type: 'numeric' },
};

/** real, double precision: -0 equals 0 (adding 0 makes them one), NaN equals NaN. */
export const float: DataTypeHandler = {
  name: 'float',
  equality: 'The same number, bit for bit, but -0 equals 0 and NaN equals NaN.',
  handles: builtIn('float4', 'float8'),
  canonical: (column, type) => `(${column} + 0::pg_catalog.${type.name})`,
  identity: (column, type) => `(${column} + 0::pg_catalog.${type.name})`,
  probe: { literal: '-1.2345678901234567e-89', type: 'float8' },
};

/** SQL of the text of numbers without zeros at the end of a fraction. */
const withoutZeros = (column: string) => {
  const text = textOf(column);
  return `(case when ${text} like '%.%0%' then pg_catalog.regexp_replace(${text}, '([.][0-9]*[1-9])0+(?![0-9])|[.]0+(?![0-9])', E'\\\\1', 'g') else ${text} end collate "C")`;
};

/**
 * Arrays, ranges and multiranges of numeric: their text holds nothing but numbers, brackets, commas, quotes and NULL, so
 * zeros at the end of a fraction can be cut out of the text; shape and bounds stay. The cheap test keeps the regular
 * expression (some µs a match) from texts without such a zero.
 */
export const numericText: DataTypeHandler = {
  name: 'numeric text',
  equality: 'The same shape and bounds, and equal numbers: {1.0} equals {1.00}, [1.0,2) equals [1.00,2).',
  handles: builtIn('_numeric', 'numrange', 'nummultirange', '_numrange', '_nummultirange'),
  canonical: withoutZeros,
  identity: withoutZeros,
  probe: TEXT_PROBE,
};

/** SQL of the text of an array of floats with `0` for `-0`. */
const withoutMinusZero = (column: string) =>
  `pg_catalog.replace(pg_catalog.replace(${textOf(column)}, '-0,', '0,'), '-0}', '0}') collate "C"`;

/**
 * Arrays of float: a lone `-0` element becomes `0`. Nothing else in such a text ends in `-0`: an exponent has two digits and
 * is never zero.
 */
export const floatArray: DataTypeHandler = {
  name: 'float array',
  equality: 'The same shape and bounds, and equal numbers: {-0} equals {0}.',
  handles: builtIn('_float4', '_float8'),
  canonical: withoutMinusZero,
  identity: withoutMinusZero,
  probe: TEXT_PROBE,
};
