import type { SlotFacts } from '../model/slot.ts';
import type { Session } from './session.ts';

/** The service's own slots, as `streamName` names them; `tfsync_backup` is somebody else's. */
const OURS = `s.slot_name ~ '^tfsync_[0-9a-f]{32}$'`;

/** Since when a slot is not read came with PostgreSQL 17. A standby has no place to write; it has received up to one. */
const SLOTS = `
  select s.slot_name, s.database, s.active::text,
  greatest(0, coalesce(pg_wal_lsn_diff(
    case when pg_is_in_recovery() then pg_last_wal_receive_lsn() else pg_current_wal_lsn() end, s.restart_lsn), 0))::int8::text,
  (select nullif(l.setting::int8, -1) * 1048576 from pg_settings l where l.name = 'max_slot_wal_keep_size')::text,
  coalesce(s.wal_status, 'lost'), s.confirmed_flush_lsn::text,
  to_char((to_jsonb(s) ->> 'inactive_since')::timestamptz at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
  from pg_replication_slots s where ${OURS} order by s.slot_name`;

/** Every slot of this service on the server, whatever database it tells of. Any role may ask. */
export async function ownSlots(session: Session): Promise<readonly SlotFacts[]> {
  const rows = await session.query(SLOTS);
  return rows.map(([slot, database, active, kept, limit, status, confirmed, since]) => ({
    slot: slot ?? '',
    database: database ?? '',
    active: active === 'true',
    retained_bytes: Number(kept),
    ...(limit && { limit_bytes: Number(limit) }),
    wal_status: status ?? 'lost',
    ...(confirmed && { confirmed }),
    ...(since && { inactive_since: since }),
  }));
}
