import { expect, test } from 'vitest';
import { detectionStrategyNames } from '../../lib/change-detector/registry.ts';
import { resumeJob } from '../../lib/orchestrator/resume-job.ts';
import type { Databases, TargetDatabase } from '../../lib/ports.ts';
import { postgresDatabases } from '../../lib/postgres/databases.ts';
import { createPair, type TestPair } from '../support/databases.ts';
import { countsOf, ports, run, runJob } from '../support/in-process.ts';
import { few } from '../support/level.ts';
import { ON_ONE_MACHINE } from '../support/rules.ts';

const both = async (pair: TestPair, sql: string) => {
  for (const db of [pair.source, pair.target]) await db.client.query(sql);
};
const count = async (pair: TestPair, of: string) =>
  Number((await pair.target.client.query(`select count(*) from ${of}`)).rows[0].count);

/** Which version of each row of the baseline is there: equal before and after means that nothing was written. */
const versions = async (pair: TestPair) =>
  (
    await pair.target.client.query(
      `select count(*) || ':' || coalesce(md5(string_agg(ctid::text || xmin, ',' order by ctid)), '') as digest from tf_sync.baseline`,
    )
  ).rows[0].digest as string;

/** Databases whose target commits can be watched, delayed or broken. */
function watched(around: (kind: 'commit' | 'copy', go: () => Promise<void>) => Promise<void>): Databases {
  const real = postgresDatabases({ rules: ON_ONE_MACHINE, version: 'test' });
  return {
    ...real,
    async target(connection, as) {
      const target: TargetDatabase = await real.target(connection, as);
      const { commit, copy } = target;
      target.commit = (chunk) => around('commit', () => commit(chunk));
      target.copy = (chunk, source) => around('copy', () => copy(chunk, source));
      return target;
    },
  };
}

const KEYS = [
  ['int', 'i'],
  ['bigint', '(i - 400) * 1000000007::bigint'],
  ['numeric', 'i + 0.50'],
  ['text collate "C"', `'Pin ' || i`],
  ['uuid', `('00000000-0000-4000-8000-' || lpad(i::text, 12, '0'))::uuid`],
  ['timestamptz', `timestamptz '2024-01-01' + i * interval '7 hours'`],
  ['date', `date '2024-01-01' + i`],
] as const;

/** Among the commits that file equal buckets, that write rows, and that finish a pass. */
const POINTS = [1, 2, 4, 7];

test.each(few(KEYS, 3))(
  'deletes what came by copy, by insert and by adoption, and keeps what did not: %s',
  async (type, key) => {
    await using pair = await createPair();
    const rows = (table: string, from: number, to: number) =>
      `insert into ${table} select ${key}, i % 3, 'v' || i from generate_series(${from}, ${to}) i;`;
    for (const t of ['copied', 'mixed'])
      await both(pair, `create table ${t} (id ${type}, part int, x text, primary key (id, part))`);
    await pair.source.client.query(rows('copied', 1, 600) + rows('mixed', 1, 600));
    await pair.target.client.query(
      `${rows('mixed', 1, 300)} update mixed set x = 'old' where part = 0;${rows('mixed', 401, 500)}${rows('mixed', 801, 820)}`,
    );

    const first = await runJob(pair, { batch_size: 70 });
    await pair.target.client.query(rows('copied', 901, 910)); // somebody else's
    // v4 adopted among others that differ, v450 in a whole bucket, v3 updated, v301 and v302 inserted, v9 and v599 copied
    await pair.source.client.query(
      `delete from mixed where x in ('v4', 'v3', 'v301', 'v302', 'v450'); delete from copied where x in ('v9', 'v599')`,
    );
    const second = await runJob(pair, { batch_size: 70 });
    const third = await runJob(pair);

    expect(first.counts).toMatchObject({ inserted: 800, updated: 100, unchanged: 300, kept: 20, deleted: 0 });
    expect(second.job.failure).toBeUndefined();
    expect(second.job.state).toBe('completed');
    expect(second.counts).toMatchObject({ deleted: 7, kept: 30, unchanged: 1193, inserted: 0, updated: 0 });
    expect(await count(pair, `mixed where x in ('v4', 'v3', 'v301', 'v302', 'v450')`)).toBe(0);
    expect(await count(pair, `copied where x in ('v9', 'v599')`)).toBe(0);
    expect(third.counts).toMatchObject({ deleted: 0, kept: 30, unchanged: 1193 });
  },
);

