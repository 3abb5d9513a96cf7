import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareDatabases, summary } from '../../support/compare.ts';
import { createPair, type TestPair } from '../../support/databases.ts';
import { runJob } from '../../support/in-process.ts';

const both = async (pair: TestPair, sql: string) => {
  for (const db of [pair.source, pair.target]) await db.client.query(sql);
};
const equal = async (pair: TestPair) => summary(await compareDatabases(pair.source.client, pair.target.client));
const listed = async (pair: TestPair) =>
  (await pair.target.client.query('select key, code, object from tf_sync.quarantine order by table_no, key')).rows;
const number = async (pair: TestPair, sql: string) => (await pair.target.client.query(sql)).rows[0].count;

interface Reference {
  readonly child: number;
  readonly parent: number;
  readonly nullable: boolean;
}

/** Whether references that must not be NULL form a cycle; such a graph cannot be filled at all. */
function strictCycle(references: readonly Reference[]): boolean {
  let rest = references.filter((r) => !r.nullable);
  for (;;) {
    const leaves = rest.filter((r) => rest.some((o) => o.child === r.parent));
    if (leaves.length === rest.length) return rest.length > 0;
    rest = leaves;
  }
}

const graph = fc
  .record({
    tables: fc.integer({ min: 2, max: 6 }),
    rows: fc.integer({ min: 1, max: 40 }),
    references: fc.array(fc.record({ child: fc.nat(5), parent: fc.nat(5), nullable: fc.boolean() }), {
      minLength: 2,
      maxLength: 9,
    }),
  })
  .map(({ tables, rows, references }) => ({
    tables,
    rows,
    references: references.map((r) => ({ ...r, child: r.child % tables, parent: r.parent % tables })),
  }))
  .filter(({ references }) => !strictCycle(references));

/** Tables t0..., each row referring to a row of any place by each foreign key; a cycle's keys are NULL in every fifth row. */
async function fill(pair: TestPair, g: { tables: number; rows: number; references: readonly Reference[] }) {
  const create = Array.from({ length: g.tables }, (_, i) => {
    const own = g.references.flatMap((r, n) => (r.child === i ? `, r${n} int ${r.nullable ? '' : 'not null'}` : []));
    return `create table t${i} (id int primary key, note text${own.join('')});`;
  });
  const keys = g.references.map(
    (r, n) => `alter table t${r.child} add constraint f${n} foreign key (r${n}) references t${r.parent};`,
  );
  const drop = Array.from({ length: 6 }, (_, i) => `drop table if exists t${i} cascade;`).join('');
  await both(pair, `drop schema if exists tf_sync cascade; ${drop} ${create.join('')}`);
  for (let i = 0; i < g.tables; i++) {
    const values = g.references.flatMap((r, n) => {
      if (r.child !== i) return [];
      const to = `1 + (i * ${n + 3} + ${n}) % ${g.rows}`;
      return r.nullable ? `, case when i % 5 > 0 then ${to} end` : `, ${to}`;
    });
    await pair.source.client.query(
      `insert into t${i} select i, 'n' || i${values.join('')} from generate_series(1, ${g.rows}) i`,
    );
  }
  await both(pair, keys.join(''));
}

test('any graph of foreign keys with cycles loads into an empty target, its triggers in force', async () => {
  await using pair = await createPair();
  let cyclic = 0;

  await fc.assert(
    fc.asyncProperty(graph, fc.constantFrom(1000, 5), async (g, batch) => {
      await fill(pair, g);
      if (strictCycle(g.references.map((r) => ({ ...r, nullable: false })))) cyclic += 1;

      const { job, counts } = await runJob(pair, { batch_size: batch });

      expect(job.failure).toBeUndefined();
      expect(job.state).toBe('completed');
      expect(counts).toMatchObject({
        read: g.tables * g.rows,
        inserted: g.tables * g.rows,
        updated: 0,
        quarantined: 0,
      });
      expect(await equal(pair)).toEqual({});
    }),
    { numRuns: 12, endOnFailure: true },
  );

  expect(cyclic).toBeGreaterThan(3);
});

const RING = `create table a (id int primary key, b int); create table b (id int primary key, a int not null references a);
  alter table a add foreign key (b) references b`;

test('an existing ring follows the source when its references move to new rows', async () => {
  await using pair = await createPair();
  await both(
    pair,
    `${RING}; insert into a select i, null from generate_series(1, 30) i; insert into b select i, i from generate_series(1, 30) i; update a set b = id`,
  );
  await pair.source.client.query(
    'insert into a select i, null from generate_series(31, 40) i; insert into b select i, i from generate_series(31, 40) i; update a set b = 41 - id where id <= 40',
  );

  const { job, counts } = await runJob(pair, { batch_size: 8 });

  expect(job.failure).toBeUndefined();
  expect(job.state).toBe('completed');
  expect(counts).toMatchObject({ read: 80, inserted: 20, updated: 30, unchanged: 30, quarantined: 0 });
  expect(await equal(pair)).toEqual({});
  expect((await runJob(pair)).counts).toMatchObject({ read: 80, unchanged: 80 });
});

