import { afterAll, beforeAll, expect, test } from 'vitest';
import { Secret } from '../../lib/model/secret.ts';
import { listTables } from '../../lib/orchestrator/list-tables.ts';
import { lookingDatabases } from '../../lib/postgres/looking-databases.ts';
import { createPair, type TestPair } from '../support/databases.ts';
import { ON_ONE_MACHINE } from '../support/rules.ts';

const catalogs = lookingDatabases({ rules: ON_ONE_MACHINE, version: 'test' });
const none = async () => undefined;
const ports = {
  catalogs,
  environments: { get: none },
  environmentSecrets: { get: () => Promise.reject(new Error('nobody is named')) },
};

let pair: TestPair;
beforeAll(async () => {
  pair = await createPair();
  const { source, target } = pair;
  await source.client.query(`
    create table parcels (id int primary key, note text); insert into parcels select n, repeat('x', 100) from generate_series(1, 500) n;
    create table "Only ""Source""" (v int); create view seen as select * from parcels; analyze parcels`);
  await target.client.query(`create table parcels (id int primary key, note text); create table own (a int, b int, primary key (b, a));
    create table hidden (id int)`);
});
afterAll(() => pair[Symbol.asyncDispose]());

const connections = () => ({ source: pair.source.connection, target: pair.target.connection });

test('tables of both sides stand next to each other, with rows, sizes and keys', async () => {
  const found = await listTables({ pair: connections() }, ports);

  expect(found.tables.map((t) => [t.name, t.source?.kind, t.target?.kind])).toEqual([
    ['public.Only "Source"', 'table', undefined],
    ['public.hidden', undefined, 'table'],
    ['public.own', undefined, 'table'],
    ['public.parcels', 'table', 'table'],
    ['public.seen', 'view', undefined],
  ]);
  const parcels = found.tables[3];
  expect(parcels?.source).toMatchObject({ rows_estimate: 500, key: ['id'] });
  expect(parcels?.source?.bytes).toBeGreaterThan(50_000);
  expect(parcels?.target).not.toHaveProperty('rows_estimate'); // never analyzed
  expect(found.tables[2]?.target?.key).toEqual(['b', 'a']);
  expect(found.source).toMatchObject({ database: pair.source.name, problems: [], grants: [] });
});

test('what the role of the target lacks is told for shared tables alone, with statements that grant it', async () => {
  const role = `lister_${pair.target.name}`;
  const { client } = pair.target;
  await client.query(`create role ${role} login password 'pw'; grant usage on schema public to ${role}`);
  const target = { ...pair.target.connection, user: role, password: new Secret('pw') };

  const before = await listTables({ pair: { ...connections(), target } }, ports);
  for (const grant of before.target.grants) await client.query(grant);
  const after = await listTables({ pair: { ...connections(), target } }, ports);

  expect(before.target.problems.flatMap((p) => p.object ?? [])).toEqual(['public.parcels']);
  expect(before.target.grants).toContain(`GRANT SELECT, INSERT, UPDATE, DELETE ON public.parcels TO ${role};`);
  expect(after.target).toMatchObject({ problems: [], grants: [] });
  await client.query(`drop owned by ${role}; drop role ${role}`);
});

test('every side that does not answer is named with its field, and no environment that is unknown is tried', async () => {
  const wrong = { ...pair.target.connection, database: 'no such database' };
  const twice = listTables({ pair: { source: { ...wrong }, target: wrong } }, ports);
  await expect(twice).rejects.toMatchObject({
    problems: [
      { code: 'database_not_found', side: 'source', field: '/source_connection' },
      { code: 'database_not_found', side: 'target', field: '/target_connection' },
    ],
  });

  const named = listTables({ pair: { source: pair.source.connection }, environments: { target: 'nowhere' } }, ports);
  await expect(named).rejects.toMatchObject({
    problems: [{ code: 'environment_not_found', field: '/target_environment' }],
  });
});
