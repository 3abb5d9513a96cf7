import type { Side } from '../model/connection.ts';
import type { TablePlan } from '../model/table.ts';

export { ident, literal, relation } from '../model/quote.ts';

/** Triggers do not fire. */
export const AS_REPLICA = 'set local session_replication_role = replica';

/**
 * Settings for statements that find a bounded number of rows by key: through the index, whatever the statistics say. On a
 * table that is being filled they are stale, and a hash join would read all of it for every chunk (1 million rows into an
 * empty table: 71 s with, see test/bench/results.md).
 */
export const BY_INDEX =
  'set local enable_seqscan = off; set local enable_hashjoin = off; set local enable_mergejoin = off';

/**
 * The same where an index finds the keys of this side; a computed key takes one scan for all that are asked for, and the
 * closure of a project, which only the source's look-ups hold, may need any kind of join.
 */
export const byKey = ({ select, scope }: TablePlan, side: Side): string =>
  side === 'source' && (scope || (select && !select.indexed)) ? '' : BY_INDEX;
