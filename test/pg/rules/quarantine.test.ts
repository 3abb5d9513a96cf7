import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import type { JobConfig } from '../../../lib/model/config.ts';
import type { QuarantineFilter } from '../../../lib/model/quarantine.ts';
import { listQuarantine } from '../../../lib/orchestrator/list-quarantine.ts';
import { retryQuarantine } from '../../../lib/orchestrator/retry-quarantine.ts';
import { quarantineDatabases } from '../../../lib/postgres/quarantine-databases.ts';
import { createPair, type TestPair } from '../../support/databases.ts';
import { countsOf, type Ports, run, runJob } from '../../support/in-process.ts';
import { ON_ONE_MACHINE } from '../../support/rules.ts';

const asideOf = (p: Ports) => ({ ...p, databases: quarantineDatabases({ rules: ON_ONE_MACHINE, version: 'test' }) });

const list = async (p: Ports, jobId: string, filter: QuarantineFilter = {}, limit = 100) =>
  (await listQuarantine({ jobId, filter, limit }, asideOf(p))).rows;

/** Prices of parcels; some are not as the rules want them. */
async function parcels(): Promise<TestPair> {
  const pair = await createPair();
  for (const { client } of [pair.source, pair.target])
    await client.query('create table parcel (id int primary key, price numeric, owner text, note text)');
  await pair.source.client.query(
    `insert into parcel select i, i, 'Owner ' || i, 'x' from generate_series(1, 500) i;
     update parcel set price = -1 where id in (3, 400); update parcel set owner = null where id = 7`,
  );
  return pair;
}

const CONFIG = {
  rules: {
    'public.parcel': [
      { rule: 'range', column: 'price', min: 0, severity: 'reject' },
      { rule: 'not_null', column: 'owner', severity: 'reject' },
    ],
  },
  column_tags: { 'public.parcel.price': 'last4' },
} as unknown as Partial<JobConfig>;

async function retry(pair: TestPair, p: Ports, jobId: string, filter: QuarantineFilter = {}) {
  const outcome = await retryQuarantine({ jobId, retryId: randomUUID(), filter, actor: 'somebody' }, asideOf(p));
  const job = await run(outcome.job, p);
  return { ...outcome, job, counts: await countsOf(job, pair) };
}

test('rows put aside are listed by rule, page by page, with masked values', async () => {
  await using pair = await parcels();
  const { job, ports: p } = await runJob(pair, CONFIG);

  const all = await list(p, job.job_id);
  const ofRule = await list(p, job.job_id, { rule: 'not_null(owner)' });
  const first = await listQuarantine({ jobId: job.job_id, filter: {}, limit: 2 }, asideOf(p));
  const rest = await listQuarantine(
    { jobId: job.job_id, filter: {}, limit: 2, ...(first.last && { after: first.last }) },
    asideOf(p),
  );

  expect(all).toMatchObject([
    { table: 'public.parcel', key: ['3'], code: 'rule_rejected', rule: 'range(price)', values: { price: '…' } },
    { key: ['400'], rule: 'range(price)', in_source: true },
    { key: ['7'], rule: 'not_null(owner)', values: { owner: null } },
  ]);
  expect(ofRule.map((r) => r.key)).toEqual([['7']]);
  expect([...first.rows, ...rest.rows]).toEqual(all);
  expect(rest.last).toBeUndefined();
  expect(await list(p, job.job_id, { code: 'fk_missing' })).toEqual([]);
  expect(await list(p, job.job_id, { table: 'public.other' })).toEqual([]);
});

test('where a constraint names no column, the row is shown as the source has it, masked; of a mapping nothing', async () => {
  await using pair = await parcels();
  await pair.target.client.query('alter table parcel add constraint odd check (price is distinct from 77)');
  const { column_tags } = CONFIG;
  const mapping = {
    'public.parcel': { from: 'public.parcel', columns: { id: 'id', price: 'price', note: { constant: 'y' } } },
  };

  const plain = await runJob(pair, { column_tags } as unknown as Partial<JobConfig>);
  const shown = await list(plain.ports, plain.job.job_id);
  const mapped = await runJob(pair, { column_tags, mapping } as unknown as Partial<JobConfig>);
  const hidden = await list(mapped.ports, mapped.job.job_id);

  expect(shown).toMatchObject([{ key: ['77'], code: 'check_failed', object: 'odd' }]);
  expect(shown[0]?.values).toEqual({ price: '…', owner: 'Owner 77', note: 'x' });
  expect(hidden).toMatchObject([{ key: ['77'], code: 'check_failed', object: 'odd', in_source: true }]);
  expect(hidden[0]?.values).toBeUndefined();
});

