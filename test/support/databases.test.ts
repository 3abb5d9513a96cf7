import type { Client } from 'pg';
import { expect, test } from 'vitest';
import { connect, createDatabase, createPair } from './databases.ts';

const template = {
  name: 'one-table',
  build: async (client: Client) => {
    await client.query(`create table t (id bigint primary key, at timestamptz, n numeric)`);
    await client.query(`insert into t values (9007199254740993, 'infinity', 1.00)`);
  },
};

test('gives two different databases with the content of the template and values as text', async () => {
  await using pair = await createPair({ template });

  await pair.target.client.query('delete from t');
  const { rows } = await pair.source.client.query('select * from t');

  expect(rows).toEqual([{ id: '9007199254740993', at: 'infinity', n: '1.00' }]);
  expect(pair.source.name).not.toBe(pair.target.name);
});

test('fails when a session is still open at the end', async () => {
  const database = await createDatabase({ leakLimitMs: 50 });
  const leak = await connect(database.name);

  const disposed = database[Symbol.asyncDispose]();

  await expect(disposed).rejects.toThrow('1 sessions are still open');
  await leak.end();
});
