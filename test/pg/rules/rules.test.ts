import { expect, test } from 'vitest';
import type { JobConfig } from '../../../lib/model/config.ts';
import { resumeJob } from '../../../lib/orchestrator/resume-job.ts';
import { createPair, type TestPair } from '../../support/databases.ts';
import { countsOf, ports, run, runJob, start } from '../../support/in-process.ts';
import { eventsOf } from '../../support/trail.ts';
import { MAPPING, twoShapes } from '../../support/two-shapes.ts';

type Config = Partial<JobConfig>;

const rulesOf = (...rules: readonly object[]) => ({ rules: { 'public.parcel': rules } }) as unknown as Config;

async function parcels(rows = 500): Promise<TestPair> {
  const pair = await createPair();
  for (const { client } of [pair.source, pair.target])
    await client.query('create table parcel (id int primary key, apn text, price numeric, seen timestamptz)');
  await pair.source.client.query(`insert into parcel select i, 'A-' || i, i, now() from generate_series(1, ${rows}) i`);
  return pair;
}

const source = (pair: TestPair, sql: string) => pair.source.client.query(sql);
const target = async (pair: TestPair, sql: string) => (await pair.target.client.query(sql)).rows;
const rowsIn = async (pair: TestPair) => Number((await target(pair, 'select count(*) as n from parcel'))[0]?.n);

test.each([
  ['of a rule, in rows', rulesOf({ rule: 'range', column: 'price', min: 0, max_rows: 2 })],
  ['of a rule, in percent', rulesOf({ rule: 'range', column: 'price', min: 0, severity: 'warn', max_percent: 0.5 })],
  ['of the job, in rows', { ...rulesOf({ rule: 'range', column: 'price', min: 0 }), rule_limits: { max_rows: 2 } }],
  [
    'of the job, in percent',
    { ...rulesOf({ rule: 'range', column: 'price', min: 0 }), rule_limits: { max_percent: 0.5 } },
  ],
] as const)(
  'a limit %s that is passed pauses the job before a row is written; mended, it goes on',
  async (_, config) => {
    await using pair = await parcels();
    await source(pair, 'update parcel set price = -1 where id in (1, 2, 3)');
    const p = ports();
    const paused = await run(await start(pair, config as Config, p), p);
    const before = await rowsIn(pair);
    await source(pair, 'update parcel set price = 1 where id = 3');

    await resumeJob({ jobId: paused.job_id, actor: 'somebody' }, p);
    const job = await p.jobs.get(paused.job_id);
    const ended = job && (await run(job, p));

    expect([paused.state, paused.pause?.code, before]).toEqual(['paused', 'rule_limit', 0]);
    expect(paused.pause?.message).toContain('3 of 500 rows (0.6 %)');
    expect(ended?.state).toMatch(/^completed/);
    const counts = await countsOf(paused, pair);
    expect(counts.read).toBe(500);
    expect(counts.inserted + counts.quarantined).toBe(500);
  },
);

test('a rule looks at rows as they arrive, behind the mapping; what the mapping cannot compute stays its own', async () => {
  await using pair = await twoShapes(300);
  await source(pair, `alter type use add value 'IND'`);
  await source(pair, `update parcel set kind = 'IND', value = 99999 where parcel_id = 5`);
  await source(pair, `update parcel set value = 99999 where parcel_id = 6`);
  const config = {
    mapping: MAPPING,
    tables: { include: ['land.property'] },
    rules: {
      'land.property': [
        { rule: 'range', column: 'assessed', max: 50000 },
        { rule: 'expression', name: 'county', expression: 'county == "Benton"' },
        { rule: 'pattern', column: 'number', pattern: '^P-[0-9]+$', severity: 'stop' },
      ],
    },
  } as unknown as Config;

  const { job, counts } = await runJob(pair, config);

  expect(job.failure).toBeUndefined();
  expect(counts).toMatchObject({ read: 300, inserted: 298, quarantined: 2 });
  expect(
    await target(
      pair,
      `select key[1] as id, code, object from tf_sync.quarantine where job_id = '${job.job_id}' order by 1`,
    ),
  ).toEqual([
    { id: '5', code: 'value_not_computable', object: 'use_id' },
    { id: '6', code: 'rule_rejected', object: 'range(assessed)' },
  ]);
});