test.each(detectionStrategyNames)(
  '%s: a quiet second run writes nothing into the baseline',
  async (detection_strategy) => {
    await using pair = await createPair();
    const rest = 'x text, updated_at timestamptz'; // the strategy timestamp wants one
    await both(pair, `create table t (id int primary key, ${rest}); create table u (id text primary key, ${rest})`);
    await pair.source.client.query(
      `insert into t select i, 'v' || i from generate_series(1, 900) i; insert into u select i, 'v' || i from generate_series(1, 900) i`,
    );
    await pair.target.client.query(
      `insert into t select i, 'old' from generate_series(1, 900, 5) i; insert into u values ('mine')`,
    );

    await runJob(pair, { detection_strategy });
    const before = await versions(pair);
    const quiet = await runJob(pair, { detection_strategy });

    expect(before).toMatch(/^[1-9]\d+:/);
    expect(quiet.job.state).toBe('completed');
    expect(quiet.counts).toMatchObject({ inserted: 0, updated: 0, deleted: 0, kept: 1 });
    expect(await versions(pair)).toBe(before);
  },
);

test('is about 14 bytes a row', async () => {
  await using pair = await createPair();
  await both(pair, 'create table t (id int primary key, x text)');
  await pair.source.client.query(`insert into t select i, 'v' from generate_series(1, 40000) i; analyze t`);

  await runJob(pair);

  const { rows } = await pair.target.client.query(`select pg_total_relation_size('tf_sync.baseline') as bytes`);
  expect(Number(rows[0].bytes) / 40_000).toBeLessThan(20);
});

test.each(['copy', 'commit'] as const)(
  'a row that the target gets during %s is not taken for one of the source',
  async (kind) => {
    await using pair = await createPair();
    await both(pair, 'create table t (id int primary key, x text)');
    await pair.source.client.query(`insert into t select i * 10, 'v' from generate_series(1, 400) i; analyze t`);
    if (kind === 'commit')
      await pair.target.client.query(`insert into t select i * 10, 'v' from generate_series(1, 400) i`);
    let once = true;
    const p = {
      ...ports(),
      databases: watched(async (now, go) => {
        if (now === kind && once) {
          once = false;
          await pair.target.client.query(`insert into t values (55, 'mine')`);
        }
        await go();
      }),
    };

    const first = await runJob(pair, {}, {}, p);
    await pair.source.client.query('delete from t where id in (50, 3000)');
    const second = await runJob(pair);

    expect(once).toBe(false);
    expect(first.job.state).toBe('completed');
    // a bucket that is not as it was compared is not filed at all, so its row 50 stays
    expect(second.counts).toMatchObject(kind === 'copy' ? { kept: 1, deleted: 2 } : { kept: 2, deleted: 1 });
    expect(await count(pair, 't where id = 55')).toBe(1);
  },
);

test.each(['before', 'after'] as const)(
  'a worker that dies %s any commit leaves nothing known that is not from the source',
  { timeout: 120_000 },
  async (when) => {
    await using pair = await createPair();
    await both(pair, 'create table t (id int primary key, x text)');
    await pair.source.client.query(`insert into t select i, 'v' || i from generate_series(1, 300) i; analyze t`);
    for (const at of POINTS) {
      await pair.target.client.query(
        `drop schema if exists tf_sync cascade; truncate t; insert into t select i, 'v' || i from generate_series(1, 100) i;
       insert into t select i, 'old' from generate_series(101, 200) i; insert into t select i, 'mine' from generate_series(290, 340) i`,
      );
      let n = 0;
      let died = false;
      const dying = watched(async (_, go) => {
        n += 1;
        if (n !== at) return go();
        died = true;
        if (when === 'after') await go();
        throw new Error('killed');
      });

      await runJob(pair, { batch_size: 40 }, {}, { ...ports(), databases: dying }).catch((e: Error) =>
        expect(e.message).toBe('killed'),
      );
      // what the dead worker left is all that is known: its next run may delete nothing of ours
      const next = await runJob(pair, { batch_size: 40, max_delete_percent: 100 });

      expect(next.job.state).toBe('completed');
      expect(await count(pair, `t where x = 'mine'`)).toBe(40);
      expect(await count(pair, 't where id <= 300')).toBe(300);
      await pair.source.client.query(`delete from t where id in (50, 150, 250)`);
      const last = await runJob(pair, { batch_size: 40 });
      expect([at, died, last.counts.deleted, last.counts.kept]).toEqual([at, true, 3, 40]);
      await pair.source.client.query(`insert into t select i, 'v' || i from unnest(array[50, 150, 250]) i`);
    }
  },
);

