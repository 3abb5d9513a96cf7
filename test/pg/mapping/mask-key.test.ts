import { expect, test } from 'vitest';
import type { JobConfig } from '../../../lib/model/config.ts';
import { MASK_KEY_SETTING } from '../../../lib/model/mask.ts';
import { Secret } from '../../../lib/model/secret.ts';
import { pairId } from '../../../lib/orchestrator/conflict-plan.ts';
import { openSession } from '../../../lib/postgres/session.ts';
import { createPair, type TestPair } from '../../support/databases.ts';
import { type Ports, ports, run, runJob, start } from '../../support/in-process.ts';
import { memorySecrets } from '../../support/memory-ports.ts';
import { ON_ONE_MACHINE } from '../../support/rules.ts';

const KEY = new Secret('c4'.repeat(32));

test('a session has the key of its masks as a setting, and no statement of it has', async () => {
  await using pair = await createPair();
  const options = {
    side: 'source',
    applicationName: 'mask-key',
    rules: ON_ONE_MACHINE,
    statementTimeoutMs: 0,
  } as const;
  const masking = await openSession(pair.source.connection, { ...options, maskKey: KEY });
  const other = await openSession(pair.source.connection, options);
  try {
    const setting = `select current_setting('${MASK_KEY_SETTING}', true)`;
    const seen = await pair.source.client.query(
      `select query from pg_stat_activity where application_name = 'mask-key'`,
    );

    expect(await masking.query(setting)).toEqual([[KEY.reveal()]]);
    expect(await other.query(setting)).toEqual([[null]]);
    expect(seen.rows).toHaveLength(2);
    expect(JSON.stringify(seen.rows)).not.toContain(KEY.reveal());
  } finally {
    await Promise.all([masking.end(), other.end()]);
  }
});

const digits = { mask: { kind: 'digits' } };
const MASKED = {
  mapping: {
    'public.owner': { from: 'public.owner', columns: { tax_no: { column: 'tax_no', ...digits } } },
    'public.holding': { from: 'public.holding', columns: { owner: { column: 'owner', ...digits } } },
  },
  delete_mode: 'mirror',
  max_delete_percent: 100,
} as unknown as Partial<JobConfig>;

async function owners(): Promise<TestPair> {
  const pair = await createPair();
  for (const { client } of [pair.source, pair.target])
    await client.query(`
      create table owner (tax_no text primary key, updated_at timestamptz not null default '2024-01-01');
      create table holding (id int primary key, owner text references owner, updated_at timestamptz not null default '2024-01-01')`);
  await pair.source.client.query(`
    insert into owner select 'T-' || 730410000 + i from generate_series(1, 200) i;
    insert into holding select i, 'T-' || 730410000 + i from generate_series(1, 200) i`);
  return pair;
}

/** As if somebody had deleted the secret: the next start makes another key. */
const withoutKey = (p: Ports): Ports => ({ ...p, secrets: { ...p.secrets, maskKey: memorySecrets().maskKey } });

const masked = async ({ target }: TestPair) =>
  (await target.client.query('select o.tax_no from owner o join holding h on h.owner = o.tax_no order by h.id')).rows;

test.each([
  ['full', 'hash'],
  ['incremental', 'timestamp'],
] as const)(
  'another key makes every value another one, which join again: a %s job under %s',
  async (mode, strategy) => {
    await using pair = await owners();
    const config = { ...MASKED, detection_strategy: strategy };
    const p = ports();
    const first = await runJob(pair, config, {}, p);
    const before = await masked(pair);
    const same = await runJob(pair, config, {}, p, mode);
    const rotated = withoutKey(p);
    const other = await runJob(pair, config, {}, rotated, mode);
    const after = await masked(pair);
    const quiet = await runJob(pair, config, {}, rotated, mode);

    expect([first, same, other, quiet].map((r) => [r.job.failure, r.job.state])).toEqual(
      Array(4).fill([undefined, 'completed']),
    );
    expect([first.job.mask_key, same.job.mask_key, other.job.mask_key].map((k) => k === first.job.mask_key)).toEqual([
      true,
      true,
      false,
    ]);
    expect([same.counts.inserted, same.counts.updated, same.counts.deleted]).toEqual([0, 0, 0]);
    expect([before.length, after.length]).toEqual([200, 200]);
    expect(after.filter((row, i) => row.tax_no === before[i]?.tax_no).length).toBeLessThan(5); // by chance
    expect([quiet.counts.inserted, quiet.counts.updated, quiet.counts.deleted]).toEqual([0, 0, 0]);
  },
);

test('bases of conflicts under another key are adopted anew: nothing is taken for changed because its mask is another', async () => {
  await using pair = await owners();
  const config = {
    ...MASKED,
    delete_mode: 'tracked',
    conflict_strategy: 'manual',
    tables: { include: ['public.holding'] },
  } as Partial<JobConfig>;
  await pair.target.client.query('alter table holding drop constraint holding_owner_fkey');
  const p = ports();
  await runJob(pair, config, {}, p);
  await pair.target.client.query(`update holding set updated_at = '2030-01-01' where id <= 3`);

  const { job, counts } = await runJob(pair, config, {}, withoutKey(p));

  expect(job.state).toBe('completed_with_issues');
  expect(counts).toMatchObject({ conflicts: 200, updated: 0 }); // of none is known what it was before
  const { rows } = await pair.target.client.query(
    `select distinct data ->> 'type' as type, data ->> 'prints' like '%base%' as based from tf_sync.conflict`,
  );
  expect(rows).toEqual([{ type: 'update_differing', based: 'f' }]);
});

test('a job does not go on under another key than it began with', async () => {
  await using pair = await owners();
  const p = ports();
  const job = await start(pair, MASKED, p);
  const other = withoutKey(p);
  await other.secrets.maskKey(pairId(job.source, job.target), new Secret('c5'.repeat(32)));

  const ended = await run(job, other);

  expect(ended).toMatchObject({ state: 'failed', failure: { code: 'secret_missing' } });
  expect(await masked(pair)).toEqual([]);
});

test('an expression has the key too: keyedHash is the same in every column and job of the pair', async () => {
  await using pair = await owners();
  await pair.target.client.query('create table hashed (id int primary key, owner text not null, other text not null)');
  const config = {
    mapping: {
      'public.hashed': {
        from: 'public.holding',
        columns: { owner: { expression: 'keyedHash(owner)' }, other: { expression: "keyedHash(owner, 'other')" } },
      },
    },
    tables: { include: ['public.hashed'] },
  } as unknown as Partial<JobConfig>;
  const p = ports();

  const first = await runJob(pair, config, {}, p);
  const second = await runJob(pair, config, {}, p);

  expect(first.counts).toMatchObject({ inserted: 200, quarantined: 0 });
  expect(second.counts).toMatchObject({ updated: 0, unchanged: 200 });
  const { rows } = await pair.target.client.query(
    'select count(distinct owner) as owners, bool_or(owner = other) as same from hashed',
  );
  expect(rows).toEqual([{ owners: '200', same: 'f' }]);
});
