import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { startBody, until } from '../../e2e/support.ts';
import { compareDatabases, summary } from '../../support/compare.ts';
import { createPair, type TestPair } from '../../support/databases.ts';
import { Broken } from '../tally.ts';
import { type Order, orderNext } from './orders.ts';
import type { BreakableService } from './service.ts';

/** How large the tables of a job are: `rows` of the source all need a write, `extra` ones of the target must go. */
export interface Size {
  readonly tables: number;
  readonly rows: number;
  readonly extra: number;
  readonly batch: number;
}

/** Writes down each row that the service changes, as its session is named. */
const COUNTER = `
  create table writes (t text, id int, how text, at timestamptz default clock_timestamp());
  create function note_write() returns trigger language plpgsql as $$ begin
    if pg_catalog.current_setting('application_name') like 'terrafusion%' then
      insert into public.writes values (tg_table_name, coalesce(new.id, old.id), tg_op);
    end if; return null; end $$`;

/**
 * A pair in which the target has every third row of the source, with another value if `stale`, and some that must go; the
 * others are missing there.
 */
export async function pairFor({ tables, rows, extra }: Size, stale = true): Promise<TestPair> {
  const pair = await createPair();
  await pair.target.client.query(COUNTER);
  for (let t = 0; t < tables; t++) {
    for (const { client } of [pair.source, pair.target])
      await client.query(`create table t${t} (id int primary key, x text)`);
    await pair.source.client.query(`insert into t${t} select i, 'v' || i from generate_series(1, ${rows}) i`);
    await pair.target.client.query(`
      insert into t${t} select i, ${stale ? `'old'` : `'v' || i`} from generate_series(1, ${rows}, 3) i;
      insert into t${t} select i, 'extra' from generate_series(${rows + 1}, ${rows + extra}) i;
      create trigger note_write after insert or update or delete on t${t} for each row execute function note_write()`);
  }
  return pair;
}

/** Starts a job whose processes get these orders. Jobs are started one after another. */
export async function startOrdered(
  service: BreakableService,
  pair: TestPair,
  { batch, tables }: Size,
  orders: readonly Order[],
  config: object = {},
): Promise<string> {
  orderNext(service.orders, orders);
  const own = {
    batch_size: batch,
    max_parallel_tables: tables,
    delete_mode: 'mirror',
    max_delete_percent: 100,
  } as const;
  const jobId = await started(service, startBody(pair, { ...own, ...config }));
  await until('the job to take its orders', () => existsSync(join(service.orders, jobId)), 180_000);
  return jobId;
}

/** Asks until it is told the job's id, as somebody would whose call was not answered: the job may be there already. */
function started(service: BreakableService, body: object): Promise<string> {
  return until(
    'the job to be started',
    async () => {
      const answer = await service.post('/api/sync/full', body);
      if (answer.status === 202) return answer.body.job_id;
      const [holder] = /[0-9a-f]{8}-[0-9a-f-]{27}/.exec(answer.body.detail ?? '') ?? [];
      if (answer.body.code === 'target_busy' && holder) return holder;
      if (answer.status < 500) throw new Error(`the start answered ${JSON.stringify(answer)}`);
      return undefined;
    },
    60_000,
    500,
  );
}

/** Throws `Broken` unless the job has ended well, each row was written exactly once, and both sides are equal. */
export async function judge(
  service: BreakableService,
  pair: TestPair,
  { size, stale = true }: { readonly size: Size; readonly stale?: boolean | undefined },
  jobId: string,
): Promise<void> {
  const { state, failure, pause, counts } = await service.status(jobId);
  if (state !== 'completed')
    throw new Broken('wrongEnds', `${jobId} is ${state}: ${JSON.stringify([failure, pause, counts])}`);
  const { rows: twice } = await pair.target.client.query(
    'select t, id, string_agg(how, $1) how from writes group by t, id having count(*) > 1 order by 1, 2 limit 5',
    [' '],
  );
  if (twice.length > 0) throw new Broken('duplicated', `${jobId} wrote rows twice: ${JSON.stringify(twice)}`);
  const { rows } = await pair.target.client.query('select how, count(*) from writes group by how order by how');
  const third = Math.ceil(size.rows / 3);
  const wanted = { DELETE: size.extra, INSERT: size.rows - third, UPDATE: stale ? third : 0 };
  const found = { DELETE: 0, INSERT: 0, UPDATE: 0 };
  for (const r of rows) found[r.how as keyof typeof found] = Number(r.count) / size.tables; // what a trigger fires for
  if (JSON.stringify(found) !== JSON.stringify(wanted))
    throw new Broken('lost', `${jobId} wrote ${JSON.stringify(found)} a table, wanted ${JSON.stringify(wanted)}`);
  const told = [counts.deleted, counts.inserted, counts.updated].map((n) => n / size.tables);
  if (told.join() !== Object.values(wanted).join())
    throw new Broken('wrongEnds', `${jobId} tells of ${JSON.stringify(counts)}`);
  await pair.target.client.query('drop table writes cascade'); // the source has none
  const differ = summary(await compareDatabases(pair.source.client, pair.target.client));
  if (Object.keys(differ).length > 0) throw new Broken('lost', `${jobId} left ${JSON.stringify(differ)}`);
}
