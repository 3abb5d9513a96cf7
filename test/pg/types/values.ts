import fc from 'fast-check';
import { EXACT, type Family } from './oracle.ts';

/** A family with values: extremes, neighbours that a careless hash confuses, and random ones. */
export interface Sampled extends Family {
  readonly value: fc.Arbitrary<string>;
}

/** Picks fixed values about half the time, so that equal and neighbouring ones meet. */
const mix = (fixed: readonly string[], random: fc.Arbitrary<string>) => fc.oneof(fc.constantFrom(...fixed), random);

const integerNear = (bits: bigint) => {
  const [lo, hi] = [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n];
  return fc.bigInt(lo, hi).map(String);
};
const int8 = mix(
  ['0', '4294967296', '4294967297', '-1', '4294967295', '-4294967296', '-9223372036854775808', '9223372036854775807'],
  fc
    .tuple(fc.integer({ min: -3, max: 3 }), fc.integer({ min: -3, max: 3 }))
    .map(([a, b]) => String(BigInt(a) + BigInt(b) * 4_294_967_296n)),
);
const digits = fc.stringMatching(/^-?(0|[1-9][0-9]{0,12})(\.[0-9]{1,6})?$/);
const scaled = fc
  .tuple(
    fc.constantFrom('0', '1', '-1', '10', '5', '-5', '1.5', '1.05', '100.1', '1.001', '-0.5', '10000', '0.0001'),
    fc.integer({ min: 0, max: 5 }),
  )
  .map(([n, zeros]) => (zeros === 0 ? n : `${n.includes('.') ? n : `${n}.`}${'0'.repeat(zeros)}`));
const numberText = fc.oneof(scaled, digits);
const numeric = mix(['NaN', 'Infinity', '-Infinity', '1e-130', '1e130', '-1e130', '0.00000', '-0.0'], numberText);
const float8 = mix(
  [
    '0',
    '-0',
    'NaN',
    'Infinity',
    '-Infinity',
    '5e-324',
    '-5e-324',
    '1.7976931348623157e308',
    '1e-05',
    '-1e-10',
    '0.1',
    '0.30000000000000004',
  ],
  fc.double({ noNaN: true }).map(String),
);
const characters = fc.constantFrom(
  '',
  'a',
  'A',
  'é',
  'e\u0301',
  'Å',
  'Å',
  ' ',
  '"',
  '\\',
  ',',
  '{}',
  '☃',
  '😀',
  'ß',
  'ss',
  '1.0',
  '1.00',
  '\n',
  '\t',
  "'",
  'NULL',
  '|',
);
const string = fc.array(characters, { maxLength: 3 }).map((parts) => parts.join(''));
const hexBytes = fc.uint8Array({ maxLength: 4 }).map((b) => `\\x${Buffer.from(b).toString('hex')}`);
const pad = (n: number, width = 2) => String(n).padStart(width, '0');
const clock = fc
  .tuple(
    fc.integer({ min: 0, max: 23 }),
    fc.integer({ min: 0, max: 59 }),
    fc.integer({ min: 0, max: 59 }),
    fc.integer({ min: 0, max: 999_999 }),
  )
  .map(([h, m, s, us]) => `${pad(h)}:${pad(m)}:${pad(s)}.${pad(us, 6)}`);
const day = fc
  .tuple(
    fc.integer({ min: 1, max: 9999 }),
    fc.integer({ min: 1, max: 12 }),
    fc.integer({ min: 1, max: 28 }),
    fc.boolean(),
  )
  .map(([y, m, d, bc]) => `${pad(bc ? (y % 4712) + 1 : y, 4)}-${pad(m)}-${pad(d)}${bc ? ' BC' : ''}`);
