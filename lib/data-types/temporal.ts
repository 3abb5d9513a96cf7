import { builtIn, type DataTypeHandler } from './handler.ts';

/**
 * Times and timestamps. Their hash folds 64 bits to 32 (2000-01-01 00:00 and 01:11:34.967297 hash alike), so their eight
 * bytes are hashed.
 */
export const temporal: DataTypeHandler = {
  name: 'temporal',
  handles: builtIn('time', 'timetz', 'timestamp', 'timestamptz'),
  canonical: (column) => column,
  parts: (column, type) => [`pg_catalog.${type.name}_send(${column})`],
  probe: { literal: '2024-02-29 23:59:59.123457+00', type: 'timestamptz' },
};

/** date: 32 bits, hashed whole. */
export const date: DataTypeHandler = {
  name: 'date',
  handles: builtIn('date'),
  canonical: (column) => column,
  probe: { literal: '2024-02-29', type: 'date' },
};
