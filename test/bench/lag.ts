import { setTimeout as pause } from 'node:timers/promises';
import { BANK, bankRows, startWriters, WRITES_SEEN, WRITTEN_TWICE } from '../support/writers.ts';
import type { Cluster } from './cluster.ts';
import { hasApplied, startFollowing } from './following.ts';
import type { LocalService } from './local-service.ts';
import { table } from './report.ts';

const SOURCE = 'lag_source';
const TARGET = 'lag_target';

/** The target is asked so often which entries have come: the error of each figure. */
const ASK_MS = 25;

interface Options {
  readonly seconds: number;
  readonly connections: number;
  readonly everyMs: number;
  readonly accounts: number;
  readonly say: (line: string) => void;
}

async function prepare(cluster: Cluster, accounts: number): Promise<void> {
  await cluster.use('postgres', (admin) =>
    admin.query(
      'select pg_drop_replication_slot(slot_name) from pg_replication_slots where database = $1 and not active',
      [SOURCE],
    ),
  );
  for (const name of [SOURCE, TARGET]) {
    await cluster.drop(name);
    await cluster.use('postgres', (admin) => admin.query(`create database ${name} template template0`));
    await cluster.use(name, (client) => client.query(BANK));
  }
  await cluster.use(SOURCE, (client) => client.query(`create table probe (id int primary key); ${bankRows(accounts)}`));
  await cluster.use(TARGET, (client) => client.query(`create table probe (id int primary key); ${WRITES_SEEN}`));
}

/** Commits an entry now and then, and notes for each how long until the target shows it. */
async function probe(cluster: Cluster, seconds: number): Promise<number[]> {
  const source = await cluster.connect(SOURCE);
  const target = await cluster.connect(TARGET);
  const open = new Map<number, number>();
  const took: number[] = [];
  const until = Date.now() + seconds * 1000;
  for (let id = 1, next = Date.now(); Date.now() < until || open.size > 0; ) {
    if (Date.now() >= next && Date.now() < until) {
      await source.query('insert into probe values ($1)', [id]);
      open.set(id++, performance.now());
      next = Date.now() + 200 + Math.random() * 600;
    }
    const { rows } = await target.query('select id from probe where id = any($1)', [[...open.keys()]]);
    for (const row of rows) {
      took.push(performance.now() - (open.get(row.id) ?? 0));
      open.delete(row.id);
    }
    if (Date.now() > until + 120_000) throw new Error(`${open.size} entries never came.`);
    await pause(ASK_MS);
  }
  await Promise.all([source.end(), target.end()]);
  return took;
}

const DIGEST = (name: string) =>
  `select count(*) || ' ' || md5(coalesce(string_agg(t::text, ',' order by id), '')) as d from ${name} t`;

async function requireEqual(cluster: Cluster): Promise<void> {
  for (const name of ['branch', 'account', 'history', 'probe']) {
    const of = (db: string) => cluster.use(db, async (c) => (await c.query(DIGEST(name))).rows[0].d as string);
    if ((await of(SOURCE)) !== (await of(TARGET))) throw new Error(`${name} is not the same on both sides.`);
  }
  const twice = await cluster.use(TARGET, async (c) => (await c.query(WRITTEN_TWICE)).rows);
  if (twice.length > 0) throw new Error(`Versions were written twice: ${JSON.stringify(twice)}`);
}

/**
 * Writers like pgbench's over the hand-over and a job that follows the log, and how long a commit takes until the target shows
 * it. Throws where both sides are not equal once all is quiet, or where a version of a row was written twice.
 */
export async function following(cluster: Cluster, service: LocalService, options: Options): Promise<string> {
  const { seconds, connections, everyMs, accounts, say } = options;
  await prepare(cluster, accounts);
  const pair = { source: cluster.url(SOURCE), target: cluster.url(TARGET) };
  await using writers = startWriters(() => cluster.connect(SOURCE), { connections, accounts, everyMs, seed: 1 });
  await using job = await startFollowing(service.api, pair);
  await job.until(({ following: f }) => (f?.round ?? 0) > 0, 300);
  say('The first round has ended; the writers go on.');
  const begun = await job.status();
  const took = (await probe(cluster, seconds)).sort((a, b) => a - b);
  const committed = await writers.stop();
  const lsn = await cluster.use(
    SOURCE,
    async (c) => (await c.query('select pg_current_wal_insert_lsn()::text as lsn')).rows[0].lsn,
  );
  const last = await job.until(hasApplied(lsn), 300);
  const stopMs = await job.stop();
  await requireEqual(cluster);
  const at = (share: number) =>
    `${((took[Math.min(took.length - 1, Math.floor(took.length * share))] ?? 0) / 1000).toFixed(2)}`;
  const rounds = (last.following?.round ?? 0) - (begun.following?.round ?? 0);
  const lines = [
    ['writers', 'seconds', 'transactions', 'rounds', 'lag s: median', 'p90', 'p99', 'most', 'stop ms'],
    [
      `${connections}, a transaction each ${everyMs} ms`,
      String(seconds),
      String(committed),
      String(rounds),
      at(0.5),
      at(0.9),
      at(0.99),
      at(1),
      String(stopMs),
    ],
  ];
  return `${took.length} entries measured from commit to visible in the target (asked every ${ASK_MS} ms); equal on both sides at the end, no version of a row written twice\n\n${table(lines)}`;
}
