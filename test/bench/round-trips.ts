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

/** What statements of a database have done since the last reset. */
export interface Work {
  /** Pages they found in shared memory or read, in bytes: the same page counts each time. */
  readonly bytes: number;
  /** Rows they sent to the client or wrote. */
  readonly rows: number;
}

export async function workOf(cluster: Cluster, database: string): Promise<Work> {
  return cluster.use('postgres', async (admin) => {
    const { rows } = await admin.query<{ bytes: string; rows: string }>(
      `select coalesce(sum(s.shared_blks_hit + s.shared_blks_read), 0) * 8192 as bytes, coalesce(sum(s.rows), 0) as rows
       from pg_stat_statements s join pg_database d on d.oid = s.dbid where d.datname = $1`,
      [database],
    );
    return { bytes: Number(rows[0]?.bytes), rows: Number(rows[0]?.rows) };
  });
}
