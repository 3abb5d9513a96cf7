import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Change } from '../../lib/model/change.ts';
import type { JobConfig } from '../../lib/model/config.ts';
import { PASSES, type Pass } from '../../lib/model/job.ts';
import type { Segment } from '../../lib/model/table.ts';
import { prepareJob } from '../../lib/orchestrator/prepare-job.ts';
import { runSegment } from '../../lib/orchestrator/run-segment.ts';
import { settleJob } from '../../lib/orchestrator/settle-job.ts';
import { applyCopies, keylessReader } from '../../lib/postgres/keyless.ts';
import { openSession } from '../../lib/postgres/session.ts';
import { compareDatabases, rowVersions, summary } from '../support/compare.ts';
import { createPair, type TestPair } from '../support/databases.ts';
import { type Ports, ports, runJob, start } from '../support/in-process.ts';
import { layoutOf, portsWith } from '../support/planned.ts';
import { ON_ONE_MACHINE } from '../support/rules.ts';

const MIRROR: Partial<JobConfig> = { detection_strategy: 'content', delete_mode: 'mirror', max_delete_percent: 100 };

async function both(pair: TestPair, sql: string) {
  for (const db of [pair.source, pair.target]) await db.client.query(sql);
}

/** How often each row is there, as `row:copies`. */
async function copies(pair: TestPair, side: 'source' | 'target', table = 't'): Promise<readonly string[]> {
  const { rows } = await pair[side].client.query(
    `select x::text || ':' || count(*) as row from ${table} x group by x::text order by 1`,
  );
  return rows.map((r) => r.row);
}

test('copies are made as many as the source has, and surplus ones go', async () => {
  await using pair = await createPair();
  await both(pair, 'create table t (a int, b text)');
  await pair.source.client.query(
    `insert into t select 1, 'x' from generate_series(1, 3); insert into t select 2, 'y' from generate_series(1, 5);
     insert into t values (null, null), (null, null), (3, ''), (3, null), (4, 'only here'), (5, 'same'), (5, 'same')`,
  );
  await pair.target.client.query(
    `insert into t select 1, 'x' from generate_series(1, 5); insert into t select 2, 'y' from generate_series(1, 3);
     insert into t values (null, null), (5, 'same'), (5, 'same'), (6, 'only there'), (null, ''), (null, '')`,
  );

  const { job, counts } = await runJob(pair, { ...MIRROR, batch_size: 2 });

  expect(job.failure).toBeUndefined();
  expect(job.state).toBe('completed');
  expect(await copies(pair, 'target')).toEqual(await copies(pair, 'source'));
  expect(counts).toMatchObject({ inserted: 6, deleted: 5, updated: 0, unchanged: 9, kept: 0 });
});

test('surplus copies are kept and counted unless the mode is mirror', async () => {
  await using pair = await createPair();
  await both(pair, 'create table t (a int)');
  await pair.source.client.query('insert into t values (1), (1), (2)');
  await pair.target.client.query('insert into t values (1), (1), (1), (9)');

  const { job, counts } = await runJob(pair, { detection_strategy: 'content' });

  expect(job.state).toBe('completed');
  expect(counts).toMatchObject({ inserted: 1, deleted: 0, kept: 2, unchanged: 2 });
  expect(await copies(pair, 'target')).toEqual(['(1):3', '(2):1', '(9):1']);
});

test('a second run writes nothing', async () => {
  await using pair = await createPair();
  await both(pair, 'create table t (a int, b numeric)');
  await pair.source.client.query('insert into t select i % 50, i % 3 from generate_series(1, 1000) i');

  await runJob(pair, MIRROR);
  const before = await rowVersions(pair.target.client);
  const { counts } = await runJob(pair, MIRROR);

  expect(counts).toMatchObject({ inserted: 0, deleted: 0, unchanged: 1000 });
  expect((await rowVersions(pair.target.client))['public.t']).toEqual(before['public.t']);
});

describe.each([
  ['only json columns', 'j json, k jsonb', `('{"a": 1, "b": [2, null]}', '{"b": 1, "a": 2}')`, `('{"a":2}', '1')`],
  ['arrays and NULL', 'a int[], b text', `('{1,NULL}', null)`, `(null, '{}')`],
  ['numbers that have several texts', 'n numeric, f float8', `(1.50, '-0')`, `(1.5000, '0')`],
  ['a generated column', 'a int, b int generated always as (a + 1) stored', '(1, default)', '(2, default)'],
  ['an identity column', 'a int generated always as identity, b text', `(default, 'x')`, `(default, 'y')`],
] as const)('a table of %s', (_, columns, row, other) => {
  test('is copied row by row', async () => {
    await using pair = await createPair();
    await both(pair, `create table t (${columns})`);
    await pair.source.client.query(`insert into t values ${row}, ${row}, ${other}`);
    await pair.target.client.query(`insert into t values ${other}`); // so that rows are not piped through
    const { job } = await runJob(pair, MIRROR);

    expect(job.failure).toBeUndefined();
    expect(job.state).toBe('completed');
    expect(summary(await compareDatabases(pair.source.client, pair.target.client))).toEqual({});
  });
});

