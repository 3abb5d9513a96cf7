import { builtIn, type DataTypeHandler } from './handler.ts';

/** smallint, integer, oid: their hash keeps all 32 bits. */
export const integer: DataTypeHandler = {
  name: 'integer',
  equality: 'The same number.',
  handles: builtIn('int2', 'int4', 'oid'),
  canonical: (column) => column,
  probe: { literal: '-77', type: 'int4' },
};

/**
 * bigint. Its hash function folds the high half into the low one (0 and 4294967297 hash alike for every seed), so the
 * halves are hashed apart.
 */
export const bigint: DataTypeHandler = {
  name: 'bigint',
  equality: 'The same number.',
  handles: builtIn('int8'),
  canonical: (column) => column,
  parts: (column) => [`(${column} >> 32)`, `(${column} & 4294967295)`],
  probe: { literal: '-9007199254740993', type: 'int8' },
};
