import { setTimeout as pause } from 'node:timers/promises';
import { BANK, bankRows } from '../support/writers.ts';
import type { Cluster } from './cluster.ts';
import { runJob } from './job-run.ts';
import type { LocalService } from './local-service.ts';
import { median, spread, table } from './report.ts';

const SOURCE = 'cdc_source';
const TARGET = 'cdc_target';
const REPLICA = 'cdc_replica';
const NAME = 'bench_cdc';

/** What the source's log holds before anybody applies it: changes of rows, and rows that they leave changed. */
interface Workload {
  readonly name: string;
  readonly write: (cluster: Cluster, changes: number) => Promise<void>;
}

const inSource = (cluster: Cluster, sql: readonly string[]) =>
  cluster.use(SOURCE, async (client) => {
    for (const one of sql) await client.query(one);
  });

/** Transactions of `size` statements each, sent by the hundred. */
async function transactions(cluster: Cluster, statements: readonly string[], size: number): Promise<void> {
  const some: string[] = [];
  for (let i = 0; i < statements.length; i += size)
    some.push(`begin; ${statements.slice(i, i + size).join(';')}; commit`);
  for (let i = 0; i < some.length; i += 100) await inSource(cluster, [some.slice(i, i + 100).join(';')]);
}

const WORKLOADS: readonly Workload[] = [
  {
    name: 'each row once, 10 a transaction',
    write: (cluster, changes) =>
      transactions(
        cluster,
        Array.from({ length: changes }, (_, i) => `update account set balance = balance + 1 where id = ${i + 1}`),
        10,
      ),
  },
  {
    name: 'each row once, one transaction',
    write: (cluster, changes) => inSource(cluster, [`update account set balance = balance + 1 where id <= ${changes}`]),
  },
  {
    name: 'a tenth of the rows ten times, 10 a transaction',
    write: (cluster, changes) =>
      transactions(
        cluster,
        Array.from(
          { length: changes },
          (_, i) => `update account set balance = balance + 1 where id = ${1 + (i % Math.ceil(changes / 10))}`,
        ),
        10,
      ),
  },
  {
    name: 'a third inserted, updated, deleted, 10 a transaction',
    write: (cluster, changes) =>
      transactions(
        cluster,
        Array.from({ length: changes }, (_, i) => {
          if (i % 3 === 0) return `insert into account values (${1_000_000 + i}, 1, 0, 0, 'new')`;
          if (i % 3 === 1) return `update account set balance = balance + 1 where id = ${i}`;
          return `delete from account where id = ${changes * 2 - i}`;
        }),
        10,
      ),
  },
];

/** PostgreSQL's own: a publication and a subscription between two databases of one server. */
async function subscribe(cluster: Cluster): Promise<void> {
  await inSource(cluster, [
    `create publication ${NAME} for table branch, account, history`,
    `select pg_create_logical_replication_slot('${NAME}', 'pgoutput')`,
  ]);
  const url = new URL(cluster.url(SOURCE));
  const connection = `host=${url.hostname} port=${url.port} dbname=${SOURCE} user=${url.username} password=${decodeURIComponent(url.password)}`;
  await cluster.use(REPLICA, async (client) => {
    // one server: the slot is made beforehand, else CREATE SUBSCRIPTION waits for itself
    await client.query(
      `create subscription ${NAME} connection '${connection}' publication ${NAME}
       with (create_slot = false, slot_name = ${NAME}, copy_data = false, enabled = false)`,
    );
  });
}

async function unsubscribe(cluster: Cluster): Promise<void> {
  if (!(await cluster.exists(REPLICA))) return;
  await cluster.use(REPLICA, async (client) => {
    const { rows } = await client.query('select from pg_subscription where subname = $1', [NAME]);
    if (rows.length === 0) return;
    await client.query(`alter subscription ${NAME} disable`);
    await client.query(`alter subscription ${NAME} set (slot_name = none)`);
    await client.query(`drop subscription ${NAME}`);
  });
}

/** Slots keep their database from being dropped. */
async function dropSlots(cluster: Cluster): Promise<void> {
  await cluster.use('postgres', async (client) => {
    for (let tries = 0; ; tries++) {
      const { rows } = await client.query(
        `select count(pg_drop_replication_slot(slot_name)) filter (where not active) as dropped, count(*) filter (where active) as active
         from pg_replication_slots where database = $1`,
        [SOURCE],
      );
      if (Number(rows[0].active) === 0) return;
      if (tries === 100) throw new Error('A slot is still in use.');
      await pause(100);
    }
  });
}

