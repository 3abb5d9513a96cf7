import type { Watermark } from '../model/table.ts';
import type { Session } from './session.ts';

/** The stored horizons of these pairs, in their order; undefined where there is none. */
export async function loadWatermarks(
  session: Session,
  wanted: readonly Pick<Watermark, 'pair' | 'table'>[],
): Promise<readonly (string | undefined)[]> {
  const rows = await session.query(
    `select to_char(w.horizon at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
     from unnest($1::text[], $2::text[], $3::text[]) with ordinality u(s, n, p, i)
     left join tf_sync.watermark w on (w.table_schema, w.table_name, w.pair) = (u.s, u.n, u.p)
     order by u.i`,
    [wanted.map((w) => w.table.schema), wanted.map((w) => w.table.name), wanted.map((w) => w.pair)],
  );
  return rows.map((r) => r[0] ?? undefined);
}

/** Stores what is true from now on. Inside the transaction that ends the job, which holds the job's row and its epoch. */
export async function storeWatermarks(
  session: Session,
  jobId: string,
  watermarks: readonly Watermark[],
): Promise<void> {
  if (watermarks.length === 0) return;
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
