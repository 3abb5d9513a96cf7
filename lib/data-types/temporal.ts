import { builtIn, type DataTypeHandler } from './handler.ts';

/**
 * Times and timestamps. Their hash folds 64 bits to 32 (2000-01-01 00:00 and 01:11:34.967297 hash alike), so their eight
 * bytes are hashed.
 */
export const temporal: DataTypeHandler = {
  name: 'temporal',
  equality:
    'The same microsecond; timestamptz the same instant, whatever the zone it was written in; timetz the same time and zone. 24:00 is not 00:00.',
  handles: builtIn('time', 'timetz', 'timestamp', 'timestamptz'),
  canonical: (column) => column,
  parts: (column, type) => [`pg_catalog.${type.name}_send(${column})`],
  probe: { literal: '2024-02-29 23:59:59.123457+00', type: 'timestamptz' },
};

/** date: 32 bits, hashed whole. */
export const date: DataTypeHandler = {
  name: 'date',
  equality: 'The same day.',
  handles: builtIn('date'),
  canonical: (column) => column,
  probe: { literal: '2024-02-29', type: 'date' },
};

const UNITS = { Y: 'year', M: 'month', D: 'day' } as const;
const CLOCK = { H: 'hour', M: 'minute', S: 'second' } as const;

const inWords = (part: string, units: Readonly<Record<string, string>>) =>
  [...part.matchAll(/(-?[\d.]+)([YMDHS])/g)].map(
    ([, n = '', unit = '']) => `${n} ${units[unit]}${Math.abs(Number(n)) === 1 ? '' : 's'}`,
  );

/**
 * interval: months, days and microseconds are three numbers, as people mean them. PostgreSQL's `=` takes '1 mon', '30 days'
 * and '720:00:00' for equal; added to a date they are not. So '1 day' is not '24:00:00' here either. Sixteen bytes hold the
 * three numbers; the hash of the type goes by `=`.
 */
export const interval: DataTypeHandler = {
  name: 'interval',
  equality:
    "The same months, days and microseconds: '1 mon' is not '30 days', '1 day' is not '24:00:00'. As keys they are one.",
  handles: builtIn('interval'),
  canonical: (column) => `${column}::pg_catalog.text`,
  parts: (column) => [`pg_catalog.interval_send(${column})`],
  identity: (column) => `pg_catalog.justify_interval(${column})`,
  folds: true,
  show: (value) => {
    const [calendar = '', clock = ''] = value.split('T');
    return value.startsWith('P') ? [...inWords(calendar, UNITS), ...inWords(clock, CLOCK)].join(' ') : value;
  },
  probe: { literal: 'P1Y2M3DT4H5M6.789012S', type: 'interval' },
};
