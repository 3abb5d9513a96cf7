/** Digits before the point of `numeric(p, s)`, or undefined where the declaration has no bounds. */
function wholeDigits(declared: string): number | undefined {
  const [, precision, scale] = /\((\d+),(-?\d+)\)/.exec(declared) ?? [];
  return precision === undefined ? undefined : Number(precision) - Number(scale);
}

/** Text of at most `length` characters from the private-use area, another one for each `n` below 6400 squared. */
function unusedText(length: number, n: string): string {
  if (length >= 24) return `pg_catalog.replace(pg_catalog.gen_random_uuid()::text, '-', '')::varchar(${length})`;
  const first = `pg_catalog.chr((57344 + ${n} % 6400)::int)`;
  return length === 1 ? first : `${first} || pg_catalog.chr((57344 + ${n} / 6400)::int)`;
}

const lengthOf = (declared: string) => Number(/\((\d+)\)/.exec(declared)?.[1] ?? 32);

/** SQL of a value that no row is likely to have, another one for each `n`; by the type behind a domain. */
const UNUSED: Readonly<Record<string, (declared: string, n: string) => string>> = {
  int2: (_, n) => `-32768 + ${n}`,
  int4: (_, n) => `-2147483648 + ${n}`,
  int8: (_, n) => `-9223372036854775807 + ${n}`,
  numeric: (declared, n) => `${-(10 ** Math.max(0, Math.min(30, wholeDigits(declared) ?? 30) - 1))} * 9.0 + ${n}`,
  float4: (_, n) => `-1e30 * (1 + ${n} / 1e6)`,
  float8: (_, n) => `-1e300 * (1 + ${n} / 1e6)`,
  text: (_, n) => unusedText(32, n),
  varchar: (declared, n) => unusedText(lengthOf(declared), n),
  bpchar: (declared, n) => unusedText(lengthOf(declared), n),
  citext: (_, n) => unusedText(32, n),
  uuid: () => 'pg_catalog.gen_random_uuid()',
  bytea: () => 'pg_catalog.uuid_send(pg_catalog.gen_random_uuid())',
  date: (_, n) => `date '4700-01-01 BC' + ${n}::int`,
  timestamp: (_, n) => `timestamp '4700-01-01 BC' + ${n} * interval '1 second'`,
  timestamptz: (_, n) => `timestamptz '4700-01-01 BC' + ${n} * interval '1 second'`,
};

/** Whether the type (by the name behind a domain) has values that stand for no row. */
export const hasUnusedValues = (base: string): boolean => base in UNUSED;

/** SQL of such a value, another one for each `n` (SQL too), within the declaration. Undefined where the type has none. */
export function unusedValue(base: string, declared: string, n: string): string | undefined {
  return UNUSED[base]?.(declared, n);
}
