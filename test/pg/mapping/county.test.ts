import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { REFERENCES, TABLES } from '../../../local/demo/schema.ts';
import { compareDatabases, rowVersions, summary } from '../../support/compare.ts';
import { smallCounty } from '../../support/county.ts';
import { createDatabase, type TestDatabase } from '../../support/databases.ts';
import { runJob } from '../../support/in-process.ts';

const FOLDER = join(import.meta.dirname, '../../../examples/county-reshaped');
const example = (name: string) => readFileSync(join(FOLDER, name), 'utf8');

/** Some rows of every kind of table changed, removed and added. */
const CHANGES = `
  delete from inspections where permit_id % 7 = 0;
  delete from appeals where appeal_id % 5 = 0;
  delete from ownership where owner_id % 9 = 0;
  update owners set kind = 'trust', email = null where owner_id % 11 = 0;
  update owners set mailing_address = 'Box 7', phones = null where owner_id % 13 = 0;
  update parcels set is_exempt = not is_exempt, zoning = 'PUD', land_value = land_value + 0.01 where parcel_id % 17 = 0;
  update sales set is_arms_length = null, deed_digest = '\\x00ff' where sale_id % 6 = 0;
  update improvements set square_feet = square_feet + 1, condition = 0.1 where improvement_id % 4 = 0;
  update appeals set status = 'heard', hearing = null where appeal_id % 4 = 0;
  insert into owners (name, kind, created_at) values ('Ünïçødé "O''Neil" \\ Co', 'company', '2024-02-29 12:00:00.123456+05')`;

/** The county, an office that keeps it in another shape, and an empty county. */
async function threeDatabases(): Promise<readonly [TestDatabase, TestDatabase, TestDatabase]> {
  const county = await createDatabase({ template: smallCounty });
  const office = await createDatabase();
  await office.client.query(example('land-records.sql'));
  const back = await createDatabase();
  await back.client.query(TABLES + REFERENCES);
  return [county, office, back];
}

test('the county goes into another shape and comes back as it was, and so do its changes', async () => {
  const [a, b, c] = await threeDatabases();
  await using _a = a;
  await using _b = b;
  await using _c = c;
  const there = () => runJob({ source: a, target: b }, JSON.parse(example('there.json')));
  const back = () => runJob({ source: b, target: c }, JSON.parse(example('back.json')));

  const first = [await there(), await back()];
  const same = summary(await compareDatabases(a.client, c.client));
  const versions = [await rowVersions(b.client), await rowVersions(c.client)];
  const quiet = [await there(), await back()];
  const after = [await rowVersions(b.client), await rowVersions(c.client)];
  await a.client.query(CHANGES);
  const changed = [await there(), await back()];

  expect(first.map((r) => r.job.failure)).toEqual([undefined, undefined]);
  expect(first.map((r) => r.job.state)).toEqual(['completed', 'completed']);
  expect(first[0]?.counts.inserted).toBeGreaterThan(2_000);
  expect(same).toEqual({});
  expect(quiet.map((r) => [r.counts.inserted, r.counts.updated, r.counts.deleted])).toEqual([
    [0, 0, 0],
    [0, 0, 0],
  ]);
  expect(after).toEqual(versions);
  expect(changed.map((r) => r.job.state)).toEqual(['completed', 'completed']);
  for (const { counts } of changed)
    expect(Math.min(counts.inserted, counts.updated, counts.deleted)).toBeGreaterThan(0);
  expect(summary(await compareDatabases(a.client, c.client))).toEqual({});
}, 120_000);
