import type { Cluster } from './cluster.ts';

/** Statements that the server has finished since the last reset, per database; each was one round trip of its client. */
export async function countStatements(cluster: Cluster, databases: readonly string[]): Promise<readonly number[]> {
  return cluster.use('postgres', async (admin) => {
    const { rows } = await admin.query<{ calls: number }>(
      `select coalesce((select sum(calls) from pg_stat_statements s join pg_database d on d.oid = s.dbid where d.datname = u.name), 0)::int as calls
       from unnest($1::text[]) with ordinality u(name, n) order by n`,
      [databases],
    );
    return rows.map((row) => row.calls);
  });
}

export async function resetStatements(cluster: Cluster): Promise<void> {
  await cluster.use('postgres', async (admin) => {
    await admin.query('create extension if not exists pg_stat_statements');
    await admin.query('select pg_stat_statements_reset()');
  });
}