test('rows that turn bad once the job was prepared do not get in either: put aside, or the job stops', async () => {
  await using pair = await parcels();
  const bad = (id: number) => source(pair, `update parcel set price = -1 where id = ${id}`).then(() => undefined);
  const config = rulesOf({ rule: 'range', column: 'price', min: 0 });

  const put = await runJob(pair, config, { before: async (pass) => (pass === 'apply' ? bad(7) : undefined) });
  await source(pair, `update parcel set apn = 'new' where id = 9`);
  const stopping = { ...rulesOf({ rule: 'length', column: 'apn', max: 20, severity: 'stop' }) };
  const stopped = await runJob(pair, stopping, {
    before: async (pass) => {
      if (pass === 'apply') await source(pair, `update parcel set apn = repeat('x', 21) where id = 9`);
    },
  });

  expect(put.counts).toMatchObject({ read: 500, inserted: 499, quarantined: 1 });
  expect([stopped.job.state, stopped.job.pause?.code]).toEqual(['paused', 'rule_stopped']);
  expect(stopped.job.pause?.message).not.toContain('xxx');
  expect(await target(pair, 'select apn from parcel where id = 9')).toEqual([{ apn: 'A-9' }]);
});

test('a row that the target has is neither overwritten nor deleted while a rule keeps its new form out', async () => {
  await using pair = await parcels();
  const config = rulesOf({ rule: 'range', column: 'price', min: 0 });
  await runJob(pair, config);
  await source(pair, 'update parcel set price = -1, apn = $$B$$ where id = 4');

  const out = await runJob(pair, { ...config, delete_mode: 'mirror' });
  await source(pair, 'update parcel set price = 4 where id = 4');
  const back = await runJob(pair, config);

  expect(out.counts).toMatchObject({ unchanged: 499, quarantined: 1, deleted: 0 });
  expect(out.job.state).toBe('completed_with_issues');
  expect(back.counts).toMatchObject({ unchanged: 499, updated: 1, quarantined: 0 });
});

test.each(['hash', 'content', 'primary_key', 'timestamp'])('rules hold under the strategy %s', async (strategy) => {
  await using pair = await parcels();
  await source(pair, 'update parcel set price = -1 where id in (10, 450)');
  const config = {
    ...rulesOf({ rule: 'range', column: 'price', min: 0 }, { rule: 'unique', columns: ['apn'], severity: 'warn' }),
    detection_strategy: strategy,
    ...(strategy === 'timestamp' && { timestamp_columns: { 'public.parcel': 'seen' } }),
  } as Config;
  const p = ports();

  const first = await runJob(pair, config, {}, p);
  await source(pair, 'update parcel set seen = now(), price = -2 where id = 20');
  const next = await runJob(pair, config, {}, p, 'incremental');

  expect(first.counts).toMatchObject({ inserted: 498, quarantined: 2 });
  expect(next.job.failure).toBeUndefined();
  expect(await target(pair, 'select count(*) as n from parcel where price < 0')).toEqual([{ n: '0' }]);
});

test('a rule about time does not make an incremental job look at every row', async () => {
  await using pair = await parcels();
  const config = {
    ...rulesOf({ rule: 'freshness', column: 'seen', max_age_hours: 24 }),
    detection_strategy: 'timestamp',
    timestamp_columns: { 'public.parcel': 'seen' },
  } as Config;
  const p = ports();
  await runJob(pair, config, {}, p);
  const incremental = async (more: Config = {}) => {
    const { job } = await runJob(pair, { ...config, ...more }, {}, p, 'incremental');
    return (await p.jobs.tables(job.job_id))[0]?.window !== undefined;
  };

  const same = await incremental();
  const stricter = await incremental(rulesOf({ rule: 'freshness', column: 'seen', max_age_hours: 12 }));

  expect([same, stricter]).toEqual([true, false]);
});

