import { expect, test } from 'vitest';
import { compareDatabases, rowVersions, summary } from './compare.ts';
import { createPair } from './databases.ts';
import { mutatePagila, pagilaMissing, pagilaRows, pagilaSchema } from './pagila.ts';

test('loads Pagila with and without rows', async ({ skip }) => {
  skip(pagilaMissing !== undefined, pagilaMissing);
  await using pair = await createPair({ source: pagilaRows, target: pagilaSchema });

  const differences = await compareDatabases(pair.source.client, pair.target.client);

  expect(Object.fromEntries(Object.entries(differences).map(([name, { rows }]) => [name, rows]))).toMatchObject({
    'public.film': 1000,
    'public.payment': 16049,
    'public.rental': 16044,
    'public.staff': 2,
  });
  expect(Object.values(differences).every(({ rows, missing }) => rows === missing.length)).toBe(true);
});

test('mutates about one percent of every table, and the comparison finds exactly that', async ({ skip }) => {
  skip(pagilaMissing !== undefined, pagilaMissing);
  await using pair = await createPair({ template: pagilaRows });
  const before = await rowVersions(pair.target.client);
  expect(summary(await compareDatabases(pair.source.client, pair.target.client))).toEqual({});

  const mutations = await mutatePagila(pair.target.client, { percent: 1, seed: 7 });
  const differences = summary(await compareDatabases(pair.source.client, pair.target.client));

  expect(
    Object.fromEntries(Object.entries(differences).map(([name, d]) => [name, [d.different, d.missing, d.extra]])),
  ).toEqual(Object.fromEntries(Object.entries(mutations).map(([name, m]) => [name, [m.changed, m.removed, m.added]])));
  expect(Object.values(mutations).every(({ changed, added }) => changed > 0 && added > 0)).toBe(true);
  expect(mutations['public.rental']).toMatchObject({ changed: 160, added: 160 });
  const after = await rowVersions(pair.target.client);
  expect(Object.keys(before).every((name) => before[name] !== after[name])).toBe(true);
});
