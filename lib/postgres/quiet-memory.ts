import type { QuietKey, QuietMemory, QuietNote, TouchSignals } from '../model/quiet.ts';
import type { Session } from './session.ts';

/** What is known of these tables, in their order. */
export async function loadQuiet(
  session: Session,
  wanted: readonly QuietKey[],
): Promise<readonly (QuietMemory | undefined)[]> {
  const rows = await session.query(
    `select q.signals::text, to_char(q.compared_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), q.runs::text, q.rows::text, q.kept::text
     from unnest($1::text[], $2::text[], $3::text[]) with ordinality u(s, n, p, i)
     left join tf_sync.quiet q on (q.table_schema, q.table_name, q.pair) = (u.s, u.n, u.p)
     order by u.i`,
    [wanted.map((w) => w.table.schema), wanted.map((w) => w.table.name), wanted.map((w) => w.pair)],
  );
  return rows.map(([signals, comparedAt, runs, all, kept]) =>
    signals && comparedAt
      ? {
          signals: JSON.parse(signals) as TouchSignals, // written by storeQuiet
          comparedAt,
          runs: Number(runs),
          rows: Number(all),
          kept: Number(kept),
        }
      : undefined,
  );
}

/** Stores what is known from now on. Inside the transaction that ends the job, which holds the job's row and its epoch. */
export async function storeQuiet(session: Session, jobId: string, notes: readonly QuietNote[]): Promise<void> {
  const relied = notes.filter((n) => !n.found);
  if (relied.length > 0)
    await session.query(
      `update tf_sync.quiet q set runs = q.runs + 1 from unnest($1::text[], $2::text[], $3::text[]) u(s, n, p)
       where (q.table_schema, q.table_name, q.pair) = (u.s, u.n, u.p)`,
      [relied.map((n) => n.table.schema), relied.map((n) => n.table.name), relied.map((n) => n.pair)],
    );
  const found = notes.flatMap((n) => (n.found ? [{ ...n, ...n.found }] : []));
  if (found.length === 0) return;
  await session.query(
    `insert into tf_sync.quiet (table_schema, table_name, pair, signals, compared_at, runs, rows, kept, job_id)
     select u.s, u.n, u.p, u.g, u.c, 0, u.r, u.k, $8
     from unnest($1::text[], $2::text[], $3::text[], $4::jsonb[], $5::timestamptz[], $6::int8[], $7::int8[]) u(s, n, p, g, c, r, k)
     on conflict (table_schema, table_name, pair) do update set signals = excluded.signals, compared_at = excluded.compared_at,
       runs = 0, rows = excluded.rows, kept = excluded.kept, job_id = excluded.job_id`,
    [
      found.map((n) => n.table.schema),
      found.map((n) => n.table.name),
      found.map((n) => n.pair),
      found.map((n) => JSON.stringify(n.signals)),
      found.map((n) => n.comparedAt),
      found.map((n) => String(n.rows)),
      found.map((n) => String(n.kept)),
      jobId,
    ],
  );
}
