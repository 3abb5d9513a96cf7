import type { DrainedKeys, Lsn, StreamState, StreamTable, TableState } from '../model/change-stream.ts';
import { SyncError } from '../model/errors.ts';
import type { TablePlan } from '../model/table.ts';
import type { ChangeLog } from '../ports.ts';
import { appendJobEvent } from './control.ts';
import type { Session } from './session.ts';

/** A run of a job, which writes here only while it is the current one. */
type Run = { readonly jobId: string; readonly epoch: number };

/** Throws `epoch_superseded` unless this is the current run; it stays so until the transaction ends. */
export async function current(session: Session, { jobId, epoch }: Run): Promise<void> {
  const rows = await session.query('select 1 from tf_sync.job where job_id = $1 and epoch = $2 for share', [
    jobId,
    String(epoch),
  ]);
  if (rows.length === 0) throw new SyncError('epoch_superseded', 'A newer run of this job has taken over.');
}

async function stream(session: Session, name: string): Promise<StreamState | undefined> {
  const [row] = await session.query(
    'select made::text, drains::text, drained::text from tf_sync.change_stream where stream = $1',
    [name],
  );
  return row && { made: Number(row[0]), drains: Number(row[1]), drained: row[2] ?? '0/0' };
}

/** A new slot begins: nothing that was known before says what has changed since. Keys that wait stay. */
async function begin(session: Session, run: Run, name: string, from: Lsn): Promise<void> {
  await session.transaction(async () => {
    await current(session, run);
    await session.query(
      `insert into tf_sync.change_stream (stream, made, drains, drained) values ($1, 1, 1, $2)
       on conflict (stream) do update set made = change_stream.made + 1, drains = change_stream.drains + 1,
         drained = excluded.drained, updated_at = now()`,
      [name, from],
    );
    await session.query('update tf_sync.change_table set stamp = null where stream = $1', [name]);
  });
}

/** Tables that the stream is to tell of from now on; one whose key has changed begins anew. */
async function register(session: Session, run: Run, name: string, tables: readonly StreamTable[]): Promise<void> {
  const values = [
    name,
    tables.map((t) => t.source.schema),
    tables.map((t) => t.source.name),
    tables.map((t) => JSON.stringify(t.key)),
  ];
  const asked = `(select u.s, u.n, array(select jsonb_array_elements_text(u.k)) as key from unnest($2::text[], $3::text[], $4::jsonb[]) u(s, n, k))`;
  const other = `t.stream = $1 and (t.table_schema, t.table_name) = (a.s, a.n) and t.key_columns <> a.key`;
  await session.transaction(async () => {
    await current(session, run);
    await session.query('select 1 from tf_sync.change_stream where stream = $1 for update', [name]);
    await session.query(
      `delete from tf_sync.changed_key k using tf_sync.change_table t, ${asked} a where k.change_table = t.id and ${other}`,
      values,
    );
    await session.query(
      `insert into tf_sync.change_table as t (stream, table_schema, table_name, key_columns)
       select $1, a.s, a.n, a.key from ${asked} a
       on conflict (stream, table_schema, table_name) do update set key_columns = excluded.key_columns, stamp = null
       where t.key_columns <> excluded.key_columns`,
      values,
    );
  });
}

async function tables(session: Session, name: string): Promise<readonly (StreamTable & TableState)[]> {
  const rows = await session.query(
    `select t.id::text, t.table_schema, t.table_name, to_json(t.key_columns)::text, t.stamp, (t.dirty is not null)::text,
       (select count(*) from tf_sync.changed_key k where k.change_table = t.id)::text
     from tf_sync.change_table t where t.stream = $1 order by t.id`,
    [name],
  );
  return rows.map(([id, schema, table, key, stamp, dirty, keys]) => ({
    id: Number(id),
    source: { schema: schema ?? '', name: table ?? '' }, // not null
    key: JSON.parse(key ?? '[]') as string[],
    ...(stamp !== null && stamp !== undefined && { stamp }),
    dirty: dirty === 'true',
    keys: Number(keys),
  }));
}

async function put(session: Session, ids: readonly number[], drain: number, { keys, dirty }: DrainedKeys) {
  for (const [table, of] of keys) {
    await session.query(
      `insert into tf_sync.changed_key (change_table, key, drain)
       select $1, array(select jsonb_array_elements_text(k)), $2 from jsonb_array_elements($3::jsonb) k
       on conflict (change_table, key) do update set drain = excluded.drain`,
      [String(ids[table]), String(drain), JSON.stringify(of)],
    );
  }
  await session.query('update tf_sync.change_table set dirty = $2 where id = any($1::int[])', [
    dirty.map((table) => String(ids[table])),
    String(drain),
  ]);
}

/**
 * One transaction: the keys that `work` puts, and how far it says that it came. It holds the stream, so of two that drain at
 * once the second sees what the first has done. Undefined: the stream is not where the caller believes.
 */
async function drain(
  session: Session,
  run: Run,
  at: { readonly stream: string; readonly from: Lsn; readonly tables: readonly { readonly id: number }[] },
  work: (put: (keys: DrainedKeys) => Promise<void>) => Promise<Lsn>,
): Promise<void> {
  await session.transaction(async () => {
    await current(session, run);
    const [row] = await session.query(
      `update tf_sync.change_stream set drains = drains + 1, updated_at = now()
       where stream = $1 and drained = $2::pg_lsn returning drains::text`,
      [at.stream, at.from],
    );
    if (!row) throw new SyncError('lock_timeout', 'Another job has drained the changes of this pair meanwhile.');
    const ids = at.tables.map((t) => t.id);
    const through = await work((keys) => put(session, ids, Number(row[0]), keys));
    await session.query('update tf_sync.change_stream set drained = $2 where stream = $1', [at.stream, through]);
  }, 'set local idle_in_transaction_session_timeout = 0'); // the source decodes for minutes
}

/** Plans that a job has stored become these; inside the caller's transaction. */
export async function putPlans(session: Session, jobId: string, plans: readonly TablePlan[]): Promise<void> {
  await session.query(
    `update tf_sync.table_plan p set plan = u.plan from unnest($2::int[], $3::jsonb[]) u(no, plan)
     where p.job_id = $1 and p.table_no = u.no`,
    [jobId, plans.map((p) => String(p.table)), plans.map((p) => JSON.stringify(p))],
  );
}

/** What the target knows of streams of changes. */
export function changeLog(session: Session): ChangeLog {
  return {
    stream: (name) => stream(session, name),
    begin: (...args) => begin(session, ...args),
    register: (...args) => register(session, ...args),
    tables: (name) => tables(session, name),
    drain: (...args) => drain(session, ...args),
    storePlans: (run, plans, event) =>
      session.transaction(async () => {
        await current(session, run);
        await putPlans(session, run.jobId, plans);
        await appendJobEvent(session, run.jobId, event);
      }),
  };
}
