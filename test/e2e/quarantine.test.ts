import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JobConfig } from '../../lib/model/config.ts';
import { CANARY } from '../support/canaries.ts';
import { createPair } from '../support/databases.ts';
import { type E2eService, runNode, startService, until } from './support.ts';

let service: E2eService;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service[Symbol.asyncDispose]());

const CONFIG = {
  rules: {
    'public.parcel': [
      { rule: 'range', column: 'price', min: 0, severity: 'reject', max_percent: 10 },
      { rule: 'unique', columns: ['apn'], severity: 'reject' },
      { rule: 'pattern', column: 'owner', pattern: '^[A-Z]', severity: 'warn' },
    ],
  },
  column_tags: { 'public.parcel.apn': 'last4' },
} as unknown as Partial<JobConfig>;

const tfsync = (...args: string[]) =>
  runNode(['cli/tfsync.ts', '--url', service.url, '--token-file', join(service.dataDir, 'token'), ...args]);

async function parcels() {
  const pair = await createPair();
  for (const { client } of [pair.source, pair.target])
    await client.query('create table parcel (id int primary key, apn text, price numeric, owner text)');
  await pair.source.client.query(`
    insert into parcel select i, '${CANARY}-' || 10000 + i, i, 'Owner' from generate_series(1, 300) i;
    update parcel set price = -5 where id = 4; update parcel set apn = '${CANARY}-10010' where id = 11;
    update parcel set owner = 'nobody' where id in (20, 21)`);
  return pair;
}

test('rows that rules keep out are listed with masked values, mended, and tried again', async () => {
  await using pair = await parcels();
  const jobId = await service.startFull(pair, CONFIG);
  const ended = await service.waitForEnd(jobId);
  const listed = await service.get(`/api/sync/quarantine/${jobId}`);
  const byCli = await tfsync('quarantine', 'list', jobId, '--rule', 'unique(apn)');
  await pair.source.client.query(
    `update parcel set price = 5 where id = 4; update parcel set apn = '${CANARY}-10011' where id = 11`,
  );

  const retried = await tfsync('quarantine', 'retry', jobId);
  const retryId = retried.stdout.trim();
  const again = await service.waitForEnd(retryId);
  const left = await service.get(`/api/sync/quarantine/${retryId}`);

  expect(ended.state).toBe('completed_with_issues');
  expect(ended.counts).toMatchObject({ read: 300, inserted: 297, quarantined: 3 });
  expect(ended.tables[0]?.rules).toMatchObject([
    { name: 'range(price)', rows: 1, of: 300, samples: [['4']] },
    { name: 'unique(apn)' },
    { name: 'pattern(owner)', severity: 'warn', rows: 2, samples: [['20'], ['21']] },
  ]);
  expect(listed.body.rows).toMatchObject([
    { key: ['10'], rule: 'unique(apn)', values: { apn: '…0010' } },
    { key: ['11'], rule: 'unique(apn)', values: { apn: '…0010' } },
    { key: ['4'], rule: 'range(price)', values: { price: '-5' } },
  ]);
  expect(byCli.stdout).toContain('apn=…0010');
  expect(byCli.stdout).not.toContain(CANARY);
  expect(again.state).toBe('completed');
  expect(again.counts).toMatchObject({ read: 3, inserted: 3, quarantined: 0 });
  expect(left.body.rows).toEqual([]);
  const { rows } = await pair.target.client.query('select count(*)::int as n from parcel');
  expect(Number(rows[0].n)).toBe(300);
});

test('a limit pauses the job before it writes; a bad rule is refused with its place', async () => {
  await using pair = await parcels();
  await pair.source.client.query('update parcel set price = -1 where id <= 40');
  const jobId = await service.startFull(pair, CONFIG);
  const paused = await until('the job to pause', async () => {
    const view = await service.status(jobId);
    return view.state === 'paused' ? view : undefined;
  });
  const { rows } = await pair.target.client.query('select count(*)::int as n from parcel');
  await service.post(`/api/sync/stop/${jobId}`, {});
  const refused = await service.post('/api/sync/full', {
    source_connection: pair.source.url,
    target_connection: pair.target.url,
    config: { rules: { 'public.parcel': [{ rule: 'patern', column: 'apn' }] } },
  });

  expect([paused.state, paused.pause?.code, Number(rows[0].n)]).toEqual(['paused', 'rule_limit', 0]);
  expect(paused.pause?.message).toContain('40 of 300 rows (13.3 %)');
  expect(refused.status).toBe(400);
  expect(refused.body.errors).toMatchObject([{ code: 'invalid_enum', field: '/config/rules/public.parcel/0/rule' }]);
});
