/** A table of hostile values: those that a careless operation raises an error for. */
export const HOSTILE_TABLE = `create table public.hostile (
  n serial primary key, i2 int2, i4 int4, i8 int8, num numeric, n2 numeric(10,2), n0 numeric(5,0), f4 float4, f8 float8,
  t text, v varchar(20), v40 varchar(40), v60 varchar(60), c char(12), b bool, d date, ts timestamp, tz timestamptz, iv interval,
  j json, jb jsonb, u uuid, by bytea, required text not null default 'x', "odd ""name" text, "row" int4)`;

const VALUES: Readonly<Record<string, readonly string[]>> = {
  i2: ['0', '1', '9', '-9', '10', '99', '-32768', '32767', '9999', '10000', '-32767'],
  i4: ['0', '-1', '7', '2147483647', '-2147483648', '-2147483647', '1000000000', '999999999', '42'],
  i8: ['0', '-1', '9223372036854775807', '-9223372036854775808', '1000000000000000000', '999999999999999999', '123456'],
  num: [
    '0',
    'NaN',
    'Infinity',
    '-Infinity',
    '1e130000',
    '-1e1001',
    '1e-16000',
    '1e999',
    '-1e-999',
    '0.1',
    '12345.6789',
    '1.0',
    '100000000000000000000',
  ],
  n2: ['0', 'NaN', '99999999.99', '-99999999.99', '0.01', '-0.01', '12.30'],
  n0: ['0', 'NaN', '99999', '-99999', '1', '-1'],
  f4: ['0', '-0', 'NaN', 'Infinity', '-Infinity', '1e-45', '3.4028235e38', '1.5'],
  f8: [
    '0',
    '-0',
    'NaN',
    'Infinity',
    '-Infinity',
    '5e-324',
    '1.7976931348623157e308',
    '-1.7976931348623157e308',
    '0.1',
    '1e15',
  ],
  t: [
    '',
    ' ',
    '0',
    '-',
    'abc',
    '42',
    '-1.5',
    '1e5',
    '2024-02-29',
    '2023-02-29',
    '0000-01-01',
    '9999-12-31',
    '2024-02-29T23:59:59Z',
    '9999-12-31T23:59:59-14:00',
    'É😀ß',
    '\\',
    "'",
    '%',
    '\n',
    '1234567890123456789012345678901234567890',
    '\u0001',
    'İ',
    '٣',
    'true',
    'NULL',
  ],
  v: ['', 'x', '12345678901234567890', 'AB-12/34', "o'brien", '😀😀', '07', '7', '123-45-6789'],
  v40: ['', 'a@b.c', 'no digits', '0123456789012345678901234567890123456789'],
  v60: ['', 'Jane Doe', '1', '42'],
  c: ['', 'x', '12', '123456789012'],
  b: ['true', 'false'],
  d: [
    'infinity',
    '-infinity',
    '4713-01-01 BC',
    '5874897-12-31',
    '0001-01-01',
    '9999-12-31',
    '2024-02-29',
    '2026-01-31',
    '0001-12-31 BC',
  ],
  ts: [
    'infinity',
    '-infinity',
    '4713-01-01 00:00:00 BC',
    '294276-12-31 23:59:59.999999',
    '0001-01-01 00:00',
    '9999-12-31 23:59:59.999999',
    '2024-02-29 12:34:56.789',
  ],
  tz: [
    'infinity',
    '-infinity',
    '4713-01-02 00:00:00+00 BC',
    '294276-12-31 23:59:59.999999+00',
    '0001-01-01 00:00+00',
    '9999-12-31 23:59:59.999999+00',
    '2024-02-29 12:34:56.789+00',
  ],
  iv: ['0', '178000000 years', '-178000000 years', '2147483647 days', '1 mon -1 day', '00:00:00.000001'],
  j: [
    '{"a":"\\u0000"}',
    '{"a":"\\ud800"}',
    '{"a":"\\ud83d\\ude00"}',
    '{"a":"x","a":"y"}',
    'null',
    '[1,2]',
    '"a"',
    '{"a":{"b":[1,{"c":"d"}]}}',
    '1e130000',
  ],
  jb: ['{"a":"x"}', 'null', '[1,2]', '"a"', '{"a":{"b":[1,{"c":"d"}]}}', '1e1000'],
  u: ['00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff'],
  by: ['\\x', '\\x00ff'],
  required: ['x', '', '1'],
  'odd "name': ['a', ''],
  row: ['1', '-1'],
};

type Run = (sql: string, values?: readonly unknown[]) => Promise<unknown>;

/** Fills the table: one row of NULLs, one per value with every column turning at its own speed, and one of huge texts. */
export async function fillHostile(run: Run): Promise<number> {
  const columns = Object.keys(VALUES);
  const quoted = columns.map((c) => `"${c.replaceAll('"', '""')}"`);
  const place = columns.map((_, i) => `$${i + 1}`).join(', ');
  const insert = `insert into public.hostile (${quoted.join(', ')}) values (${place})`;
  await run(
    insert,
    columns.map((c) => (c === 'required' ? '' : null)),
  );
  const rows = 60;
  for (let i = 0; i < rows; i++) {
    await run(
      insert,
      columns.map((c, k) => {
        const all = VALUES[c] ?? [];
        return (i * 7 + k) % 11 === 10 && c !== 'required'
          ? null
          : (all[(i + k * Math.floor(i / 25)) % all.length] ?? '');
      }),
    );
  }
  const huge = `insert into public.hostile (t, required, by, jb, j, "odd ""name") values
    (repeat('9', 2000000), repeat('x', 1000001), decode(repeat('00', 2000000), 'hex'), to_jsonb(repeat(chr(1), 3000000)),
     to_json(repeat('y', 1500000)), repeat('a', 999999))`;
  await run(huge);
  return rows + 2;
}
