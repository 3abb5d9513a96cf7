import { expect, test } from 'vitest';
import type { JobConfig } from '../../../lib/model/config.ts';
import { createPair, type TestPair } from '../../support/databases.ts';
import { runJob } from '../../support/in-process.ts';
import { few } from '../../support/level.ts';

/** Values that break a cast, a date, a range or a parser; as texts inside json documents. */
const HOSTILE = [
  ...['', ' ', 'abc', '1e400', '-1e400', '1e-400', 'NaN', 'Infinity', '-Infinity', '0x10', '1_000', '١٢'],
  ...[
    '9223372036854775807',
    '9223372036854775808',
    '-9223372036854775809',
    '2147483648',
    '-32769',
    '1.5',
    '1.',
    '.5',
    '+1',
  ],
  ...[
    '99999999999999999999999999999999999999999',
    '2024-02-30',
    '2023-02-29',
    '0000-01-01',
    '9999-12-31',
    '2024-13-01',
  ],
  ...[
    '2024-1-1',
    'infinity',
    'today',
    'epoch',
    'true',
    'TRUE',
    't',
    'null',
    '{}',
    '[1,2]',
    "';drop table t;--",
    '\\',
    '\\u0000',
  ],
  ...[
    '00000000-0000-4000-8000-000000000001',
    '{00000000-0000-4000-8000-000000000001}',
    '(1,2)',
    '\u2028',
    '𝟙',
    'x'.repeat(3000),
  ],
];

const TYPES = [
  'smallint',
  'int',
  'bigint',
  'numeric',
  'numeric(6,2)',
  'double precision',
  'boolean',
  'uuid',
  'date',
  'text',
  'varchar(5)',
  'jsonb',
  'mood',
];

const FEW = ['int', 'date', 'text', 'jsonb'];

const columns = TYPES.map((type, i) => `c${i} ${type}`).join(', ');

async function documents(type: 'json' | 'jsonb'): Promise<TestPair> {
  const pair = await createPair();
  await pair.source.client.query(`create table doc (id int primary key, d ${type})`);
  await pair.target.client.query(
    `create type mood as enum ('true', 'abc'); create table typed (id int primary key, ${columns})`,
  );
  const texts = HOSTILE.flatMap((v) => {
    const bare = /^-?\d+(\.\d+)?(e-?\d+)?$/.test(v) && !v.includes('400') ? [`{"x": ${v}}`] : [];
    return [JSON.stringify({ x: v }), JSON.stringify({ x: [v] }), ...bare];
  });
  const more = [
    'null',
    '1',
    '[]',
    '{"x": null}',
    '{"x": {"y": 1}}',
    ...(type === 'json' ? ['{"x": "\\u0000"}', '{"z": "\\u0000", "x": "1"}'] : []),
  ];
  const values = [...texts, ...more].filter(
    (t) => type === 'json' || !t.includes('\\u0000') || t.includes('\\\\u0000'),
  );
  await pair.source.client.query(
    `insert into doc select n, t::${type} from unnest($1::text[]) with ordinality u(t, n)`,
    [values],
  );
  return pair;
}

test.each(['json', 'jsonb'] as const)(
  'no value of a %s document ends the job, whatever type it is read as',
  async (type) => {
    await using pair = await documents(type);
    const n = Number((await pair.source.client.query('select count(*) from doc')).rows[0].count);

    const sample = few(TYPES, 6);
    for (const [i, as] of TYPES.entries()) {
      if (!sample.includes(as)) continue;
      if (type === 'json' && !FEW.includes(as)) continue; // both are read by the same casts
      const config = {
        mapping: {
          'public.typed': {
            from: 'public.doc',
            columns: { [`c${i}`]: { column: 'd', json_path: ['x'] } },
            unnamed: 'same_name',
          },
        },
        delete_mode: 'mirror',
        max_delete_percent: 100,
      } as unknown as Partial<JobConfig>;
      await pair.target.client.query('truncate typed');
      const first = await runJob(pair, config);
      const second = await runJob(pair, config);
      const { inserted, quarantined } = first.counts;

      expect([as, first.job.failure]).toEqual([as, undefined]);
      expect([as, inserted + quarantined]).toEqual([as, n]);
      expect(inserted).toBeGreaterThan(0);
      expect([as, second.counts.inserted, second.counts.updated, second.counts.unchanged]).toEqual([
        as,
        0,
        0,
        inserted,
      ]);
      const wrong = await pair.target.client.query(
        `select id from typed where c${i} is not null and c${i}::text ~ '(infinity|NaN)' and '${as}' not in ('text', 'varchar(5)', 'jsonb')`,
      );
      expect([as, wrong.rows]).toEqual([as, []]);
    }
  },
  240_000,
);

test('a number that does not fit its column exactly is put aside, never rounded or cut', async () => {
  await using pair = await createPair();
  await pair.source.client.query(`create table doc (id int primary key, d jsonb);
    insert into doc values (1, '{"x": 1.25}'), (2, '{"x": 1.255}'), (3, '{"x": 10000}'), (4, '{"x": 9999.99}'), (5, '{"x": 1.250}')`);
  await pair.target.client.query(`create table typed (id int primary key, x numeric(6,2))`);
  const config = {
    mapping: { 'public.typed': { from: 'public.doc', columns: { x: { column: 'd', json_path: ['x'] } } } },
  } as unknown as Partial<JobConfig>;

  const { counts } = await runJob(pair, config);

  expect(counts).toMatchObject({ inserted: 3, quarantined: 2 });
  expect((await pair.target.client.query('select id, x from typed order by id')).rows).toEqual([
    { id: '1', x: '1.25' },
    { id: '4', x: '9999.99' },
    { id: '5', x: '1.25' },
  ]);
});