test('goes on with what it knows when the table has outgrown its layout', async () => {
  await using pair = await createPair();
  await both(pair, 'create table t (id int primary key, x text)');
  await pair.source.client.query(`insert into t select i, 'v' from generate_series(1, 4000) i; analyze t`);
  await pair.target.client.query(`insert into t values (100000, 'mine')`);
  await runJob(pair);
  const [before] = (await pair.target.client.query('select id from tf_sync.pair_table')).rows;

  await pair.source.client.query(
    `delete from t where id % 100 = 0; insert into t select i, 'v' from generate_series(4001, 21000) i; analyze t`,
  );
  const grown = await runJob(pair);

  expect(grown.job.failure).toBeUndefined();
  expect(grown.counts).toMatchObject({ deleted: 40, kept: 1, inserted: 17_000 });
  const after = (await pair.target.client.query('select id, whole from tf_sync.pair_table')).rows;
  expect(after).toEqual([{ id: expect.not.stringMatching(`^${before.id}$`), whole: 't' }]);
  expect(await count(pair, `tf_sync.baseline where pair_table = ${before.id}`)).toBe(0);
});

test('while rows are in quarantine the layout before is read too, and forgets what was deleted', async () => {
  await using pair = await createPair();
  await pair.source.client.query('create table t (id int primary key, x text)');
  await pair.target.client.query(`create table t (id int primary key, x text check (x <> 'bad'))`);
  await pair.source.client.query(`insert into t select i, 'v' from generate_series(1, 1000) i; analyze t`);
  await runJob(pair);
  await pair.source.client.query(
    `delete from t where id = 500; update t set x = 'bad' where id = 600; insert into t select i, 'v' from generate_series(1001, 9000) i; analyze t`,
  );
  const grown = await runJob(pair);
  const generations = await count(pair, 'tf_sync.pair_table');
  await pair.target.client.query(`insert into t values (500, 'mine')`);
  await pair.source.client.query('delete from t where id = 600');

  const after = await runJob(pair);

  expect(grown.counts).toMatchObject({ deleted: 1, quarantined: 1 });
  expect(generations).toBe(2);
  expect(after.counts).toMatchObject({ deleted: 1, kept: 1, quarantined: 0 });
  expect(await count(pair, 't where id = 500')).toBe(1);
  expect(await count(pair, 'tf_sync.pair_table')).toBe(1);
});

test('keeps its layout while the table grows at its end, and works over several segments', async () => {
  await using pair = await createPair();
  await both(pair, 'create table t (id int primary key, x text)');
  await pair.source.client.query(
    `insert into t select i, 'v' from generate_series(1, 8000) i; analyze t; update pg_class set reltuples = 2000000 where relname = 't'`,
  );
  await runJob(pair);
  const layout = 'select id, layout::text from tf_sync.pair_table';
  const before = (await pair.target.client.query(layout)).rows;

  await pair.source.client.query(
    `delete from t where id % 1000 = 0; insert into t select i, 'v' from generate_series(8001, 8900) i`,
  );
  const second = await runJob(pair);

  expect(JSON.parse(before[0].layout).length).toBeGreaterThan(2);
  expect(second.counts).toMatchObject({ deleted: 8, kept: 0, inserted: 900 });
  expect((await pair.target.client.query(layout)).rows).toEqual(before);
});

