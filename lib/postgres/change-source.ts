import { type Lsn, lsnBytes, lsnOf } from '../model/change-stream.ts';
import { SyncError } from '../model/errors.ts';
import { type ChangeMessage, decodeMessage } from '../model/pgoutput.ts';
import type { RelationName } from '../model/table.ts';
import type { ChangeSource } from '../ports.ts';
import type { Session } from './session.ts';
import { ident, literal, relation } from './sql.ts';

/** So much of a row's message is read: keys of an index have at most 2.7 KB, and mostly stand first. */
const ROW_BYTES = 16 * 1024;

/** Text of messages fetched at once, where the next ones are as wide as the last; a byte is two digits. */
const PAGE_BYTES = 4 * 1024 * 1024;

/** Messages fetched at once: at least, which is also how many are fetched before anything is known of them, and at most. */
const PAGE_ROWS = { least: 100, most: 1_000 };

/** How many messages to fetch after a page of so many with so much text. Pure. */
export const nextPage = (rows: number, bytes: number): number =>
  Math.max(PAGE_ROWS.least, Math.min(PAGE_ROWS.most, Math.floor((PAGE_BYTES * rows) / Math.max(1, bytes))));

/** How long open transactions are waited for. */
const OPEN_SECONDS = 60;

/** How long one look at the log may take; past it what is left is not decoded at all. */
const PEEK_MS = 240_000;

const WRITING = 'set transaction read write';

async function publish(
  session: Session,
  name: string,
  tables: readonly RelationName[],
  exists: boolean,
): Promise<void> {
  const list = tables.map(relation).join(', ');
  const text = exists
    ? `alter publication ${ident(name)} add table ${list}`
    : `create publication ${ident(name)} for table ${list} with (publish_via_partition_root = true)`;
  await session.transaction(() => session.run(text), WRITING);
}

/** Waits for every transaction that is open now, prepared ones too. */
async function awaitOpen(session: Session): Promise<void> {
  const [now] = await session.query('select pg_snapshot_xmax(pg_current_snapshot())::text');
  for (let waited = 0; ; waited++) {
    const [done] = await session.query('select pg_snapshot_xmin(pg_current_snapshot()) >= $1::xid8', [now?.[0]]);
    if (done?.[0] === 't') return;
    if (waited >= OPEN_SECONDS) break;
    await session.query('select pg_sleep(1)');
  }
  throw new SyncError(
    'lock_timeout',
    `A transaction of the source that was open before the job began is still open after ${OPEN_SECONDS} s.`,
    { facts: { side: 'source' } },
  );
}

/** Waits for transactions that are open now, 60 s for each; the slot tells what those that begin later commit. */
async function createSlot(session: Session, name: string): Promise<Lsn> {
  const [row] = await session.transaction(
    () => session.query(`select lsn::text from pg_create_logical_replication_slot($1, 'pgoutput')`, [name]),
    `set local lock_timeout = '60s'`,
  );
  return row?.[0] ?? '0/0';
}

/** The transaction of this message is flushed with everything that was committed before, asynchronously or not. */
async function horizon(session: Session): Promise<Lsn> {
  await session.transaction(
    () => session.query(`select pg_logical_emit_message(true, 'terrafusion-sync', '')`),
    `${WRITING}; set local synchronous_commit = on`,
  );
  const [row] = await session.query('select pg_current_wal_flush_lsn()::text');
  return row?.[0] ?? '0/0';
}

const bytesOf = (hex: string | null) => Buffer.from((hex ?? '').slice(2), 'hex');

/**
 * Reads whole transactions from the slot without moving it, up to `upto` or some `most` messages. The server keeps them in a
 * temporary file; the messages come by the thousand, or fewer where they are wide, and of a row no more than its first 16 KiB.
 *
 * Answers how far that was: everything that committed before was read.
 */
async function peek(
  session: Session,
  name: string,
  { upto, most }: { readonly upto: Lsn; readonly most: number },
  take: (messages: readonly ChangeMessage[]) => Promise<void>,
): Promise<Lsn> {
  const options = `'proto_version', '1', 'publication_names', ${literal(ident(name))}`;
  const changes = `pg_logical_slot_peek_binary_changes(${literal(name)}, ${literal(upto)}::pg_lsn, ${most}, ${options})`;
  return session.transaction(
    async () => {
      await session.run(
        `declare changes no scroll cursor for select case when get_byte(c.data, 0) in (73, 85, 68) then substr(c.data, 1, ${ROW_BYTES}) else c.data end from ${changes} c`,
      );
      let rows = 0;
      let end = 0n;
      for (let limit = PAGE_ROWS.least; ; ) {
        const page = await session.query(`fetch ${limit} from changes`);
        const messages = page.map(([data]) => decodeMessage(bytesOf(data ?? null)));
        for (const m of messages) if (m.kind === 'commit') end = m.endLsn;
        rows += page.length;
        if (page.length > 0) await take(messages);
        if (page.length < limit) break;
        limit = nextPage(
          page.length,
          page.reduce((sum, [data]) => sum + (data?.length ?? 0), 0),
        );
      }
      return rows < most && end < lsnBytes(upto) ? upto : lsnOf(end);
    },
    `set local idle_in_transaction_session_timeout = 0`,
    PEEK_MS,
  );
}

/** The changes of one source database, as a slot keeps them. */
export function changeSource(session: Session): ChangeSource {
  return {
    publish: (name, tables, exists) => publish(session, name, tables, exists),
    awaitOpen: () => awaitOpen(session),
    createSlot: (name) => createSlot(session, name),
    async dropSlot(name) {
      await session.query(
        'select pg_drop_replication_slot(s.slot_name) from pg_replication_slots s where s.slot_name = $1',
        [name],
      );
    },
    async dropPublication(name) {
      await session.transaction(() => session.run(`drop publication if exists ${ident(name)}`), WRITING);
    },
    horizon: () => horizon(session),
    peek: (...args) => peek(session, ...args),
    async advance(name, through) {
      await session.query(
        `select pg_replication_slot_advance(s.slot_name, $2::pg_lsn) from pg_replication_slots s
         where s.slot_name = $1 and s.confirmed_flush_lsn < $2::pg_lsn`,
        [name, through],
      );
    },
    async lag(through) {
      const [row] = await session.query(
        `select greatest(0, pg_wal_lsn_diff(pg_current_wal_insert_lsn(), $1::pg_lsn))::int8::text`,
        [through],
      );
      return Number(row?.[0] ?? 0);
    },
  };
}