test('rows may refer to any later row of their own table, in other segments too', async () => {
  await using pair = await createPair();
  await both(pair, 'create table t (id int primary key, up int references t)');
  await both(pair, 'insert into t values (45000, null)'); // a row that is there keeps COPY from taking them all at once
  await pair.source.client.query('insert into t select i, 45001 - i from generate_series(1, 44999) i');

  const { job, counts } = await runJob(pair);

  expect(job.failure).toBeUndefined();
  expect(job.state).toBe('completed');
  expect(counts).toMatchObject({ read: 45_000, inserted: 44_999, quarantined: 0 });
  expect(await equal(pair)).toEqual({});
});

test('a row of its own table whose parent is refused is set aside, and the run ends', async () => {
  await using pair = await createPair();
  await pair.source.client.query('create table t (id int primary key, up int not null references t)');
  await pair.target.client.query('create table t (id int primary key check (id <> 7), up int not null references t)');
  await pair.source.client.query(
    'insert into t select i, i from generate_series(1, 50) i; update t set up = 7 where id = 3',
  );

  const { job, counts } = await runJob(pair, { batch_size: 10 });

  expect(job.state).toBe('completed_with_issues');
  expect(counts).toMatchObject({ read: 50, inserted: 48, quarantined: 2 });
  expect((await listed(pair)).map((r) => [r.key, r.code])).toEqual([
    ['{3}', 'fk_missing'],
    ['{7}', 'check_failed'],
  ]);
});

test.each([
  ['no action', ''],
  ['restrict', 'on delete restrict'],
  ['cascade', 'on delete cascade'],
  ['set null', 'on delete set null'],
  ['set default', 'on delete set default'],
])('a row that kept rows refer to is not deleted: %s', async (_, action) => {
  await using pair = await createPair();
  await both(pair, 'create table p (id int primary key, note text); insert into p values (1, null)');
  await pair.target.client.query(
    `insert into p select i, 'extra' from generate_series(2, 60) i;
     create table kept (id int primary key, p int default null references p ${action}); insert into kept values (1, 30), (2, 31)`,
  );

  const { job, counts } = await runJob(pair, { delete_mode: 'mirror', max_delete_percent: 100, batch_size: 20 });

  expect(job.failure).toBeUndefined();
  expect(job.state).toBe('completed_with_issues');
  expect(counts).toMatchObject({ read: 60, unchanged: 1, deleted: 57, kept: 0, quarantined: 2 });
  expect(await listed(pair)).toEqual([
    { key: '{30}', code: 'still_referenced', object: 'kept_p_fkey' },
    { key: '{31}', code: 'still_referenced', object: 'kept_p_fkey' },
  ]);
  expect(await number(pair, 'select count(*) from kept where p is not null')).toBe('2');
});

test('with triggers suppressed a delete leaves no kept row without its parent', async () => {
  await using pair = await createPair();
  await both(pair, 'create table p (id int primary key); insert into p values (1)');
  await pair.target.client.query(
    'insert into p values (2), (3); create table kept (id int primary key, p int references p); insert into kept values (1, 2)',
  );

  const { job, counts } = await runJob(pair, { delete_mode: 'mirror', triggers: 'suppress' });

  expect(job.state).toBe('completed_with_issues');
  expect(counts).toMatchObject({ deleted: 1, quarantined: 1 });
  expect(await number(pair, 'select count(*) from p where id = 2')).toBe('1');
});

test('a cascade to rows that go too is no obstacle, nor is a tree within one table', async () => {
  await using pair = await createPair();
  await both(
    pair,
    `create table p (id int primary key, up int references p on delete cascade);
     create table c (id int primary key, p int not null references p on delete cascade); insert into p values (1, null); insert into c values (1, 1)`,
  );
  await pair.target.client.query(
    'insert into p select i, i - 1 from generate_series(2, 80) i; insert into c select i, i from generate_series(2, 80) i',
  );

  const { job, counts } = await runJob(pair, { delete_mode: 'mirror', max_delete_percent: 100, batch_size: 9 });

  expect(job.failure).toBeUndefined();
  expect(job.state).toBe('completed');
  expect(counts).toMatchObject({ deleted: 158, quarantined: 0, unchanged: 2, read: 160 });
  expect(await equal(pair)).toEqual({});
});
