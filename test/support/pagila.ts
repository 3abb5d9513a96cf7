import { existsSync, readFileSync } from 'node:fs';
import { finished } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import type { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { Template } from './databases.ts';
import { type Statement, statementsOf } from './pg-dump.ts';

export { type Mutations, mutate as mutatePagila } from './mutate.ts';

const FILE = process.env.PAGILA_SQL ?? fileURLToPath(new URL('../../../shared/data/pagila.sql', import.meta.url));

/** Why Pagila cannot be used here, for `skip(pagilaMissing !== undefined, pagilaMissing)`; undefined when it can. */
export const pagilaMissing: string | undefined = existsSync(FILE)
  ? undefined
  : `no Pagila at ${FILE}; set PAGILA_SQL to pagila.sql`;

/** Pagila's schema without rows. */
export const pagilaSchema: Template = { name: 'pagila-schema', build: (client) => loadPagila(client, 'schema') };
/** Pagila with its rows: 15 tables (one partitioned), 46,000 rows. */
export const pagilaRows: Template = { name: 'pagila-rows', build: (client) => loadPagila(client, 'rows') };

/** Loads the pg_dump script into an empty database (0.8 s with rows), without psql. */
export async function loadPagila(client: Client, content: 'schema' | 'rows'): Promise<void> {
  for (const statement of statementsOf(readFileSync(FILE, 'utf8'))) {
    if (content === 'schema' && isData(statement)) continue;
    await run(client, statement);
  }
  await client.query('reset all'); // the script empties search_path, among others
  await client.query('analyze');
}

function isData({ sql, rows }: Statement): boolean {
  return rows !== undefined || /^select pg_catalog\.setval/i.test(sql);
}

async function run(client: Client, { sql, rows }: Statement): Promise<void> {
  if (rows === undefined) {
    await client.query(sql);
    return;
  }
  const stream = client.query(copyFrom(sql));
  stream.end(rows);
  await finished(stream);
}
