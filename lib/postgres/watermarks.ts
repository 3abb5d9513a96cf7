import type { Watermark } from '../model/table.ts';
import type { KnownWatermark } from '../ports.ts';
import type { Session } from './session.ts';

/** What is stored of these pairs, in their order: the horizon, else the other pairs that are known of the same table. */
export async function loadWatermarks(
  session: Session,
  wanted: readonly Pick<Watermark, 'pair' | 'table'>[],
): Promise<readonly KnownWatermark[]> {
  const rows = await session.query(
    `select to_char(w.horizon at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
       (select string_agg(o.pair, ' ') from tf_sync.watermark o where (o.table_schema, o.table_name) = (u.s, u.n))
     from unnest($1::text[], $2::text[], $3::text[]) with ordinality u(s, n, p, i)
     left join tf_sync.watermark w on (w.table_schema, w.table_name, w.pair) = (u.s, u.n, u.p)
     order by u.i`,
    [wanted.map((w) => w.table.schema), wanted.map((w) => w.table.name), wanted.map((w) => w.pair)],
  );
  return rows.map(([horizon, pairs]) => (horizon ? { horizon } : { others: pairs?.split(' ') ?? [] }));
}

/** Stores what is true from now on. Inside the transaction that ends the job, which holds the job's row and its epoch. */
export async function storeWatermarks(
  session: Session,
  jobId: string,
  watermarks: readonly Watermark[],
): Promise<void> {
  await session.query(
    `insert into tf_sync.watermark (table_schema, table_name, pair, horizon, job_id)
     select u.s, u.n, u.p, u.h, $5 from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[]) u(s, n, p, h)
     on conflict (table_schema, table_name, pair) do update set horizon = excluded.horizon, job_id = excluded.job_id, updated_at = now()`,
    [
      watermarks.map((w) => w.table.schema),
      watermarks.map((w) => w.table.name),
      watermarks.map((w) => w.pair),
      watermarks.map((w) => w.horizon),
      jobId,
    ],
  );
}