/** Three databases with the same rows; the service and the subscription follow the first from here on. */
async function begin(cluster: Cluster, service: LocalService, accounts: number): Promise<void> {
  await unsubscribe(cluster);
  await dropSlots(cluster);
  await cluster.drop(SOURCE);
  await cluster.use('postgres', (admin) => admin.query(`create database ${SOURCE} template template0`));
  await inSource(cluster, [BANK, bankRows(accounts), 'analyze']);
  for (const copy of [TARGET, REPLICA]) await cluster.copy(SOURCE, copy);
  await runJob(service.api, pairOf(cluster), { detection_strategy: 'cdc' }, 'full');
  await subscribe(cluster);
}

const pairOf = (cluster: Cluster) => ({ source: cluster.url(SOURCE), target: cluster.url(TARGET) });

/** Seconds until the subscription has applied what the log holds. */
async function byReplication(cluster: Cluster): Promise<number> {
  const [end] = await cluster.use(
    SOURCE,
    async (c) => (await c.query('select pg_current_wal_insert_lsn() as lsn')).rows,
  );
  const begun = Date.now();
  await cluster.use(REPLICA, (client) => client.query(`alter subscription ${NAME} enable`));
  await cluster.use(SOURCE, async (client) => {
    for (;;) {
      const { rows } = await client.query(
        'select confirmed_flush_lsn >= $1::pg_lsn as done from pg_replication_slots where slot_name = $2',
        [end.lsn, NAME],
      );
      if (rows[0].done) return;
      await pause(20);
    }
  });
  const seconds = (Date.now() - begun) / 1000;
  await cluster.use(REPLICA, (client) => client.query(`alter subscription ${NAME} disable`));
  return seconds;
}

const DIGEST = `select md5(string_agg(a::text, ',' order by id)) as digest from account a`;

/** Throws where what the two have brought over is not what the source has. */
async function requireEqual(cluster: Cluster): Promise<void> {
  const of = (name: string) => cluster.use(name, async (c) => (await c.query(DIGEST)).rows[0].digest as string);
  const [source, target, replica] = [await of(SOURCE), await of(TARGET), await of(REPLICA)];
  if (source !== target) throw new Error('The target is not what the source is.');
  if (source !== replica) throw new Error('The replica is not what the source is.');
}

/**
 * Changes per second that an incremental job under `cdc` applies, beside PostgreSQL's own logical replication over the same log
 * in the same run: the log is written first, then one after the other applies it, in turns the one and the other first.
 */
export async function cdc(
  cluster: Cluster,
  service: LocalService,
  options: { readonly changes: number; readonly runs: number; readonly say: (line: string) => void },
): Promise<string> {
  const { changes, say } = options;
  const found = new Map(WORKLOADS.map((w) => [w.name, { own: [] as number[], theirs: [] as number[] }]));
  for (let run = 1; run <= options.runs; run++) {
    await begin(cluster, service, changes * 2);
    for (const [i, { name, write }] of WORKLOADS.entries()) {
      await write(cluster, changes);
      await cluster.use('postgres', (admin) => admin.query('checkpoint'));
      const own = async () => {
        const { wholeSeconds, status } = await runJob(
          service.api,
          pairOf(cluster),
          { detection_strategy: 'cdc', max_delete_percent: 100 },
          'incremental',
        );
        for (const { message } of status.healing ?? []) say(`healed: ${message}`);
        found.get(name)?.own.push(wholeSeconds);
      };
      const theirs = async () => void found.get(name)?.theirs.push(await byReplication(cluster));
      for (const one of (run + i) % 2 === 0 ? [own, theirs] : [theirs, own]) await one();
      await requireEqual(cluster);
      say(`run ${run}, ${name}: ${found.get(name)?.own.at(-1)} s, replication ${found.get(name)?.theirs.at(-1)} s`);
    }
  }
  await unsubscribe(cluster);
  await dropSlots(cluster);
  const head = ['in the log', 'cdc s', 'changes/s', 'replication s', 'changes/s', 'cdc / replication'];
  const lines = WORKLOADS.map(({ name }) => {
    const { own = [], theirs = [] } = found.get(name) ?? {};
    const rate = (all: readonly number[]) => Math.round(changes / median(all)).toString();
    const ratio = (median(own) / median(theirs)).toFixed(2);
    return [name, spread(own), rate(own), spread(theirs), rate(theirs), ratio];
  });
  return `${changes} changes in each; whole job from POST to end, final comparison included, against publication and subscription between two databases of the same server; both end equal to the source\n\n${table([head, ...lines])}`;
}