const FOLDED = [
  '2000-01-01 00:00:00',
  '2000-01-01 01:11:34.967296',
  '2000-01-01 01:11:34.967297',
  '1999-12-31 22:48:25.032704',
];
const timestamp = mix(
  ['infinity', '-infinity', '4713-01-01 00:00:00 BC', '294276-12-31 23:59:59.999999', ...FOLDED],
  fc.tuple(day, clock).map(([d, c]) => (d.endsWith(' BC') ? `${d.slice(0, -3)} ${c} BC` : `${d} ${c}`)),
);
const instant = mix(
  [...FOLDED.map((t) => `${t}+00`), '2000-01-01 02:00:00+02', '1999-12-31 19:00:00-05', 'infinity', '-infinity'],
  fc
    .tuple(day, clock, fc.constantFrom('+00', '+02', '-05:30', '+14'))
    .map(([d, c, z]) => (d.endsWith(' BC') ? `${d.slice(0, -3)} ${c}${z} BC` : `${d} ${c}${z}`)),
);
const interval = mix(
  [
    '1 mon',
    '30 days',
    '720:00:00',
    '1 day',
    '24:00:00',
    '12 mons',
    '1 year',
    '-1 mon +30 days',
    '00:00:00',
    '0.000001 s',
    '-0.000001 s',
    '4294.967296 s',
    '178000000 years',
    '-178000000 years',
  ],
  fc
    .tuple(
      fc.integer({ min: -14, max: 14 }),
      fc.integer({ min: -40, max: 40 }),
      fc.integer({ min: -90_000_000, max: 90_000_000 }),
    )
    .map(([m, d, us]) => `${m} mons ${d} days ${us} microseconds`),
);
/** Documents as text, so that the scale of numbers, order of keys and nesting vary. */
const document = fc.letrec<{ any: string; scalar: string; list: string; map: string }>((tie) => ({
  scalar: fc.oneof(
    scaled,
    digits,
    string.map((s) => JSON.stringify(s)),
    fc.constantFrom('true', 'false', 'null', '"\\u00e9"', '1e2', '"a.0, 1.0]"', '"\\".00,"', '"\\\\"'),
  ),
  list: fc.array(tie('any'), { maxLength: 3 }).map((l) => `[${l.join(', ')}]`),
  map: fc
    .array(fc.tuple(fc.constantFrom('a', 'b', '1.0', '1.00', 'x".0,'), tie('any')), { maxLength: 3 })
    .map((l) => `{${l.map(([k, v]) => `${JSON.stringify(k)}: ${v}`).join(',')}}`),
  any: fc.oneof({ maxDepth: 3 }, tie('scalar'), tie('list'), tie('map')),
})).any;
const DOCUMENTS = [
  '[[1], 2]',
  '[[1, 2]]',
  '[1, [2]]',
  '{"a": 5}',
  '{"a": -5}',
  '{"a": {"b": 1}, "c": 2}',
  '{"a": {"b": 1, "c": 2}}',
  '{"c": 2, "a": {"b": 1.0}}',
  '{}',
  '[]',
  '[{}]',
  '[[]]',
  '1.0',
  '1.00',
  '"1.0"',
  '"1.00"',
  '[1.50, "1.50"]',
  '[1.5, "1.50"]',
  '[1.5, "1.5"]',
  '{"1.0": 1.0}',
  '{"1.0": 1}',
  '{"1.00": 1}',
  'null',
];
const jsonText = mix(DOCUMENTS, document);
const jsonb = jsonText;