test('counts towards max_delete_percent only what it would delete', async () => {
  await using pair = await createPair();
  await both(pair, 'create table t (id int primary key, x text)');
  await pair.source.client.query(`insert into t select i, 'v' from generate_series(1, 2000) i`);
  await runJob(pair);
  await pair.target.client.query(`insert into t select i, 'mine' from generate_series(5001, 7000) i`);
  await pair.source.client.query('delete from t where id <= 150');

  const within = await runJob(pair);
  await pair.source.client.query('delete from t where id <= 1000');
  const dry = await runJob(pair, { dry_run: true, max_delete_percent: 100 });
  const beyond = await runJob(pair);
  const resumed = await resumeJob({ jobId: beyond.job.job_id, actor: 'tester', confirmDeletes: 850 }, beyond.ports);
  const agreed = await run(resumed, beyond.ports);

  expect(within.counts).toMatchObject({ deleted: 150, kept: 2000 });
  expect(dry.counts).toMatchObject({ deleted: 850, kept: 2000 });
  expect(beyond.job.pause).toMatchObject({
    code: 'confirm_required',
    message: expect.stringContaining('850 of 3850 rows'),
  });
  expect(agreed.state).toBe('completed');
  expect(await countsOf(agreed, pair)).toMatchObject({ deleted: 850, kept: 2000 });
});

test('a dry run reads what is known and files nothing', async () => {
  await using pair = await createPair();
  await both(pair, 'create table t (id int primary key, x text)');
  await both(pair, `insert into t select i, 'v' from generate_series(1, 100) i`);

  const unknown = await runJob(pair, { dry_run: true });
  expect(await versions(pair)).toBe('0:');
  expect(await count(pair, 'tf_sync.pair_table')).toBe(0);
  await runJob(pair);
  const filed = await versions(pair);
  await pair.source.client.query('delete from t where id in (7, 8)');
  const dry = await runJob(pair, { dry_run: true });

  expect(unknown.counts).toMatchObject({ unchanged: 100, deleted: 0 });
  expect(dry.counts).toMatchObject({ deleted: 2, kept: 0 });
  expect(await versions(pair)).toBe(filed);
  expect(await count(pair, 't')).toBe(100);
});

test('keep leaves what is known, mirror ends it', async () => {
  await using pair = await createPair();
  await both(pair, 'create table t (id int primary key, x text)');
  await both(pair, `insert into t select i, 'v' from generate_series(1, 100) i`);
  await runJob(pair);
  await pair.source.client.query('delete from t where id = 7');

  const keep = await runJob(pair, { delete_mode: 'keep' });
  const tracked = await runJob(pair);
  await pair.source.client.query('delete from t where id = 8');
  await runJob(pair, { delete_mode: 'mirror' });
  const left = await count(pair, 'tf_sync.baseline');
  await pair.target.client.query(`insert into t values (8, 'mine')`); // a key that the mirror has deleted
  const after = await runJob(pair);

  expect(keep.counts).toMatchObject({ deleted: 0, kept: 1 });
  expect(tracked.counts).toMatchObject({ deleted: 1, kept: 0 });
  expect(left).toBe(0);
  expect(after.counts).toMatchObject({ deleted: 0, kept: 1 });
});

test('forgets keys that left both sides, and deletes it has made', async () => {
  await using pair = await createPair();
  await both(pair, 'create table t (id int primary key, x text)');
  await both(pair, `insert into t select i, 'v' from generate_series(1, 600) i`);
  await pair.target.client.query(
    `insert into t values (31, 'v') on conflict do nothing; insert into t values (6000, 'mine')`,
  );
  await runJob(pair);
  await both(pair, 'delete from t where id between 100 and 200'); // whole buckets, and parts of some
  await pair.source.client.query('delete from t where id = 300');
  await pair.source.client.query(`update t set x = 'w' where id = 201`);
  const first = await runJob(pair);
  await pair.target.client.query(`insert into t select i, 'mine' from unnest(array[100, 101, 150, 199, 200, 300]) i`);

  const second = await runJob(pair);

  expect(first.counts).toMatchObject({ deleted: 1, kept: 1, updated: 1 });
  expect(second.counts).toMatchObject({ deleted: 0, kept: 7 });
});

