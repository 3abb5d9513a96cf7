import type { RowKey } from '../model/change.ts';
import { type JobEvent, type SegmentId, streamOf } from '../model/checkpoint.ts';
import type { Conflict, ConflictState } from '../model/conflict.ts';
import { type RelationName, relationText } from '../model/table.ts';
import type { ConflictDraft, ConflictRefresh, Decided, Raised, Resolution, TargetDatabase } from '../ports.ts';
import type { Session } from './session.ts';

/** Time of the transaction, so that what one of them stores is of one time. */
const NOW = `to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** A version of its own: one that was closed and forgotten here, and comes up again, must be newer than what the store has. */
const FIRST_VERSION = `(extract(epoch from clock_timestamp()) * 1000)::int8`;
const NEXT_VERSION = `greatest(c.version + 1, ${FIRST_VERSION})`;

/** Conflict `c` as the store keeps it. */
export const AS_STORED = `(c.data || jsonb_build_object('conflict_id', c.conflict_id, 'version', c.version, 'pair', c.pair,
  'table', c.table_schema || '.' || c.table_name, 'key', to_jsonb(c.key), 'state', c.state, 'seen_by', c.seen_by))::text`;

export const storedOf = (json: string | null | undefined) => JSON.parse(json ?? '{}') as Conflict; // put together by AS_STORED

/**
 * Opens conflicts, or refreshes those that are open already; one that this job has seen as it is stays as it is. Answers
 * those that changed, and which of them are new.
 */
async function raise(
  session: Session,
  { jobId }: SegmentId,
  table: RelationName,
  drafts: readonly ConflictDraft[],
): Promise<readonly Raised[]> {
  if (drafts.length === 0) return [];
  const rows = await session.query(
    `insert into tf_sync.conflict as c (conflict_id, pair, table_schema, table_name, key, state, seen_by, version, data)
     select d ->> 'conflict_id', d ->> 'pair', $2, $3, array(select jsonb_array_elements_text(d -> 'key')), 'open', $1::uuid, ${FIRST_VERSION},
       (d - '{conflict_id,pair,key}'::text[]) || jsonb_build_object('opened_by', $1::uuid, 'opened_at', ${NOW}, 'seen_at', ${NOW})
     from unnest($4::jsonb[]) d
     on conflict (conflict_id) do update set state = 'open', seen_by = excluded.seen_by, version = ${NEXT_VERSION},
       data = excluded.data || case when c.state = 'open'
         then jsonb_build_object('opened_by', c.data -> 'opened_by', 'opened_at', c.data -> 'opened_at') else '{}' end
     where c.state <> 'open' or c.seen_by <> excluded.seen_by
       or (c.data -> 'prints', c.data -> 'type') is distinct from (excluded.data -> 'prints', excluded.data -> 'type')
     returning c.conflict_id, (c.data ->> 'opened_at' = c.data ->> 'seen_at')::text`,
    [jobId, table.schema, table.name, drafts.map((d) => JSON.stringify(d))],
  );
  return rows.map(([id, opened]) => ({ conflict_id: id ?? '', opened: opened === 'true' }));
}

/** Closes those of the conflicts that are open; answers their ids. */
async function close(
  session: Session,
  jobId: string,
  closing: readonly { readonly conflict_id: string; readonly state: ConflictState }[],
): Promise<readonly string[]> {
  if (closing.length === 0) return [];
  const rows = await session.query(
    `update tf_sync.conflict c set state = u.s, seen_by = $1, version = ${NEXT_VERSION},
       data = c.data || jsonb_build_object('seen_at', ${NOW}, 'closed_at', ${NOW})
     from unnest($2::text[], $3::text[]) u(id, s) where c.conflict_id = u.id and c.state = 'open' returning c.conflict_id`,
    [jobId, closing.map((c) => c.conflict_id), closing.map((c) => c.state)],
  );
  return rows.map(([id]) => id ?? '');
}

/** Puts events into the outbox as a stream of their own. */
async function tell(session: Session, jobId: string, stream: string, events: readonly JobEvent[]): Promise<void> {
  if (events.length === 0) return;
  await session.query(
    `insert into tf_sync.outbox (job_id, stream, seq, event)
     select $1, $2, u.n, u.e || jsonb_build_object('at', ${NOW}) from unnest($3::jsonb[]) with ordinality u(e, n)`,
    [jobId, `decisions/${stream}`, events.map((e) => JSON.stringify(e))],
  );
}

/** Stores what a chunk decided besides its rows and bases, inside its transaction. */
export async function storeDecided(
  session: Session,
  chunk: { readonly id: SegmentId; readonly seq: number; readonly table: RelationName },
  decided: Decided,
): Promise<void> {
  const raised = await raise(session, chunk.id, chunk.table, decided.raise);
  const closed = await close(session, chunk.id.jobId, decided.close);
  const { jobId, table, pass, segment } = chunk.id;
  await tell(session, jobId, `${streamOf(table, pass, segment)}/${chunk.seq}`, decided.events(raised, closed));
}

/** Closes conflicts that no worker has met, and notes how the others are now, at the end of a run. */
export async function settleConflicts(
  session: Session,
  { jobId, epoch }: { readonly jobId: string; readonly epoch: number },
  page: string,
  what: Parameters<TargetDatabase['settleConflicts']>[2],
): Promise<void> {
  await session.transaction(async () => {
    const fence = await session.query(
      'select 1 from tf_sync.job j where j.job_id = $1 and j.epoch = $2 and not j.ended for share',
      [jobId, String(epoch)],
    );
    if (fence.length === 0) return;
    const closed = await close(session, jobId, what.close);
    await session.query(
      `update tf_sync.conflict c set seen_by = $1, version = ${NEXT_VERSION},
         data = c.data || jsonb_build_object('seen_at', ${NOW}, 'prints', (c.data -> 'prints') || jsonb_build_object('source', u.s, 'target', u.t))
       from unnest($2::text[], $3::text[], $4::text[]) u(id, s, t)
       where c.conflict_id = u.id and c.state = 'open' and c.seen_by <> $1`,
      [jobId, what.see.map((c) => c.conflict_id), what.see.map((c) => c.source), what.see.map((c) => c.target)],
    );
    // a settle that was repeated finds nothing more to close, so a stream is written once
    await tell(session, jobId, `settle/${epoch}/${page}`, what.events(closed));
  });
}

/** Open conflicts of a table that this job has not seen yet; at most `limit`, in order of their ids, behind `after`. */
export async function unseenConflicts(
  session: Session,
  jobId: string,
  of: { readonly pair: string; readonly table: RelationName },
  after: string,
  limit: number,
): Promise<readonly { readonly conflict_id: string; readonly key: RowKey }[]> {
  const rows = await session.query(
    `select c.conflict_id, to_json(c.key)::text from tf_sync.conflict c
     where (c.table_schema, c.table_name) = ($2, $3) and c.state = 'open' and c.pair = $4 and c.seen_by <> $1 and c.conflict_id > $5
     order by c.conflict_id limit $6`,
    [jobId, of.table.schema, of.table.name, of.pair, after, String(limit)],
  );
  return rows.map(([id, key]) => ({ conflict_id: id ?? '', key: JSON.parse(key ?? '[]') as RowKey })); // text[] as JSON
}

/** Those of the conflicts that are open, with their prints. */
export async function openConflicts(
  session: Session,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Conflict['prints']>> {
  if (ids.length === 0) return new Map();
  const rows = await session.query(
    `select c.conflict_id, (c.data -> 'prints')::text from tf_sync.conflict c where c.conflict_id = any($1) and c.state = 'open'`,
    [ids],
  );
  return new Map(rows.map(([id, prints]) => [id ?? '', JSON.parse(prints ?? '{}') as Conflict['prints']]));
}

/** How many open conflicts the job was the last to see, by table. */
export async function countOpen(session: Session, jobId: string): Promise<ReadonlyMap<string, number>> {
  const rows = await session.query(
    `select c.table_schema, c.table_name, count(*)::text from tf_sync.conflict c where c.seen_by = $1 and c.state = 'open' group by 1, 2`,
    [jobId],
  );
  return new Map(
    rows.map(([schema, name, n]) => [relationText({ schema: schema ?? '', name: name ?? '' }), Number(n)]),
  );
}

/** Conflicts of a job that the store has not learnt of as they are now. */
export async function untoldConflicts(session: Session, jobId: string, limit: number): Promise<readonly Conflict[]> {
  const rows = await session.query(
    `select ${AS_STORED} from tf_sync.conflict c where c.seen_by = $1 and c.version > c.told limit $2`,
    [jobId, String(limit)],
  );
  return rows.map(([json]) => storedOf(json));
}

/** SQL of conflicts that `$1` names, locked in order of their ids: whoever decides many waits for them in that order too. */
const IN_ORDER = `with l as materialized (
  select c.conflict_id from tf_sync.conflict c where c.conflict_id = any($1::text[]) order by c.conflict_id for update of c)`;

/** Notes what the store has learnt; closed conflicts that it knows are forgotten here. */
export async function toldConflicts(session: Session, conflicts: readonly Conflict[]): Promise<void> {
  if (conflicts.length === 0) return;
  const told = [conflicts.map((c) => c.conflict_id), conflicts.map((c) => c.version)];
  await session.query(
    `${IN_ORDER} update tf_sync.conflict c set told = greatest(c.told, u.v)
     from l join unnest($1::text[], $2::int8[]) u(id, v) on u.id = l.conflict_id where c.conflict_id = l.conflict_id`,
    told,
  );
  await session.query(
    `${IN_ORDER} delete from tf_sync.conflict c using l join unnest($1::text[], $2::int8[]) u(id, v) on u.id = l.conflict_id
     where c.conflict_id = l.conflict_id and c.version = u.v and c.state in ('converged', 'superseded')`,
    told,
  );
}

const byId = (rows: readonly (readonly (string | null)[])[]): ReadonlyMap<string, Conflict> =>
  new Map(rows.map(([json]) => storedOf(json)).map((c) => [c.conflict_id, c]));

/** Those of the conflicts that are known here, by id. */
export async function conflictsOf(
  session: Session,
  ids: readonly string[],
  lock = '',
): Promise<ReadonlyMap<string, Conflict>> {
  if (ids.length === 0) return new Map();
  const text = `select ${AS_STORED} from tf_sync.conflict c where c.conflict_id = any($1) order by c.conflict_id ${lock}`;
  return byId(await session.query(text, [ids]));
}

/** The same, locked until the transaction ends; in order of their ids, so that two who decide the same many do not cross. */
export const lockConflicts = (session: Session, ids: readonly string[]) => conflictsOf(session, ids, 'for update of c');

/** Puts an event of each conflict into the outbox of the job that saw it last, as a stream of its own. */
async function tellEach(session: Session, told: readonly { readonly of: Conflict; readonly event: JobEvent }[]) {
  if (told.length === 0) return;
  await session.query(
    `insert into tf_sync.outbox (job_id, stream, seq, event)
     select u.j, u.s, 1, u.e || jsonb_build_object('at', ${NOW}) from unnest($1::uuid[], $2::text[], $3::jsonb[]) u(j, s, e)`,
    [
      told.map(({ of }) => of.seen_by),
      told.map(({ of }) => `decisions/${of.conflict_id}/${of.version}`),
      told.map(({ event }) => JSON.stringify(event)),
    ],
  );
}

/** Closes locked conflicts with their records. */
export async function closeResolved(
  session: Session,
  by: readonly Resolution[],
): Promise<ReadonlyMap<string, Conflict>> {
  const closed = byId(
    await session.query(
      `update tf_sync.conflict c set state = 'resolved', version = ${NEXT_VERSION},
         data = c.data || jsonb_build_object('closed_at', ${NOW}, 'decision', u.r || jsonb_build_object('at', ${NOW}))
       from unnest($1::text[], $2::jsonb[]) u(id, r) where c.conflict_id = u.id returning ${AS_STORED}`,
      [by.map((r) => r.conflict_id), by.map((r) => JSON.stringify(r.record))],
    ),
  );
  await tellEach(
    session,
    by.flatMap(({ conflict_id, event }) => {
      const of = closed.get(conflict_id);
      return of ? [{ of, event }] : [];
    }),
  );
  return closed;
}

/** Shows conflicts as they are now, each if it is open and still of the version that was looked at. */
export async function refreshConflicts(
  session: Session,
  refreshes: readonly ConflictRefresh[],
): Promise<ReadonlyMap<string, Conflict>> {
  if (refreshes.length === 0) return new Map();
  return session.transaction(async () => {
    const ids = refreshes.map((r) => r.conflict_id);
    await lockConflicts(session, ids);
    const done = byId(
      await session.query(
        `update tf_sync.conflict c set state = u.s, version = ${NEXT_VERSION},
           data = c.data || u.d || jsonb_build_object('seen_at', ${NOW})
             || case u.s when 'open' then '{}' else jsonb_build_object('closed_at', ${NOW}) end
         from unnest($1::text[], $2::int8[], $3::text[], $4::jsonb[]) u(id, v, s, d)
         where c.conflict_id = u.id and c.version = u.v and c.state = 'open' returning ${AS_STORED}`,
        [
          ids,
          refreshes.map((r) => r.version),
          refreshes.map((r) => r.state),
          refreshes.map((r) => JSON.stringify(r.data)),
        ],
      ),
    );
    await tellEach(
      session,
      refreshes.flatMap(({ conflict_id, event }) => {
        const of = done.get(conflict_id);
        return of ? [{ of, event }] : [];
      }),
    );
    return conflictsOf(session, ids);
  });
}