const quoted = (element: string) => `"${element.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
/** Array literals of one to three dimensions over the same few elements, with bounds. */
const arrayOf = (element: fc.Arbitrary<string>) => {
  const item = fc.oneof({ arbitrary: element.map(quoted), weight: 5 }, { arbitrary: fc.constant('NULL'), weight: 1 });
  const four = fc.array(item, { minLength: 4, maxLength: 4 });
  const shapes = fc.constantFrom<(l: readonly string[]) => string>(
    () => '{}',
    ([a]) => `{${a}}`,
    ([a]) => `{{${a}}}`,
    ([a]) => `[0:0]={${a}}`,
    ([a, b]) => `{${a},${b}}`,
    ([a, b]) => `[-1:0]={${a},${b}}`,
    ([a, b, c, d]) => `{${a},${b},${c},${d}}`,
    ([a, b, c, d]) => `{{${a},${b}},{${c},${d}}}`,
    ([a, b, c, d]) => `{{{${a}},{${b}}},{{${c}},{${d}}}}`,
    ([a, b, c, d]) => `[1:2][0:1]={{${a},${b}},{${c},${d}}}`,
  );
  return fc.tuple(shapes, four).map(([shape, l]) => shape(l));
};
const few = (...values: string[]) => fc.constantFrom(...values);
const bounds = (lower: fc.Arbitrary<string>, upper: fc.Arbitrary<string>) =>
  fc.oneof(
    fc.constantFrom('empty', '(,)', '[,)'),
    fc
      .tuple(fc.constantFrom('[', '('), lower, upper, fc.constantFrom(']', ')'))
      .map(([o, a, b, c]) => `${o}${a},${b}${c}`),
  );
const numrange = bounds(
  few('', '1', '1.0', '1.00', '0.5', '0.50', '-1', '-10', '-Infinity'),
  few('', '10', '2', '2.0', '2.05', '2.050', '20', '20.00', 'Infinity'),
);
const bits = fc.stringMatching(/^[01]{0,9}$/);

/** Every family with values that each server can hold. */
export const FAMILIES: readonly Sampled[] = [
  { type: 'int2', value: mix(['-32768', '32767', '0', '-1', '1'], integerNear(16n)) },
  { type: 'int4', value: mix(['-2147483648', '2147483647', '0', '-1', '1'], integerNear(32n)) },
  { type: 'int8', value: int8 },
  { type: 'oid', value: mix(['0', '4294967295', '2147483648'], fc.integer({ min: 0, max: 9 }).map(String)) },
  { type: 'numeric', value: numeric },
  {
    type: 'float4',
    value: mix(
      ['0', '-0', 'NaN', 'Infinity', '-Infinity', '1e-45', '3.4028235e38', '0.1', '0.10000001'],
      fc.float({ noNaN: true }).map(String),
    ),
  },
  { type: 'float8', value: float8 },
  { type: 'text', equality: 'x operator(pg_catalog.=) y collate "C"', value: string },
  { type: 'varchar(40)', equality: 'x::text = y::text collate "C"', value: string },
  { type: 'char(6)', value: string.map((s) => [...s].slice(0, 6).join('')) },
  { type: 'bpchar', value: fc.tuple(few('a', 'b', ''), few('', ' ', '  ')).map((p) => p.join('')) },
  { type: 'name', value: string },
  { type: '"char"', value: few('a', 'b', ' ', 'é', '') },
  { type: 'bool', value: few('t', 'f') },
  { type: 'bytea', value: mix(['\\x', '\\x00', '\\x0000'], hexBytes) },
  {
    type: 'uuid',
    value: mix(['00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff'], fc.uuid()),
  },
  { type: 'date', value: mix(['infinity', '-infinity', '4713-01-01 BC', '5874897-12-31', '2024-02-29'], day) },
  { type: 'time', value: mix(['00:00', '24:00', '01:11:34.967297', '01:11:34.967296'], clock) },
  {
    type: 'timetz',
    value: mix(
      ['00:00+00', '02:00+02', '24:00+00', '01:11:34.967297+00', '00:00+15:59:59'],
      fc.tuple(clock, few('+00', '-05', '+05:30:15')).map((p) => p.join('')),
    ),
  },
  { type: 'timestamp', value: timestamp },
  { type: 'timestamptz', value: instant },
  {
    type: 'interval',
    equality: `(extract(year from x), extract(month from x), extract(day from x), extract(hour from x), extract(minute from x), extract(microsecond from x)) is not distinct from
      (extract(year from y), extract(month from y), extract(day from y), extract(hour from y), extract(minute from y), extract(microsecond from y))`,
    value: interval,
  },
  { type: 'json', equality: EXACT, value: jsonText },
  { type: 'jsonb', equality: EXACT, value: jsonb },
  { type: 'int4[]', value: arrayOf(few('0', '1', '-1', '2')) },
  { type: 'int8[]', value: arrayOf(few('0', '1', '4294967297')) },
  {
    type: 'numeric[]',
    value: arrayOf(fc.oneof(few('1', '1.0', '1.00', '10', '10.0', '1.050', '1.05', 'NaN', 'Infinity'), scaled)),
  },
  { type: 'float8[]', value: arrayOf(few('0', '-0', 'NaN', '1e-10', '-0.5', '1e-05')) },
  { type: 'float4[]', value: arrayOf(few('0', '-0', 'NaN', '-1e-10', '0.1')) },
  { type: 'text[]', equality: EXACT, value: arrayOf(fc.oneof(few('', 'NULL', 'a', 'A', ','), string)) },
  {
    type: 'timestamptz[]',
    value: arrayOf(few('2000-01-01 00:00:00+00', '2000-01-01 02:00:00+02', '2000-01-01 01:11:34.967297+00')),
  },
  { type: 'bool[]', value: arrayOf(few('t', 'f')) },
  { type: 'bytea[]', value: arrayOf(hexBytes) },
  { type: 'interval[]', equality: EXACT, value: arrayOf(few('1 mon', '30 days', '720:00:00')) },
  {
    type: 'jsonb[]',
    equality: EXACT,
    value: arrayOf(fc.oneof(few('1.0', '1', '[1.50]', '[1.5]', '"1.0"', '"1"', '{"a":{}}'), document)),
  },
  { type: 'public.zone[]', value: arrayOf(few('A', 'B', 'é ,"')) },
  { type: 'int4range', value: bounds(few('', '1', '2', '-5'), few('', '3', '4', '5')) },
  { type: 'int8range', value: bounds(few('', '1', '0', '-4294967296'), few('', '3', '4294967297')) },
  { type: 'numrange', value: numrange },
  {
    type: 'daterange',
    value: bounds(few('', '2024-01-01', '2024-01-02', '-infinity'), few('', '2024-02-01', '2024-01-31', 'infinity')),
  },
  {
    type: 'tsrange',
    value: bounds(few('', '2000-01-01 00:00:00'), few('', '2000-01-01 01:11:34.967297', '2000-01-01 01:11:34.967296')),
  },
  {
    type: 'tstzrange',
    value: bounds(
      few('', '2000-01-01 00:00:00+00', '2000-01-01 02:00:00+02'),
      few('', '2001-01-01 00:00:00+00', 'infinity'),
    ),
  },
  { type: 'nummultirange', value: fc.array(numrange, { maxLength: 3 }).map((l) => `{${l.join(',')}}`) },
  {
    type: 'int8multirange',
    value: fc
      .array(bounds(few('1', '4294967297', ''), few('4294967299', '')), { maxLength: 2 })
      .map((l) => `{${l.join(',')}}`),
  },
  { type: 'numrange[]', value: arrayOf(numrange) },
  { type: 'public.zone', value: few('A', 'B', 'é ,"') },
  { type: 'public.amount', value: scaled },
  {
    type: 'public.pair',
    equality: EXACT,
    value: fc
      .tuple(
        fc.oneof(scaled, few('')),
        fc.oneof(
          few('""', '', 'NULL'),
          string.map((s) => `"${s.replaceAll('\\', '\\\\').replaceAll('"', '""')}"`),
        ),
      )
      .map((p) => `(${p.join(',')})`),
  },
  {
    type: 'inet',
    value: few(
      '10.0.0.1',
      '10.0.0.1/32',
      '10.0.0.1/8',
      '10.0.0.2/8',
      '::',
      '::/0',
      '::1',
      '2001:db8::1',
      '0.0.0.0',
      '0.0.0.0/0',
      '255.255.255.255',
    ),
  },
  { type: 'cidr', value: few('10.0.0.0/8', '10.0.0.0/9', '10.0.0.0', '::/0', '::/128', '0.0.0.0/0', '2001:db8::/32') },
  {
    type: 'macaddr',
    value: few(
      '08:00:2b:01:02:03',
      '08002b010203',
      '08:00:2b:01:02:04',
      '00:00:00:00:00:00',
      'ff:ff:ff:ff:ff:ff',
      '03:02:01:2b:00:08',
    ),
  },
  {
    type: 'macaddr8',
    value: few(
      '08:00:2b:01:02:03:04:05',
      '08002b0102030405',
      '08:00:2b:01:02:03',
      '00:00:00:00:00:00:00:00',
      '00:00:00:01:00:00:00:01',
      'ff:ff:ff:ff:ff:ff:ff:ff',
    ),
  },
  { type: 'bit(9)', value: fc.stringMatching(/^[01]{9}$/) },
  { type: 'varbit', value: mix(['', '0', '00', '01', '001'], bits) },
  {
    type: 'money',
    value: mix(['-92233720368547758.08', '92233720368547758.07', '0', '-0.01'], few('1', '-1', '1.00', '1.01')),
  },
  { type: 'tsvector', value: few('', 'a', "'a' 'b'", "'b' 'a'", 'a:1', 'a:1A', 'a:2', "'a:1'", "'é'") },
  {
    type: 'tsquery',
    equality: EXACT,
    value: few('a', 'a & b', 'a | b', '!a', 'a <-> b', 'a <2> b', 'a:*', 'a:A', "'a & b'"),
  },
  { type: 'pg_lsn', value: few('0/0', '0/1', '1/0', '1/1', 'FFFFFFFF/FFFFFFFF') },
  { type: 'regclass', value: few('pg_catalog.pg_class', 'pg_class', 'pg_catalog.pg_type') },
  { type: 'regtype', value: few('int4', 'integer', 'numeric', 'public.zone', '-') },
  { type: 'int2vector', equality: EXACT, value: few('', '1', '1 2', '2 1', '-1') },
  { type: 'oidvector', equality: EXACT, value: few('', '1', '1 2', '2 1', '4294967295') },
  {
    type: 'datemultirange',
    value: fc
      .array(bounds(few('2024-01-01', '', '2024-01-02'), few('2024-02-01', 'infinity')), { maxLength: 2 })
      .map((l) => `{${l.join(',')}}`),
  },
  { type: 'xid8', value: few('0', '1', '4294967297', '18446744073709551615') },
  { type: 'jsonpath', equality: 'x::text = y::text', value: few('$.a', '$.b', 'strict $.a', '$[*]') },
  {
    type: 'point',
    equality: EXACT,
    value: few(
      '(0,0)',
      '(1,2)',
      '(2,1)',
      '(1,2.0000000000000004)',
      '(1,2.000000000000001)',
      '(NaN,Infinity)',
      '(0,5e-324)',
    ),
  },
  { type: 'box', equality: EXACT, value: few('(1,1),(0,0)', '(0,0),(1,1)', '(2,0.5),(0,0)', '(1,1),(0.5,0)') },
  { type: 'line', equality: EXACT, value: few('{1,2,3}', '{2,4,6}', '{1,2,4}') },
  { type: 'lseg', equality: EXACT, value: few('[(0,0),(1,1)]', '[(1,1),(0,0)]', '[(0,0),(1,2)]') },
  {
    type: 'path',
    equality: EXACT,
    value: few('[(0,0),(1,1)]', '((0,0),(1,1))', '[(0,0),(1,1),(2,2)]', '((1,1),(0,0))'),
  },
  { type: 'polygon', equality: EXACT, value: few('((0,0),(1,1),(1,0))', '((1,1),(1,0),(0,0))', '((0,0),(1,1))') },
  { type: 'circle', equality: EXACT, value: few('<(0,0),1>', '<(0,0),2>', '<(1,0),1>', '<(0,1),1>') },
];

