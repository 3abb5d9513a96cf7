import { expect, inject, test } from 'vitest';
import { createDemo, loadCounty } from '../../../local/demo/create-demo.ts';
import { drift } from '../../../local/demo/drift.ts';
import { compareDatabases, summary } from '../../support/compare.ts';
import { createCountyPair, smallCounty } from '../../support/county.ts';
import { connect, createDatabase, createPair } from '../../support/databases.ts';

test('has about 50,000 rows at scale 1', async () => {
  await using county = await createDatabase();

  await loadCounty(county.client, { scale: 1, seed: 1 });
  const rows = await countRows(county.client);

  expect(rows).toEqual({
    appeals: 1400,
    assessments: 14000,
    improvements: 4900,
    inspections: 4900,
    owners: 5000,
    ownership: 8400,
    parcels: 7000,
    permits: 2800,
    sales: 3500,
    tax_districts: 36,
  });
});

test('gives the same county for the same seed and another one for another seed', async () => {
  await using pair = await createPair({ source: smallCounty });
  await using third = await createDatabase();

  await loadCounty(pair.target.client, { scale: 0.05, seed: 1 });
  await loadCounty(third.client, { scale: 0.05, seed: 2 });

  expect(summary(await compareDatabases(pair.source.client, pair.target.client))).toEqual({});
  expect(Object.keys(summary(await compareDatabases(pair.source.client, third.client)))).toContain('public.parcels');
});

test('holds what makes rows hard to carry', async () => {
  await using county = await createDatabase({ template: smallCounty });
  const one = async (from: string) => (await county.client.query(`select count(*) as n from ${from}`)).rows[0].n;

  const found = {
    quotes: await one(`owners where name like '%O''Neil%'`),
    umlauts: await one(`owners where name like '%Müller%'`),
    'two empty texts': await one(`sales a, sales b where a.remarks is null and b.remarks = ''`),
    'tab, backslash and newline': await one(`sales where remarks like E'%\\t%\\\\\\\\%\\n%'`),
    'infinite dates': await one(`assessments where appeal_deadline = 'infinity' or certified_at = '-infinity'`),
    'not a number': await one(`assessments where sales_ratio = 'NaN'`),
    'empty ranges': await one(`parcels where isempty(frontage_feet)`),
    'null in an array': await one(`owners where array_position(phones, null) > 0`),
    'rows of rows': await one(`improvements a join improvements b on b.improvement_id = a.parent_improvement_id`),
  };

  expect(Object.entries(found).filter(([, n]) => n === '0')).toEqual([]);
});

test('drifts by rows that the comparison finds one by one, with foreign keys valid on both sides', async () => {
  await using pair = await createCountyPair();

  const differences = summary(await compareDatabases(pair.source.client, pair.target.client));

  const deeds = (side: 'production' | 'training', table: string, did: string) =>
    pair.drift[side].filter((d) => `public.${d.table}` === table && d.did === did).reduce((n, d) => n + d.rows, 0);
  for (const [table, found] of Object.entries(differences)) {
    expect({ table, ...found }).toEqual({
      table,
      missing: deeds('production', table, 'added') + deeds('training', table, 'removed'),
      extra: deeds('production', table, 'removed') + deeds('training', table, 'added'),
      different: deeds('production', table, 'changed') + deeds('training', table, 'changed'),
    });
  }
  const didNothing = [...pair.drift.production, ...pair.drift.training].filter((deed) => deed.rows === 0);
  expect(didNothing).toEqual([]);
});

test('drifts again week by week', async () => {
  await using pair = await createCountyPair();
  const sides = { production: pair.source.client, training: pair.target.client };

  const second = await drift(sides, { seed: 1, round: 2 });
  const third = await drift(sides, { seed: 1, round: 3 });

  for (const { production } of [second, third]) {
    expect(production.find((d) => d.table === 'sales')?.rows).toBeGreaterThan(0);
  }
});

test('is made once, found again, and made anew for another scale', async () => {
  const cluster = inject('cluster');
  const url = (database: string) => Object.assign(new URL(cluster.url), { pathname: `/${database}` }).href;
  const names = { source: `${cluster.prefix}production`, target: `${cluster.prefix}training` };

  const first = await createDemo({ url }, { scale: 0.01, names });
  const again = await createDemo({ url }, { names });
  const larger = await createDemo({ url }, { scale: 0.02, names });

  expect([first.created, again.created, larger.created]).toEqual([true, false, true]);
  expect(again).toMatchObject({ scale: 0.01, seed: 1, sourceDatabase: names.source, targetUrl: url(names.target) });
  expect(first.drift?.training.length).toBeGreaterThan(0);
  const admin = await connect('postgres');
  for (const name of Object.values(names)) await admin.query(`drop database ${name}`);
  await admin.end();
});

async function countRows(client: Awaited<ReturnType<typeof connect>>): Promise<Record<string, number>> {
  const { rows } = await client.query(`
    select relname, (xpath('/row/n/text()', query_to_xml(format('select count(*) as n from %I', relname), false, true, '')))[1]::text as n
    from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by 1`);
  return Object.fromEntries(rows.map((row) => [row.relname, Number(row.n)]));
}
