import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareDatabases, summary } from '../../support/compare.ts';
import { createPair, type TestPair } from '../../support/databases.ts';
import { runJob } from '../../support/in-process.ts';

const both = async (pair: TestPair, sql: string) => {
  for (const db of [pair.source, pair.target]) await db.client.query(sql);
};
const listed = async (pair: TestPair) =>
  (await pair.target.client.query('select key, code, object from tf_sync.quarantine order by key')).rows;
const equal = async (pair: TestPair) => summary(await compareDatabases(pair.source.client, pair.target.client));

/** Tables of columns `id` and what the layout adds; `set` takes the values of row `j` of the same table. */
const LAYOUTS: Readonly<Record<string, { readonly columns: string; readonly values: string; readonly set: string }>> = {
  'a nullable integer': { columns: 'a int unique', values: 'i', set: 'a = o.a' },
  'an integer that is not null': { columns: 'a int not null unique', values: 'i', set: 'a = o.a' },
  'short text': { columns: 'a varchar(3) not null unique', values: `lpad(i::text, 3, '0')`, set: 'a = o.a' },
  'one character': { columns: 'a char(1) not null unique', values: 'chr(192 + i)', set: 'a = o.a' },
  'small numbers': { columns: 'a numeric(3,1) not null unique', values: 'i / 10.0', set: 'a = o.a' },
  'times, uuids and bytes': {
    columns: 'a timestamptz not null unique, b uuid not null unique, c bytea not null unique, d date not null unique',
    values: `timestamptz '2024-01-01' + i * interval '1 day', md5(i::text)::uuid, md5(i::text)::bytea, date '2024-01-01' + i`,
    set: 'a = o.a, b = o.b, c = o.c, d = o.d',
  },
  'two indexes': {
    columns: 'a int not null unique, b text not null unique',
    values: `i, 'b' || i`,
    set: 'a = o.a, b = o.b',
  },
  'two columns together': {
    columns: 'a int not null, b int not null, unique (a, b)',
    values: 'i / 5, i % 5',
    set: 'a = o.a, b = o.b',
  },
  'nulls that are not distinct': {
    columns: 'a int, unique nulls not distinct (a)',
    values: 'nullif(i, 1)',
    set: 'a = o.a',
  },
  'an index beside one that cannot be parked': {
    columns: 'a int not null unique, kind boolean not null, unique (kind, id)',
    values: 'i, true',
    set: 'a = o.a',
  },
  'text of any case': { columns: 'a text not null', values: `'Name ' || i`, set: 'a = o.a' },
  'active rows only': {
    columns: 'a int not null, active boolean not null',
    values: 'i / 2, i % 2 = 0',
    set: 'a = o.a, active = o.active',
  },
};
const INDEXES: Readonly<Record<string, string>> = {
  'text of any case': 'create unique index on t (lower(a))',
  'active rows only': 'create unique index on t (a) where active',
};

/** Gives row i of the source the unique values of row permutation[i]. */
async function permute(pair: TestPair, name: string, permutation: readonly number[]) {
  const { columns, values, set } = LAYOUTS[name] as (typeof LAYOUTS)[string]; // a key of it
  const n = permutation.length;
  await both(
    pair,
    `drop schema if exists tf_sync cascade; drop table if exists t; create table t (id int primary key, ${columns}, note text);
     insert into t select i, ${values}, 'same' from generate_series(1, ${n}) i; ${INDEXES[name] ?? ''}`,
  );
  const old = await pair.source.client.query(`create temp table old as select * from t`);
  expect(old.rowCount).toBe(n);
  // the source itself cannot permute under its index: the test drops it there
  await pair.source.client.query(
    `do $$ declare x text; begin
       for x in select conname from pg_constraint where conrelid = 't'::regclass and contype = 'u' loop execute format('alter table t drop constraint %I', x); end loop;
       for x in select indexrelid::regclass from pg_index where indrelid = 't'::regclass and not indisprimary loop execute 'drop index ' || x; end loop; end $$`,
  );
  await pair.source.client.query(
    `update t set ${set} from unnest($1::int[]) with ordinality p(j, i) join old o on o.id = p.j where t.id = p.i`,
    [permutation],
  );
  await pair.source.client.query('drop table old');
}

const permutation = fc.integer({ min: 2, max: 50 }).chain((n) => {
  const rows = Array.from({ length: n }, (_, i) => i + 1);
  return fc.shuffledSubarray(rows, { minLength: n, maxLength: n });
});

