import type { Side } from '../model/connection.ts';
import { type ErrorCode, SyncError } from '../model/errors.ts';

/** What node-postgres puts on an error of the server. `message` and `detail` may hold row values: never shown. */
interface ServerError {
  readonly code?: string;
  readonly schema?: string;
  readonly table?: string;
  readonly column?: string;
  readonly constraint?: string;
}

/** SQLSTATE classes of failure-modes.md 2G, as far as this version answers them. First match wins. */
const BY_SQLSTATE: readonly (readonly [prefix: string, code: (side: Side) => ErrorCode])[] = [
  ['28', () => 'connection_auth_failed'],
  ['3D', () => 'database_not_found'],
  ['08', (side) => `${side}_unavailable`],
  ['57014', () => 'statement_timeout'],
  ['57P', (side) => `${side}_unavailable`],
  ['53300', () => 'too_many_connections'],
  ['53100', () => 'disk_full'],
  ['53', (side) => `${side}_unavailable`],
  ['25P03', (side) => `${side}_unavailable`],
  ['40', (side) => `${side}_unavailable`],
  ['55P03', () => 'lock_timeout'],
  ['55006', () => 'lock_timeout'], // a slot that another session reads
  ['25006', (side) => (side === 'target' ? 'target_read_only' : 'source_unavailable')], // none is written to that is read-only
  ['42501', () => 'privilege_missing'],
  ['0A000', () => 'schema_changed'],
  ['42703', () => 'schema_changed'],
  ['42P01', () => 'schema_changed'],
  ['42704', () => 'schema_changed'],
  ['42804', () => 'schema_changed'],
  ['3F000', () => 'schema_changed'],
  ['22', () => 'row_rejected'],
  ['23', () => 'row_rejected'],
  ['428C9', () => 'row_rejected'],
  ['54000', () => 'row_rejected'],
  ['P0001', () => 'row_rejected'],
];

/**
 * Turns what a driver threw into a SyncError that names side, SQLSTATE and object, and no value.
 *
 * An error without SQLSTATE comes from the socket and means that the server is out of reach.
 */
export function translate(error: unknown, side: Side): SyncError {
  if (error instanceof SyncError) return error;
  const e = error as ServerError; // pg throws DatabaseError or a plain Error; every field is optional
  const state = typeof e.code === 'string' && /^[0-9A-Z]{5}$/.test(e.code) ? e.code : undefined;
  const code = state
    ? (BY_SQLSTATE.find(([prefix]) => state.startsWith(prefix))?.[1](side) ?? 'internal')
    : (`${side}_unavailable` as const);
  const object = [e.schema, e.table, e.column].filter(Boolean).join('.');
  const facts = {
    side,
    ...(state && { sqlstate: state }),
    ...(object && { object }),
    ...(e.constraint && { constraint: e.constraint }),
  };
  const where = object ? ` on ${object}` : '';
  const constraint = e.constraint ? ` (constraint ${e.constraint})` : '';
  const text = state
    ? `The ${side} answered SQLSTATE ${state}${where}${constraint}.`
    : `The connection to the ${side} broke.`;
  return new SyncError(code, text, { cause: error, facts });
}
