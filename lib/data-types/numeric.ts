import { builtIn, type DataTypeHandler } from './handler.ts';

/**
 * numeric: 1.0 equals 1.00. Its hash function leaves out the sign (5 and -5 hash alike) and takes NaN and both infinities
 * for one, so the class of the value is hashed beside it.
 */
export const numeric: DataTypeHandler = {
  name: 'numeric',
  handles: builtIn('numeric'),
  canonical: (column) => `pg_catalog.trim_scale(${column})`,
  parts: (column) => [
    column,
    `(case when ${column} < 0 then 1 when ${column} < 'Infinity' then 2 when ${column} = 'Infinity' then 3 when ${column} is not null then 4 end)`,
  ],
  probe: { literal: '-12345678901234567890.12345600', type: 'numeric' },
};

/** real, double precision: -0 equals 0 (adding 0 makes them one), NaN equals NaN. */
export const float: DataTypeHandler = {
  name: 'float',
  handles: builtIn('float4', 'float8'),
  canonical: (column, type) => `(${column} + 0::pg_catalog.${type.name})`,
  probe: { literal: '-1.2345678901234567e-89', type: 'float8' },
};
