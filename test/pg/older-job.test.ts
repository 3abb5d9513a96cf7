import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { PASSES } from '../../lib/model/job.ts';
import { passInput, segmentMessage, tableInput } from '../../lib/model/message.ts';
import { runSegment } from '../../lib/orchestrator/run-segment.ts';
import { settleJob } from '../../lib/orchestrator/settle-job.ts';
import { planPass, settleTable } from '../../lib/orchestrator/table-steps.ts';
import { MIGRATIONS } from '../../lib/postgres/migrations.ts';
import { memoryConflictStore } from '../contract/memory.ts';
import { createPair, type TestPair } from '../support/databases.ts';
import { type Ports, ports, segmentsFor } from '../support/in-process.ts';

const read = (name: string) => readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8');

/**
 * A job as commit e21accc has left it, in the middle of its work: one of two tables half compared, version 3 of the tables, its item of
 * DynamoDB, its messages, and the output of Prepare. Written by that commit's own code; only names of databases are put in anew.
 */
const OLDER = JSON.parse(read('older-job.json'));

async function restore(pair: TestPair, p: Ports) {
  const { source, target } = pair;
  for (const { client } of [source, target]) await client.query(OLDER.tables);
  await source.client.query(OLDER.source);
  const fill = (table: string, rows: unknown) =>
    target.client.query(`insert into ${table} select * from json_populate_recordset(null::${table}, $1)`, [
      JSON.stringify(rows),
    ]);
  await fill('a', OLDER.target_a);
  await target.client.query(read('control-schema/v3.sql'));
  const { job: row, ...rest } = OLDER.tf_sync;
  await fill('tf_sync.job', row);
  for (const [table, rows] of Object.entries(rest)) await fill(`tf_sync.${table}`, rows);
  await target.client.query(`select setval('tf_sync.generation', $1)`, [OLDER.generation]);
  const at = async ({ connection }: TestPair['source'], before: object) => {
    const { client } = connection.database === target.name ? target : source;
    const { rows } =
      await client.query(`select (select system_identifier from pg_control_system())::text as system_identifier,
      (select oid from pg_database where datname = current_database())::text as database_oid`);
    const { host, port, database, user } = connection;
    return { ...before, ...rows[0], host, port, database, user };
  };
  const job = { ...OLDER.job, source: await at(source, OLDER.job.source), target: await at(target, OLDER.job.target) };
  await p.secrets.put(OLDER.job.secret_ref, { source: source.connection, target: target.connection });
  await p.jobs.create(job);
  await p.jobs.putTables(OLDER.job_tables);
}

test('a job that an earlier version has left in the middle of its work is ended by this one', async () => {
  await using pair = await createPair();
  const p = { ...ports(), conflicts: memoryConflictStore() };
  await restore(pair, p);
  const { client } = pair.target;
  await client.query(`create table writes (id int, tab text);
    create function note() returns trigger language plpgsql as
      'begin insert into public.writes values (new.id, tg_table_name); return null; end';
    create trigger note after insert or update on a for each row execute function note();
    create trigger note after insert or update on b for each row execute function note()`);
  const before = Number((await client.query('select count(*) as n from a')).rows[0].n);

  const input = { job_id: OLDER.job.job_id, epoch: OLDER.job.epoch };
  const work = (message: object) =>
    runSegment(segmentMessage.parse(message), {
      ...p,
      owner: randomUUID(),
      remainingMs: () => 900_000,
      wait: async () => undefined,
    });
  for (const pass of PASSES) {
    const { levels } = pass === 'apply' ? OLDER.plan.next : await planPass(passInput.parse({ ...input, pass }), p);
    for (const table of levels.flat()) {
      const at = tableInput.parse({ ...input, table, pass });
      if (pass === 'apply')
        for (const m of OLDER.messages.filter((m: { table: number }) => m.table === table)) await work(m);
      for (const segment of await segmentsFor(at, p)) await work({ v: 1, ...at, segment, task_token: 'none' });
      await settleTable(at, p);
    }
  }
  await settleJob(input, p);

  const ended = await p.jobs.get(OLDER.job.job_id);
  expect(ended).toMatchObject({ state: 'completed_with_issues', epoch: 1, open_conflicts: 134 });
  // what the older code had queued stays queued once; every other row is there, written once
  const { rows } = await client.query(`select count(*) as n, count(distinct (tab, id)) as ids from writes`);
  expect(rows).toEqual([{ n: String(800 + 1 - before), ids: String(800 + 1 - before) }]);
  const { rows: conflicts } = await client.query(
    `select count(*) as n from tf_sync.conflict where state = 'open' and table_name = 'a'`,
  );
  expect(conflicts).toEqual([{ n: '134' }]);
  const { rows: kept } = await client.query(
    `select count(*) filter (where x = 'old') as old, count(*) filter (where x = 'v' || id) as new, count(*) as n from a`,
  );
  expect(kept).toEqual([{ old: '134', new: '266', n: '401' }]);
  const { rows: version } = await client.query('select max(version) as v from tf_sync.schema_version');
  expect(version).toEqual([{ v: String(MIGRATIONS.at(-1)?.version) }]);
});