test.each(Object.keys(LAYOUTS))('rows exchange values of %s in any permutation', async (name) => {
  await using pair = await createPair();

  await fc.assert(
    fc.asyncProperty(permutation, fc.constantFrom(1000, 7, 1), async (p, batch) => {
      await permute(pair, name, p);

      const { job, counts } = await runJob(pair, { batch_size: batch });

      expect(job.failure).toBeUndefined();
      expect(job.state).toBe('completed');
      expect(counts).toMatchObject({ read: p.length, quarantined: 0, inserted: 0 });
      expect(counts.updated + counts.unchanged).toBe(p.length);
      expect(await equal(pair)).toEqual({});
    }),
    { numRuns: 3, endOnFailure: true },
  );
});

test('rows exchange values across segments', async () => {
  await using pair = await createPair();
  await permute(pair, 'an integer that is not null', [1, 2]);
  await both(
    pair,
    `truncate t; insert into t select i, i, repeat('x', 20) from generate_series(1, 600000) i; analyze t`,
  );
  await pair.source.client.query('update t set a = 600001 - a where id <= 20 or id > 599980');

  const { job, counts } = await runJob(pair);

  expect(job.state).toBe('completed');
  expect(counts).toMatchObject({ read: 600_000, updated: 40, unchanged: 599_960, quarantined: 0 });
  expect((await pair.target.client.query('select count(*) from t where a <> id')).rows[0].count).toBe('40');
});

test('a shift of every row by one lands without setting a row aside', async () => {
  await using pair = await createPair();
  await both(
    pair,
    'create table t (id int primary key, a int not null unique); insert into t select i, i from generate_series(1, 5000) i',
  );
  await pair.source.client.query('update t set a = -a; update t set a = 1 - a');

  const { job, counts } = await runJob(pair, { batch_size: 100 });

  expect(job.state).toBe('completed');
  expect(counts).toMatchObject({ updated: 5000, quarantined: 0 });
  expect(await equal(pair)).toEqual({});
});

test('parking never deletes: rows that cascade from a parked row stay', async () => {
  await using pair = await createPair();
  await permute(pair, 'an integer that is not null', [2, 1]);
  await pair.target.client.query(
    'create table own (t int primary key references t on delete cascade); insert into own values (1), (2)',
  );

  const { job } = await runJob(pair);

  expect(job.state).toBe('completed');
  expect((await pair.target.client.query('select count(*) from own')).rows[0].count).toBe('2');
});

test('rows of an index that no value can leave are set aside by name, and the rest goes in', async () => {
  await using pair = await createPair();
  await both(
    pair,
    'create table t (id int primary key, a boolean not null, n int); insert into t values (1, true, 1), (2, false, 2), (3, true, 3)',
  );
  await pair.target.client.query('create unique index only_one on t (a) where id < 3');
  await pair.source.client.query('update t set a = not a, n = n + 10');

  const { job, counts } = await runJob(pair);

  expect(job.state).toBe('completed_with_issues');
  expect(counts).toMatchObject({ read: 3, updated: 1, quarantined: 2 });
  expect((await listed(pair)).map((r) => [r.code, r.object])).toEqual([
    ['unique_clash', 'only_one'],
    ['unique_clash', 'only_one'],
  ]);
});

test.each([
  ['mirror', 'completed', { inserted: 1, deleted: 1, kept: 0, quarantined: 0, read: 4 }],
  ['keep', 'completed_with_issues', { inserted: 0, deleted: 0, kept: 1, quarantined: 1, read: 4 }],
] as const)('a value held by a row that only the target has: %s', async (mode, state, expected) => {
  await using pair = await createPair();
  await both(
    pair,
    `create table t (id int primary key, a text not null unique); create table c (t int primary key references t);
     insert into t values (1, 'one'), (2, 'two')`,
  );
  await pair.source.client.query(`insert into t values (3, 'three')`);
  await pair.target.client.query(`insert into t values (9, 'three'); insert into c values (9)`);

  const { job, counts } = await runJob(pair, {
    delete_mode: mode,
    max_delete_percent: 100,
    tables: { exclude: ['public.c'] },
  });

  expect([job.state, counts]).toMatchObject(
    mode === 'mirror' ? ['completed_with_issues', { inserted: 0, quarantined: 2 }] : [state, expected],
  );
  await pair.target.client.query('delete from c');
  const again = await runJob(pair, { delete_mode: mode, max_delete_percent: 100, tables: { exclude: ['public.c'] } });
  expect([again.job.state, again.counts]).toMatchObject([state, expected]);
});