test('copies in different partitions are told apart by their table, too', async () => {
  await using pair = await createPair();
  const ddl = `create table t (a int, b text) partition by list (a);
    create table t1 partition of t for values in (1); create table t2 partition of t for values in (2)`;
  await both(pair, ddl);
  await pair.source.client.query(`insert into t values (1, 'x'), (2, 'x')`);
  // the same places (ctid) are taken in both partitions
  await pair.target.client.query(`insert into t select 1 + i % 2, 'x' from generate_series(1, 20) i`);

  const { job, counts } = await runJob(pair, MIRROR);

  expect(job.state).toBe('completed');
  expect(counts.deleted).toBe(18);
  expect(await copies(pair, 'target')).toEqual(['(1,x):1', '(2,x):1']);
});

test('shares of the hash hold every row once', async () => {
  await using pair = await createPair();
  await both(pair, 'create table t (a int, b text)');
  await pair.source.client.query(
    `insert into t select i % 700, 'r' || i % 700 from generate_series(1, 3000) i; analyze t`,
  );
  await pair.target.client.query(
    `insert into t select i % 900, 'r' || i % 900 from generate_series(1, 3000) i; analyze t`,
  );

  const { job } = await runJob(pair, MIRROR, {}, portsWith({ rangeRows: 500, shareRows: 500 }));

  expect(job.state).toBe('completed');
  expect(await copies(pair, 'target')).toEqual(await copies(pair, 'source'));
});

test('copies that somebody adds or removes while the job runs are counted again before the job writes', async () => {
  await using pair = await createPair();
  await both(pair, 'create table t (a int)');
  await pair.source.client.query('insert into t select i % 5 from generate_series(1, 50) i');
  await pair.target.client.query('insert into t select i % 7 from generate_series(1, 50) i');

  const { job } = await runJob(
    pair,
    { ...MIRROR, verify: 'all' },
    {
      before: async (pass) => {
        if (pass === 'delete')
          await pair.target.client.query(
            `insert into t values (6), (6); delete from t where ctid in (select ctid from t where a = 5 limit 1)`,
          );
        if (pass === 'verify') await pair.source.client.query('insert into t values (3), (3)');
      },
    },
  );

  expect(job.failure).toBeUndefined();
  expect(await copies(pair, 'target')).toEqual(await copies(pair, 'source'));
});

test('what others do to the target after the job wrote blocks completed', async () => {
  await using pair = await createPair();
  await both(pair, 'create table t (a int)');
  await pair.source.client.query('insert into t select i % 5 from generate_series(1, 50) i');

  const { job } = await runJob(pair, MIRROR, {
    before: async (pass) => {
      if (pass === 'verify') await pair.target.client.query('delete from t where ctid in (select ctid from t limit 1)');
    },
  });

  expect(job.failure?.code).toBe('verification_failed');
});

test('a unique value that a surplus row holds is free when the missing row is looked at again', async () => {
  await using pair = await createPair();
  await both(pair, 'create table t (a int unique, b text)');
  await pair.source.client.query(`insert into t values (1, 'new'), (null, 'n'), (null, 'n')`);
  await pair.target.client.query(`insert into t values (1, 'old'), (null, 'n')`);

  const { job, counts } = await runJob(pair, MIRROR);

  expect(job.failure).toBeUndefined();
  expect(job.state).toBe('completed');
  expect(counts).toMatchObject({ inserted: 2, deleted: 1, quarantined: 0 });
  expect(await copies(pair, 'target')).toEqual(await copies(pair, 'source'));
});

test('keys in samples and in quarantine hold no value of a row', async () => {
  await using pair = await createPair();
  await both(pair, 'create table t (owner text)');
  await pair.target.client.query(`alter table t add check (owner <> 'Jane Roe'); insert into t values ('x')`);
  await pair.source.client.query(`insert into t values ('Jane Roe'), ('x')`);

  const { job } = await runJob(pair, { detection_strategy: 'content' });

  expect(job.state).toBe('completed_with_issues');
  const { rows } = await pair.target.client.query('select key::text, code from tf_sync.quarantine');
  expect(rows).toEqual([{ key: expect.stringMatching(/^\{[0-9a-f]{64},1\}$/), code: 'check_failed' }]);
});

test('other strategies refuse a table without a key and name both ways out', async () => {
  await using pair = await createPair();
  await both(pair, 'create table t (a int)');

  for (const strategy of ['hash', 'primary_key'])
    await expect(start(pair, { detection_strategy: strategy })).rejects.toMatchObject({
      problems: [{ code: 'no_key', object: 'public.t', hint: expect.stringMatching(/key_columns.*"content"/) }],
    });
});

test('tolerances of a table without a key are refused', async () => {
  await using pair = await createPair();
  await both(pair, 'create table t (a float8)');

  await expect(start(pair, { ...MIRROR, tolerances: { 'public.t.a': 0.1 } })).rejects.toMatchObject({
    problems: [{ code: 'no_key', message: expect.stringContaining('tolerances') }],
  });
});