export const XML: Sampled = {
  type: 'xml',
  equality: 'x::text = y::text',
  value: few('<a/>', '<a></a>', '<a>1.0</a>', 'text', '<a b="1"/>', "<a b='1'/>"),
};

/** Families of extensions, by the extension's name; made in the schema `ext`, which no search path has. */
export const EXTENSIONS: Readonly<Record<string, readonly Sampled[]>> = {
  citext: [
    {
      type: 'ext.citext',
      equality: 'x::text = y::text collate "C"',
      value: fc.oneof(few('Foo', 'foo', 'FOO', 'Ä', 'ä'), string),
    },
    { type: 'ext.citext[]', equality: EXACT, value: arrayOf(few('Foo', 'foo', 'NULL', '')) },
  ],
  hstore: [
    {
      type: 'ext.hstore',
      equality: EXACT,
      value: few(
        '',
        'a=>1',
        'b=>2, a=>1',
        'a=>1, b=>2',
        'a=>NULL',
        'a=>"NULL"',
        '"a=>1"=>""',
        'a=>"1.0"',
        'aa=>1,b=>2',
      ),
    },
  ],
  ltree: [
    {
      type: 'ext.ltree',
      equality: 'x operator(ext.=) y',
      value: fc.array(few('a', 'A', 'b_1', '10', '1'), { maxLength: 3 }).map((l) => l.join('.')),
    },
    { type: 'ext.lquery', equality: EXACT, value: few('a.*', 'a.*{1}', 'a', 'A@', '!a') },
  ],
  cube: [
    {
      type: 'ext.cube',
      equality: EXACT,
      value: few('(1,2)', '(1,2),(1,2)', '(1,2),(3,4)', '(0)', '(1,2.0000000000000004)'),
    },
  ],
};

/** What the test databases must hold beside tables. */
export const PREPARATION = `
  create type zone as enum ('A', 'é ,"', 'B');
  create domain amount as numeric check (value is not null);
  create type pair as (n numeric, t text);`;