test('values that rows exchange are not taken for shared; those of a row that the target alone has are', async () => {
  await using pair = await parcels(50);
  const config = rulesOf({ rule: 'unique', columns: ['apn'] });
  await runJob(pair, config);
  await source(pair, `update parcel set apn = case id when 1 then 'A-2' else 'A-1' end where id in (1, 2)`);
  await pair.target.client.query(`insert into parcel values (999, 'A-100', 1, null)`);
  await source(pair, `insert into parcel values (100, 'A-100', 1, null), (101, 'A-101', 1, null)`);

  const kept = await runJob(pair, config);
  const mirrored = await runJob(pair, { ...config, delete_mode: 'mirror' });

  expect(kept.counts).toMatchObject({ updated: 2, inserted: 1, quarantined: 1, kept: 1 });
  expect(mirrored.counts).toMatchObject({ inserted: 1, deleted: 1, quarantined: 0 });
});

test('a reference to a row that a rule keeps out is no reference, and one that the job brings is', async () => {
  await using pair = await createPair();
  for (const { client } of [pair.source, pair.target])
    await client.query(`
      create table kind (code numeric primary key, label text);
      create table parcel (id int primary key, kind bigint)`);
  await source(pair, `insert into kind values (1.0, 'a'), (2, null), (3, 'c')`);
  await source(pair, 'insert into parcel values (1, 1), (2, 2), (3, 3), (4, 4), (5, null)');
  await pair.target.client.query(`insert into kind values (4.00, 'there')`);
  const config = {
    rules: {
      'public.kind': [{ rule: 'not_null', column: 'label' }],
      'public.parcel': [{ rule: 'reference', columns: ['kind'], table: 'public.kind', references: ['code'] }],
    },
  } as unknown as Config;

  const { job, counts } = await runJob(pair, config);

  expect(job.failure).toBeUndefined();
  expect(counts).toMatchObject({ inserted: 6, quarantined: 2, kept: 1 });
  expect(await target(pair, 'select id from parcel order by id')).toEqual(['1', '3', '4', '5'].map((id) => ({ id })));
});

test('the trail tells what rules came to, and names no value', async () => {
  await using pair = await parcels();
  await source(pair, `update parcel set apn = 'secret-value' where id in (1, 2)`);

  const { job, ports: p } = await runJob(pair, rulesOf({ rule: 'unique', columns: ['apn'], severity: 'reject' }));
  const events = await eventsOf(p.audit, job.job_id);

  expect(events.find((e) => e.type === 'job.prepared')?.data).toMatchObject({
    tables: [{ rules: [{ name: 'unique(apn)', rule: 'unique', severity: 'reject' }] }],
  });
  expect(events.find((e) => e.type === 'rows.quarantined')?.data).toMatchObject({
    rows: 2,
    codes: { rule_rejected: 2 },
    objects: ['unique(apn)'],
  });
  expect(JSON.stringify(events)).not.toContain('secret-value');
});

test('keys of rows that a rule warns of are masked as the config says', async () => {
  await using pair = await createPair();
  for (const { client } of [pair.source, pair.target])
    await client.query('create table parcel (ssn text primary key, price int)');
  await source(pair, `insert into parcel values ('123-45-6789', -1)`);
  const config = {
    ...rulesOf({ rule: 'range', column: 'price', min: 0, severity: 'warn' }),
    column_tags: { 'public.parcel.ssn': 'last4' },
  } as Config;

  const { job, ports: p } = await runJob(pair, config);

  expect((await p.jobs.tables(job.job_id))[0]?.rules?.[0]).toMatchObject({ rows: 1, of: 1, samples: [['…6789']] });
});