test('a delete that would cascade to rows that stay is put aside', async () => {
  await using pair = await createPair();
  await both(pair, 'create table t (a int unique, b text)');
  await pair.target.client.query(`create table child (id int primary key, a int references t (a) on delete cascade);
    insert into t values (1, 'kept'), (2, 'gone'), (null, 'gone'); insert into child values (10, 1)`);

  const { job, counts } = await runJob(pair, MIRROR);

  expect(job.state).toBe('completed_with_issues');
  expect(counts).toMatchObject({ deleted: 2, quarantined: 1 });
  expect((await pair.target.client.query('select count(*) from child')).rows[0].count).toBe('1');
});

describe.each(['apply', 'delete'] as const)('a worker that dies in the %s pass', (inPass) => {
  test.each([
    ['before', 1],
    ['before', 3],
    ['after', 1],
    ['after', 3],
  ] as const)('%s commit %i: no copy too many, none too few', async (when, at) => {
    await using pair = await createPair();
    await both(pair, 'create table t (a int, b text)');
    await pair.source.client.query(`insert into t select i % 4, 'x' from generate_series(1, 40) i`);
    await pair.target.client.query(`insert into t select 3 + i % 4, 'x' from generate_series(1, 40) i`);
    const p = ports();
    const job = await start(pair, { ...MIRROR, batch_size: 4 }, p);
    const input = { job_id: job.job_id, epoch: job.epoch };
    await prepareJob(input, p);
    let commits = 0;
    const dying: Ports['databases'] = {
      ...p.databases,
      async target(connection, as) {
        const target = await p.databases.target(connection, as);
        const commit = target.commit;
        target.commit = async (chunk) => {
          commits += 1;
          if (when === 'after' || commits !== at) await commit(chunk);
          if (commits === at) throw new Error('killed');
        };
        return target;
      },
    };
    const deliver = (pass: Pass, databases: Ports['databases']) =>
      runSegment(
        { v: 1, ...input, table: 0, pass, segment: 0, task_token: 'none' },
        { ...p, databases, owner: randomUUID(), remainingMs: () => 900_000, wait: async () => undefined },
      );

    for (const pass of PASSES) {
      if (pass === inPass) await expect(deliver(pass, dying)).rejects.toThrow('killed');
      await Promise.all([deliver(pass, p.databases), deliver(pass, p.databases)]); // and delivered twice at once
      await deliver(pass, p.databases);
    }
    await settleJob(input, p);

    const ended = await p.jobs.get(job.job_id);
    expect(ended?.failure).toBeUndefined();
    expect(ended?.state).toBe('completed');
    expect(await copies(pair, 'target')).toEqual(await copies(pair, 'source'));
    const { rows } = await pair.target.client.query('select counts from tf_sync.checkpoint');
    const sum = (key: string) => rows.reduce((n, r) => n + (JSON.parse(r.counts)[key] ?? 0), 0);
    expect([sum('inserted'), sum('deleted'), sum('unchanged'), sum('kept')]).toEqual([30, 30, 10, 0]);
  });
});

describe('a chunk that was decided on other numbers of copies than there are now', () => {
  /** A target with three copies of one row and a reader, writer and digest for it. */
  async function withCopies(
    work: (apply: (changes: readonly Change[]) => Promise<unknown>, digest: string) => Promise<void>,
  ) {
    await using pair = await createPair();
    await both(pair, 'create table t (a int); insert into t values (1), (1), (1)');
    const { plan, segments } = await layoutOf(
      pair,
      { detection_strategy: 'content' },
      { rangeRows: 100, shareRows: 100 },
    );
    const session = await openSession(pair.target.connection, {
      side: 'target',
      applicationName: 'test',
      rules: ON_ONE_MACHINE,
      statementTimeoutMs: 0,
    });
    try {
      const [row] = await keylessReader(session, plan, segments[0] as Segment).read([[0, 255]]);
      await work((changes) => session.transaction(() => applyCopies(session, plan, changes)), row?.key[0] ?? '');
      expect(row?.copies).toBe(3);
    } finally {
      await session.end();
    }
  }

  const insert = (digest: string, n: number): Change => ({
    kind: 'insert',
    row: { key: [digest, String(n)], fingerprint: digest, values: ['1'] },
  });
  const remove = (digest: string, n: number): Change => ({
    kind: 'delete',
    key: [digest, String(n)],
    expected: digest,
  });

  test('deletes none when others have removed copies', async () => {
    await withCopies(async (apply, digest) => {
      await expect(apply([remove(digest, 5), remove(digest, 4)])).rejects.toMatchObject({ code: 'target_moving' });
      await expect(apply([remove(digest, 3), remove(digest, 2)])).resolves.toMatchObject({ deleted: 2 });
    });
  });

  test('inserts none when others have added copies', async () => {
    await withCopies(async (apply, digest) => {
      await expect(apply([insert(digest, 3)])).rejects.toMatchObject({ code: 'target_moving' });
      await expect(apply([insert(digest, 4), insert(digest, 5)])).resolves.toMatchObject({ inserted: 2 });
    });
  });
});