test('a retry looks at the rows put aside and at no other, and lists what still does not go in', async () => {
  await using pair = await parcels();
  const { job, ports: p } = await runJob(pair, CONFIG);
  await pair.source.client.query(
    `update parcel set price = 1 where id = 3; update parcel set note = 'new' where id = 9`,
  );
  await pair.source.client.query('delete from parcel where id = 7');

  const again = await retry(pair, p, job.job_id);
  const third = await retry(pair, p, again.job.job_id);

  expect(again.rows).toBe(3);
  expect(again.job.failure).toBeUndefined();
  expect(again.counts).toMatchObject({ read: 2, inserted: 1, updated: 0, unchanged: 0, quarantined: 1 });
  expect((await list(p, again.job.job_id)).map((r) => r.key)).toEqual([['400']]);
  const { rows } = await pair.target.client.query(`select id, note from parcel where id in (3, 7, 9, 400) order by id`);
  expect(rows).toEqual([
    { id: '3', note: 'x' },
    { id: '9', note: 'x' },
  ]);
  expect(third.counts).toMatchObject({ read: 1, quarantined: 1 });
});

test('what a retry brought in is known afterwards: a row deleted in the source goes, and nothing is doubted', async () => {
  await using pair = await parcels();
  const { job, ports: p } = await runJob(pair, CONFIG);
  await pair.source.client.query('update parcel set price = abs(price)');
  const again = await retry(pair, p, job.job_id, { rule: 'range(price)' });
  await pair.source.client.query('delete from parcel where id in (3, 10)');

  const next = await runJob(pair, CONFIG, {}, p);

  expect(again.counts).toMatchObject({ read: 2, inserted: 2, quarantined: 0 });
  expect(again.job.state).toBe('completed');
  expect(next.counts).toMatchObject({ deleted: 2, unchanged: 497, quarantined: 1, kept: 0 });
});

test('a retry files its rows in the layout of the jobs before it, and ends none of them', async () => {
  await using pair = await parcels();
  const { ports: p } = await runJob(pair, CONFIG);
  await pair.source.client.query(`insert into parcel select i, i, 'Owner', 'x' from generate_series(501, 9000) i`);
  const grown = await runJob(pair, CONFIG, {}, p);
  const generations = async () =>
    (await pair.target.client.query('select id, whole, layout::text from tf_sync.pair_table order by id')).rows;
  const before = await generations();
  await pair.source.client.query(`update parcel set price = abs(price), owner = coalesce(owner, 'Owner')`);

  const again = await retry(pair, p, grown.job.job_id);

  expect(again.counts).toMatchObject({ read: 3, inserted: 3 });
  expect(before).toHaveLength(2);
  expect(await generations()).toEqual(before);
});

test.each(['manual', 'newer_wins', 'field_level'])('a retry goes by the conflict strategy %s', async (strategy) => {
  await using pair = await parcels();
  const config = {
    ...CONFIG,
    conflict_strategy: strategy,
    conflict_rules: { 'public.parcel': { newer_column: 'changed' } },
  } as Partial<JobConfig>;
  for (const { client } of [pair.source, pair.target])
    await client.query(`alter table parcel add changed timestamptz default '2026-01-01'`);
  const { job, ports: p } = await runJob(pair, config);
  await pair.source.client.query('update parcel set price = 5 where id = 3');

  const again = await retry(pair, p, job.job_id);

  expect(again.job.failure).toBeUndefined();
  expect(again.counts).toMatchObject({ read: 3, inserted: 1, conflicts: 0, quarantined: 2 });
});

test('there is nothing to retry while a job goes on, in a dry run, and where no row was put aside', async () => {
  await using pair = await parcels();
  const dry = await runJob(pair, { ...CONFIG, dry_run: true });
  const clean = await runJob(pair, {}, {}, dry.ports);
  const code = (jobId: string, p: Ports, filter: QuarantineFilter = {}) =>
    retryQuarantine({ jobId, retryId: randomUUID(), filter, actor: 'somebody' }, asideOf(p)).catch(
      (e: { code: string }) => e.code,
    );

  expect((await list(dry.ports, dry.job.job_id)).map((r) => r.key)).toEqual([['3'], ['400'], ['7']]);
  expect(await code(dry.job.job_id, dry.ports)).toBe('nothing_to_retry');
  expect(await code(clean.job.job_id, dry.ports)).toBe('nothing_to_retry');
  expect(await code(randomUUID(), dry.ports)).toBe('job_not_found');
  const { rows } = await pair.target.client.query('select count(*) as n from tf_sync.lease');
  expect(rows).toEqual([{ n: '0' }]);
});
