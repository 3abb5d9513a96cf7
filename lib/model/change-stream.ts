import type { RowKey } from './change.ts';
import type { SlotFacts, SlotWarning } from './slot.ts';
import type { RelationName, TablePlan } from './table.ts';

/** A place in the source's write-ahead log, as PostgreSQL writes it: `16/B374D848`. */
export type Lsn = string;

/** Bytes from the beginning of the log. Throws TypeError for other text. */
export function lsnBytes(lsn: Lsn): bigint {
  const [, high, low] = /^([0-9A-F]{1,8})\/([0-9A-F]{1,8})$/i.exec(lsn) ?? [];
  if (high === undefined || low === undefined) throw new TypeError('not a place in the log');
  return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`);
}

export const lsnOf = (bytes: bigint): Lsn =>
  `${(bytes >> 32n).toString(16)}/${(bytes & 0xffffffffn).toString(16)}`.toUpperCase();

export const laterLsn = (a: Lsn, b: Lsn): Lsn => (lsnBytes(a) >= lsnBytes(b) ? a : b);

/** What identifies the old version of a row in the log: the columns of a table, or of one of its partitions. */
export interface ReplicaIdentity extends RelationName {
  /** `pg_class.relreplident`: d primary key, i an index, f the whole row, n nothing. */
  readonly how: string;
  /** Its columns; of a whole row and of nothing: none are listed. */
  readonly columns: readonly string[];
  /** Not in the log at all (UNLOGGED). */
  readonly unlogged: boolean;
}

/** What a source says of itself and of a stream of changes that is there or is to be made. */
export interface StreamFacts {
  readonly walLevel: string;
  readonly mayReplicate: boolean;
  /** Whether a slot can be added. */
  readonly freeSlot: boolean;
  /** Whether this role may create a publication in the database. */
  readonly mayPublish: boolean;
  /** The slot of this name; absent: there is none. `foreign`: of another database, or no logical slot of pgoutput. */
  readonly slot?: { readonly confirmed: Lsn; readonly lost: boolean; readonly foreign: boolean };
  /** The publication of this name. `fit`: it publishes every operation, through the root of partitioned tables. */
  readonly publication?: { readonly owned: boolean; readonly fit: boolean };
  /** Every slot of this service on the server. */
  readonly slots: readonly SlotFacts[];
  /** In the order asked. */
  readonly tables: readonly {
    readonly owned: boolean;
    /** What stands for its place in the publication, with all rows and columns; another one once it was taken out and put back. */
    readonly published?: string;
    readonly identities: readonly ReplicaIdentity[];
  }[];
}

/** A table as a stream knows it in the target. */
export interface StreamTable {
  readonly source: RelationName;
  readonly key: readonly string[];
}

/** What a target knows of a table of a stream. */
export interface TableState {
  readonly id: number;
  /** What its content was last brought in step for, with everything drained since; absent: it was not yet. */
  readonly stamp?: string;
  /** More was drained for it than is worth a look-up by key. */
  readonly dirty: boolean;
  /** Keys that wait. */
  readonly keys: number;
}

/** What a target knows of a stream. `made` grows with each slot under the name, `drains` with each drain. */
export interface StreamState {
  readonly made: number;
  readonly drains: number;
  readonly drained: Lsn;
}

/** Keys that changed, by the position of their table; and tables of which the keys are not known, or too many. */
export interface DrainedKeys {
  readonly keys: readonly (readonly [table: number, keys: readonly RowKey[]])[];
  readonly dirty: readonly number[];
}

/** What a drain came to. */
export interface Drained {
  readonly through: Lsn;
  readonly transactions: number;
  readonly changes: number;
  /** When the last of them committed: ISO 8601. */
  readonly committedAt?: string;
}

/** How a table of a job follows a stream of changes. */
export interface PlannedChanges {
  readonly stream: string;
  readonly made: number;
  /** What earlier drains and this one have found is taken care of by this job. */
  readonly drains: number;
  /** Number of the table in the target's log of changes. */
  readonly table: number;
  readonly stamp: string;
  /** So many keys waited when the job was prepared, and only they are looked at; absent: all rows. */
  readonly keys?: number;
}

/** What the status tells of the stream of a job. */
export interface StreamView {
  readonly slot: string;
  /** Everything that committed before this place in the log is in what the job looks at. */
  readonly through: Lsn;
  readonly transactions: number;
  readonly changes: number;
  /** What of the source's log the job left for the next one, when it was prepared. */
  readonly lag_bytes: number;
  /** How old the oldest of that may be. */
  readonly lag_seconds: number;
  /** What of it the next job finds, once this one has ended. */
  readonly left_bytes?: number;
  /** What is to be said of slots on the source's server, this one and others. */
  readonly warnings?: readonly SlotWarning[];
  /** The slot was created by this job. */
  readonly created?: boolean;
}

/** The key's columns under the names that the log has for them. Preflight lets no computed key pass. */
export const keyInLog = ({ key, select }: Pick<TablePlan, 'key' | 'select'>): readonly string[] =>
  key.map((name) => (select ? (select.plain[name] ?? name) : name));
