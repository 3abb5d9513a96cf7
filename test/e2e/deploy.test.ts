import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { compareDatabases, summary } from '../support/compare.ts';
import { createPair, type TestPair } from '../support/databases.ts';
import { secondVersion } from '../support/second-version.ts';
import { auditEvents, hold, ROOT, startService, until, untilWaiting } from './support.ts';

const TABLES = Array.from({ length: 10 }, (_, i) => `t${i}`);
const ROWS = 300;

/** Ten tables of which the target lacks a third and has a third of another value; it notes which session wrote what. */
async function notedPair(): Promise<TestPair> {
  const pair = await createPair();
  for (const { client } of [pair.source, pair.target])
    for (const t of TABLES) await client.query(`create table ${t} (id int primary key, x text)`);
  await pair.target.client.query(`
    create table writes (tab text, id int, how text, by text default current_setting('application_name'));
    create function note() returns trigger language plpgsql as
      'begin insert into public.writes values (tg_table_name, coalesce(new.id, old.id), tg_op); return null; end'`);
  for (const t of TABLES) {
    await pair.source.client.query(`insert into ${t} select i, 'v' || i from generate_series(1, ${ROWS}) i`);
    await pair.target.client.query(`insert into ${t} select i, 'old' from generate_series(1, ${ROWS}, 3) i;
      insert into ${t} select i, 'v' || i from generate_series(2, ${ROWS}, 3) i;
      create trigger note after insert or update or delete on ${t} for each row execute function note()`);
  }
  return pair;
}

const running = (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }).version;

test('a deploy in the middle of a job: both versions work on it at once, and it ends equal, each row written once', async () => {
  using next = await secondVersion('alter table tf_sync.quiet add column if not exists second int');
  await using pair = await notedPair();
  await using service = await startService();
  const writers = async () => {
    const { rows } = await pair.target.client.query(
      `select distinct substring(by from '^terrafusion-sync/(\\S+)') as v from writes order by 1`,
    );
    return rows.map(({ v }) => v);
  };
  // the first tables hang in the middle of a chunk, each in a worker of the first version
  await using first = await hold(pair.target, 'select from t0 where id = 100 for update');
  await using others = await hold(
    pair.target,
    'select from t1 where id = 100 for update; select from t2 where id = 100 for update',
  );
  const jobId = await service.startFull(pair, { batch_size: 50, max_parallel_tables: 3 });
  for (const t of ['t0', 't1', 't2']) await untilWaiting(pair.target, jobId, new RegExp(`update "public"."${t}"`));
  expect(await writers()).toEqual([running]);

  const { controlUrl } = service.places();
  const deployed = await fetch(`${controlUrl}/_local/deploy?assembly=${encodeURIComponent(next.assembly)}`, {
    method: 'POST',
  });
  expect(await deployed.json()).toMatchObject({
    functions: expect.arrayContaining([expect.stringMatching(/SyncSegment/)]),
  });
  await others.release();
  await until('the second version to write', async () => (await writers()).includes(next.version));
  const { rows: hanging } = await pair.target.client.query(
    `select count(*) as n from pg_stat_activity where datname = current_database() and application_name like $1`,
    [`terrafusion-sync/${running} ${jobId}%`],
  );
  expect(Number(hanging[0].n)).toBeGreaterThan(0); // the first version is still at work
  await first.release();
  const ended = await service.waitForEnd(jobId);

  expect(ended).toMatchObject({ state: 'completed', epoch: 1 });
  const n = TABLES.length;
  expect(ended.counts).toMatchObject({ read: 300 * n, inserted: 100 * n, updated: 100 * n, unchanged: 100 * n });
  expect(await writers()).toEqual([running, next.version].sort());
  const { rows } = await pair.target.client.query(
    'select how, count(*)::int as n, count(distinct (tab, id))::int as rows from writes group by how order by how',
  );
  expect(rows.map((r) => [r.how, Number(r.n), Number(r.rows)])).toEqual([
    ['INSERT', 100 * n, 100 * n],
    ['UPDATE', 100 * n, 100 * n],
  ]);
  const { rows: versions } = await pair.target.client.query(
    'select version, service from tf_sync.schema_version order by version::int',
  );
  expect(versions.at(-1)).toEqual({ version: String(next.schema), service: next.version });
  expect((await auditEvents(service, jobId)).map(({ type }) => type)).toContain('job.completed');
  await pair.target.client.query('drop table writes cascade'); // the source has none
  expect(summary(await compareDatabases(pair.source.client, pair.target.client))).toEqual({});

  // what it cannot do while it runs it refuses, and goes on
  const refused = await fetch(`${controlUrl}/_local/deploy?assembly=/nowhere`, { method: 'POST' });
  expect(refused.status).toBe(409);
  expect((await service.get('/api/sync/health')).status).toBe(200);
});