test('what a filter lets through is known by itself', async () => {
  await using pair = await createPair();
  await both(pair, 'create table t (id int primary key, kind text, x text)');
  await pair.source.client.query(`insert into t select i, 'k' || i % 2, 'v' from generate_series(1, 400) i`);
  const config = { filters: { 'public.t': [{ column: 'kind', op: 'eq' as const, value: 'k1' }] } };
  await runJob(pair, config);
  await pair.target.client.query(`insert into t values (1001, 'k1', 'mine'), (1002, 'k0', 'mine')`);
  await pair.source.client.query('delete from t where id in (11, 12)');

  const filtered = await runJob(pair, config);
  const unfiltered = await runJob(pair);

  expect(filtered.counts).toMatchObject({ deleted: 1, kept: 1 });
  expect(unfiltered.counts).toMatchObject({ deleted: 0, kept: 2, inserted: 199 });
});

test('a table made anew in the target is another one', async () => {
  await using pair = await createPair();
  await both(pair, 'create table t (id int primary key, x text)');
  await pair.source.client.query(`insert into t select i, 'v' from generate_series(1, 100) i`);
  await runJob(pair);
  await pair.target.client.query(
    `drop table t; create table t (id int primary key, x text); insert into t select i, 'mine' from generate_series(1, 100) i`,
  );
  await pair.source.client.query('delete from t where id = 7');

  const { counts } = await runJob(pair);

  expect(counts).toMatchObject({ deleted: 0, kept: 1, updated: 99 });
});

test('columns left out, or strategies taken in turn, make nothing unknown', async () => {
  await using pair = await createPair();
  await both(pair, 'create table t (id int primary key, x text, y text)');
  await pair.source.client.query(`insert into t select i, 'v', 'w' from generate_series(1, 200) i`);
  await runJob(pair, { columns: { 'public.t': { exclude: ['y'] } } });
  await runJob(pair, { detection_strategy: 'primary_key' });
  await pair.source.client.query('delete from t where id in (7, 8)');

  const { job, counts } = await runJob(pair, { detection_strategy: 'content' });

  expect(job.state).toBe('completed');
  expect(counts).toMatchObject({ deleted: 2, kept: 0, updated: 198 });
});

test('a row in quarantine is not known, and rows that others refer to stay', async () => {
  await using pair = await createPair();
  await pair.source.client.query('create table p (id int primary key, x text)');
  await pair.target.client.query(
    `create table p (id int primary key, x text check (x <> 'bad')); create table kept (id int primary key, p int references p on delete cascade)`,
  );
  await pair.source.client.query(
    `insert into p select i, case when i = 5 then 'bad' else 'v' end from generate_series(1, 50) i`,
  );
  await pair.target.client.query(`insert into p values (5, 'mine')`);
  const first = await runJob(pair);
  await pair.target.client.query('insert into kept values (1, 10)');
  await pair.source.client.query('delete from p where id in (5, 10, 11)');

  const second = await runJob(pair);

  expect(first.counts).toMatchObject({ inserted: 49, quarantined: 1 });
  expect(second.job.state).toBe('completed_with_issues');
  expect(second.counts).toMatchObject({ deleted: 1, kept: 1, quarantined: 1 });
  expect(await count(pair, 'p where id in (5, 10)')).toBe(2);
});

test('a row that the source loses while the job runs is in flight, not unexplained', async () => {
  await using pair = await createPair();
  await both(pair, 'create table t (id int primary key, x text)');
  await both(pair, `insert into t select i, 'v' from generate_series(1, 100) i`);
  await pair.target.client.query(`insert into t values (1000, 'mine')`);
  await runJob(pair);
  await pair.source.client.query(`update t set x = 'w' where id = 50`);

  const { job } = await runJob(
    pair,
    { verify: 'all' },
    {
      before: async (pass) => {
        if (pass === 'verify') await pair.source.client.query('delete from t where id = 51');
      },
    },
  );

  expect(job.failure).toBeUndefined();
  expect(job.state).toBe('completed');
});
