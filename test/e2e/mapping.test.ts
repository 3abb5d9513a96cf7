import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { REFERENCES, TABLES } from '../../local/demo/schema.ts';
import { CANARY } from '../support/canaries.ts';
import { compareDatabases, rowVersions, summary } from '../support/compare.ts';
import { smallCounty } from '../support/county.ts';
import { createDatabase, createPair, type TestDatabase } from '../support/databases.ts';
import { type E2eService, ROOT, runNode, startService } from './support.ts';

let service: E2eService;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service[Symbol.asyncDispose]());

const EXAMPLE = 'examples/county-reshaped';

/** The command of the example's README. */
async function start(source: TestDatabase, target: TestDatabase, config: string) {
  const how = ['--source', source.url, '--target', target.url, '--config', `@${EXAMPLE}/${config}`];
  const at = ['--url', service.url, '--token-file', join(service.dataDir, 'token')];
  const ended = await runNode(['cli/tfsync.ts', ...at, 'start', 'full', ...how, '--wait', '--json']);
  if (ended.code !== 0) throw new Error(`${config}: ${ended.stderr} ${ended.stdout}`);
  return JSON.parse(ended.stdout);
}

test('the example: the county goes into another shape and back, and the second time nothing is written', async () => {
  await using county = await createDatabase({ template: smallCounty });
  await using office = await createDatabase();
  await office.client.query(readFileSync(join(ROOT, EXAMPLE, 'land-records.sql'), 'utf8'));
  await using back = await createDatabase();
  await back.client.query(TABLES + REFERENCES);

  const first = [await start(county, office, 'there.json'), await start(office, back, 'back.json')];
  const same = summary(await compareDatabases(county.client, back.client));
  const versions = await rowVersions(office.client);
  const second = await start(county, office, 'there.json');

  expect(first.map((job) => job.state)).toEqual(['completed', 'completed']);
  expect(first[0].counts.inserted).toBeGreaterThan(2_000);
  expect(same).toEqual({});
  expect(second).toMatchObject({ state: 'completed', counts: { inserted: 0, updated: 0, deleted: 0 } });
  expect(await rowVersions(office.client)).toEqual(versions);
});

const PEOPLE = `
  create table owner (id int primary key, tax_no text not null unique, name text not null, email text);
  create table holding (parcel int primary key, owner_tax_no text not null references owner (tax_no))`;

const digits = { mask: { kind: 'digits', domain: 'tax' } };

const MASKED = {
  mapping: {
    'public.owner': {
      from: 'public.owner',
      columns: {
        tax_no: { column: 'tax_no', ...digits },
        name: { column: 'name', mask: { kind: 'fake', as: 'full_name' } },
        email: { column: 'email', mask: { kind: 'fake', as: 'email' } },
      },
    },
    'public.holding': {
      from: 'public.holding',
      columns: { owner_tax_no: { column: 'owner_tax_no', ...digits } },
    },
  },
  pii_columns: ['public.owner.tax_no', 'public.owner.name', 'public.owner.email', 'public.holding.owner_tax_no'],
};

test('masked rows arrive, join, and stay as they are; what they were made of is nowhere, and the key in one place', async () => {
  const canary = `${CANARY} ${randomUUID()}`;
  await using pair = await createPair();
  for (const { client } of [pair.source, pair.target]) await client.query(PEOPLE);
  await pair.source.client.query(
    `insert into owner select i, (730410000 + i)::text, $1 || ' ' || i, $1 || i || '@county.org' from generate_series(1, 300) i`,
    [canary],
  );
  await pair.source.client.query(
    'insert into holding select i, (730410000 + 1 + i % 300)::text from generate_series(1, 500) i',
  );
  const refresh = async () => {
    const answer = await service.post('/api/sync/full', {
      source_connection: pair.source.url,
      target_connection: pair.target.url,
      config: { ...MASKED, audit_level: 'detailed' },
    });
    expect(answer.text).toContain('job_id');
    return service.waitForEnd(answer.body.job_id);
  };

  const first = await refresh();
  const versions = await rowVersions(pair.target.client);
  const second = await refresh();

  expect(first.failure).toBeUndefined();
  expect(first).toMatchObject({ state: 'completed', counts: { inserted: 800, quarantined: 0 } });
  expect(second).toMatchObject({ state: 'completed', counts: { inserted: 0, updated: 0, deleted: 0 } });
  expect(await rowVersions(pair.target.client)).toEqual(versions);

  const { rows } = await pair.target.client.query(`
    select o.id, o.tax_no, o.name, o.email, array_agg(h.parcel order by h.parcel)::text as parcels
    from owner o join holding h on h.owner_tax_no = o.tax_no group by o.id order by o.id::int`);
  const plain = await pair.source.client.query(`
    select o.id, array_agg(h.parcel order by h.parcel)::text as parcels
    from owner o join holding h on h.owner_tax_no = o.tax_no group by o.id order by o.id::int`);
  expect(rows.map((r) => [r.id, r.parcels])).toEqual(plain.rows.map((r) => [r.id, r.parcels]));
  expect(rows.filter((r) => /^73041\d{4}$/.test(r.tax_no)).length).toBeLessThan(5); // by chance
  expect(rows.filter((r) => !/^\d{9}$/.test(r.tax_no) || !/@example\.com$/.test(r.email))).toEqual([]);

  const [, key = ''] = /"mask_key\\*":\\*"([0-9a-f]+)/.exec(contentOf(join(service.dataDir, 'secrets.json'))) ?? [];
  expect(key).toMatch(/^[0-9a-f]{64}$/);
  const places: readonly (readonly [string, string])[] = [
    ['target', JSON.stringify(rows)],
    ['items', JSON.stringify(await service.items())],
    ['answers', service.answers.join()],
    ['output', service.output()],
    ...readdirSync(service.dataDir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => [entry.name, contentOf(join(entry.parentPath, entry.name))] as const),
  ];
  const holding = (text: string) => places.flatMap(([name, content]) => (content.includes(text) ? [name] : []));
  expect(holding(first.job_id)).toContain('items'); // so the search finds what is there
  expect(holding(rows[0].email)).toEqual(['target']);
  expect(holding(canary)).toEqual([]);
  expect(holding('73041000')).toEqual([]);
  expect(holding(key)).toEqual(['secrets.json']);
});

/** Empty where the file has gone meanwhile: the emulated DynamoDB compacts its files when it likes. */
function contentOf(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''; // readFile throws system errors only
    throw error;
  }
}
