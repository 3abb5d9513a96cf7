import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CANARY } from '../support/canaries.ts';
import { createPair, type TestPair } from '../support/databases.ts';
import { type FakeBedrock, startFakeBedrock } from '../support/fake-bedrock.ts';
import { type E2eService, runNode, startService } from './support.ts';

const MODEL = 'arn:aws:bedrock:us-east-1::foundation-model/test.model-v1:0';

let bedrock: FakeBedrock;
let service: E2eService;
beforeAll(async () => {
  bedrock = await startFakeBedrock();
  service = await startService({
    env: { AWS_ENDPOINT_URL_BEDROCK_RUNTIME: bedrock.url, TFSYNC_SUGGESTION_MODEL_ARNS: MODEL },
  });
});
afterAll(async () => {
  await service?.[Symbol.asyncDispose]();
  await bedrock?.[Symbol.asyncDispose]();
});

async function twoShapes(): Promise<TestPair> {
  const pair = await createPair();
  await pair.source.client.query(`
    create table owners (owner_id int primary key, first_name text not null, last_name text not null, email text);
    create table parcels (parcel_number text primary key, owner_id int not null references owners, situs_address text,
      land_value numeric(14,2), notes text);
    insert into owners select n, 'F' || n, '${CANARY}' || n, null from generate_series(1, 500) n;
    insert into parcels select 'P-' || n, 1 + n % 500, n || ' Main St', n * 10.25, nullif('c4n4ry ' || n % 7, 'c4n4ry 0')
      from generate_series(1, 3000) n`);
  await pair.target.client.query(`
    create schema cama;
    create table cama.tbl_owner (own_id bigint primary key, fname text not null, lname text not null, e_mail text);
    create table cama.tbl_parcel (parcel_no text primary key, own_id bigint not null references cama.tbl_owner,
      situs_addr text, land_val numeric(14,2), blurb text)`);
  return pair;
}

/** The command line as a user has it. */
async function tfsync(...args: readonly string[]) {
  const at = ['--url', service.url, '--token-file', join(service.dataDir, 'token')];
  return runNode(['cli/tfsync.ts', ...at, ...args]);
}

test('a mapping is proposed, looked at, approved by a person, and run; before that no job may use it', async () => {
  await using pair = await twoShapes();
  const databases = ['--source', pair.source.url, '--target', pair.target.url];
  bedrock.answer(() =>
    JSON.stringify({
      tables: [
        {
          table: 'cama.tbl_parcel',
          from: 'public.parcels',
          reason: 'parcels',
          columns: [
            { column: 'blurb', source: 'notes', expression: null, personal: null, confidence: 1, reason: 'free text' },
            { column: 'approved', source: 'notes', expression: null, personal: null, confidence: 1, reason: 'x' },
          ],
        },
      ],
    }),
  );

  const suggested = await tfsync('mappings', 'suggest', 'to-cama', ...databases, '--no-mask', '--json');
  expect(suggested.code, suggested.stderr).toBe(0);
  const draft = JSON.parse(suggested.stdout);
  expect(draft).toMatchObject({ name: 'to-cama', version: 1, state: 'draft', model: MODEL });
  expect(draft.mapping['cama.tbl_parcel'].columns).toEqual({
    parcel_no: 'parcel_number',
    own_id: 'owner_id',
    situs_addr: 'situs_address',
    land_val: 'land_value',
    blurb: 'notes',
  });

  const start = ['start', 'full', ...databases, '--wait', '--json', '--stored-mapping'];
  const early = await tfsync(...start, 'to-cama@1');
  expect([early.code, JSON.parse(early.stdout).code]).toEqual([2, 'mapping_not_approved']);
  expect((await service.get('/api/sync/jobs')).body.jobs).toEqual([]);

  const approved = await tfsync('mappings', 'approve', 'to-cama', '1', '--yes', '--note', 'looked at each column');
  expect([approved.code, approved.stdout]).toEqual([0, 'to-cama@1 approved\n']);
  const ended = await tfsync(...start, 'to-cama');
  expect(ended.code, ended.stderr).toBe(0);
  const job = JSON.parse(ended.stdout);
  expect(job).toMatchObject({ state: 'completed', counts: { inserted: 3500 } });
  const rows = async (side: 'source' | 'target', sql: string) => (await pair[side].client.query(sql)).rows;
  expect(
    await rows('target', 'select parcel_no, own_id::text, situs_addr, land_val, blurb from cama.tbl_parcel order by 1'),
  ).toEqual(
    await rows(
      'source',
      `select parcel_number as parcel_no, owner_id::text as own_id, situs_address as situs_addr, land_value as land_val,
       notes as blurb from parcels order by 1`,
    ),
  );
  expect(await rows('target', 'select * from cama.tbl_owner order by 1')).toEqual(
    await rows(
      'source',
      'select owner_id as own_id, first_name as fname, last_name as lname, email as e_mail from owners order by 1',
    ),
  );

  // a newer draft is nobody's business; the job keeps what it was started with
  await tfsync('mappings', 'suggest', 'to-cama', ...databases, '--no-model');
  const second = JSON.parse((await tfsync(...start, 'to-cama')).stdout);
  expect(second).toMatchObject({ state: 'completed', counts: { inserted: 0, updated: 0, deleted: 0 } });
  const stored = Object.values(await service.items())
    .flat()
    .find((item) => item.job_id === job.job_id && item.config !== undefined);
  expect(stored?.config).toMatchObject({ stored_mapping: 'to-cama@1', mapping: draft.mapping });

  // what the model was told, and what is kept: names, and no value or secret
  expect(bedrock.calls).toHaveLength(1);
  expect(bedrock.calls[0]?.text).toContain('situs_address');
  for (const text of [bedrock.calls[0]?.text ?? '', JSON.stringify(await service.items())]) {
    expect(text).not.toMatch(/c4n4ry|Main St/);
    expect(text).not.toContain(new URL(pair.source.url).password || 'postgresql://');
  }
});

test('a mapping written by hand is put, approved by its etag, and retired', async () => {
  const mapping = { 'cama.x': { from: 'public.y' } };
  const call = (method: string, path: string, body?: object, headers = {}) =>
    service.call(`/api/sync/mappings/${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(body && { body: JSON.stringify(body) }),
    });
  const put = await call('PUT', 'by-hand', { mapping }, { 'if-none-match': '*' });
  expect([put.status, put.headers.get('etag')]).toEqual([201, '"1.1.0"']);

  expect((await call('POST', 'by-hand/approve', { version: 1 })).body).toMatchObject({ code: 'required' });
  const wrong = await call('POST', 'by-hand/approve', { version: 1 }, { 'if-match': '"1.2.0"' });
  expect(wrong.status).toBe(200); // a newer draft changes nothing of this one
  expect((await call('DELETE', 'by-hand/versions/1')).body).toMatchObject({ code: 'mapping_approved' });
  expect((await call('POST', 'by-hand/retire', {}, { 'if-match': '"1.1.1"' })).body).toMatchObject({ approved: null });
  const listed = (await service.get('/api/sync/mappings')).body;
  expect(listed.mappings).toContainEqual(expect.objectContaining({ name: 'by-hand', approved: null }));
});
