import type { PlannedBaseline } from './baseline.ts';
import type { RowKey } from './change.ts';
import type { PlannedChanges } from './change-stream.ts';
import type { PlannedConflicts } from './conflict-plan.ts';
import type { Side } from './connection.ts';
import type { Untouched, WholeReason } from './look.ts';
import type { Mapped, PlannedSelect } from './planned-select.ts';
import type { PlannedScope } from './project.ts';
import type { TouchSignals } from './quiet.ts';
import type { PlannedRule, Ruled } from './rule.ts';

/** A relation's name, as the catalog spells it. */
export interface RelationName {
  readonly schema: string;
  readonly name: string;
}

export function relationText(r: RelationName): string {
  return `${r.schema}.${r.name}`;
}

export interface ColumnType {
  readonly schema: string;
  /** `typname`: `int4`, `_text`, `mpaa_rating`. */
  readonly name: string;
  /** `typtype`: b base, e enum, d domain, c composite, r range, m multirange, p pseudo. */
  readonly kind: string;
  /** The type behind a domain, else the type itself; what equality and hashing go by. */
  readonly base: { readonly schema: string; readonly name: string; readonly kind: string };
  /** Of an array: the type of its elements. */
  readonly element?: { readonly schema: string; readonly name: string; readonly kind: string };
}

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  /** `format_type` with modifier, e.g. `numeric(14,2)`; equal text means an equal declaration. */
  readonly declared: string;
  readonly notNull: boolean;
  readonly generated: boolean;
  /** a: always, d: by default. */
  readonly identity: '' | 'a' | 'd';
  readonly hasDefault: boolean;
  /** Columns (schema.table.column) that its values are taken from: of a generated column, an inherited one, one of a view. */
  readonly from?: readonly string[];
  /** Made by a mapping so that every value fits the target's column, or is refused there by itself. */
  readonly fits?: true;
}

export interface ForeignKey {
  readonly name: string;
  readonly references: RelationName;
  /** Its own columns, in its order. */
  readonly columns?: readonly string[];
  /** The columns that those refer to, in the same order. */
  readonly referenced?: readonly string[];
  /** Whether deleting a referenced row changes rows here (cascade, set null, set default). */
  readonly deleteAction: boolean;
  /** Whether changing the value that is referred to changes rows here. */
  readonly updateAction?: boolean;
  /** Its columns that may be NULL. */
  readonly nullable?: readonly string[];
}

/** A unique index. */
export interface UniqueIndex {
  readonly name: string;
  /** Its own columns; where it has expressions, every column they read. */
  readonly columns: readonly string[];
  /** These, and the columns that its predicate reads. */
  readonly watched: readonly string[];
  readonly nullsDistinct: boolean;
}

/** A table as one side's catalog describes it. */
export interface Relation extends RelationName {
  readonly oid: string;
  /** r ordinary, p partitioned, m materialized view, v view, f foreign table. */
  readonly kind: string;
  readonly columns: readonly Column[];
  /** The primary key, else the first unique index over NOT NULL columns (of a materialized view: any), else undefined. */
  readonly key: readonly string[] | undefined;
  /** Column sets that are unique and not null, the primary key first. */
  readonly uniqueKeys: readonly (readonly string[])[];
  readonly foreignKeys: readonly ForeignKey[];
  /** Every unique index, that of the key among them. */
  readonly uniqueIndexes?: readonly UniqueIndex[];
  /** Has inheritance children that are not partitions. */
  readonly inherited: boolean;
  readonly rowSecurity: boolean;
  /** Enabled user triggers. */
  readonly triggers: number;
  /** Privileges that the role has on it. */
  readonly privileges: readonly string[];
  /** Whether the role may use its schema at all. */
  readonly schemaUsable: boolean;
  /** Sequences owned by its columns that the role may not set, as quoted names. */
  readonly lockedSequences: readonly string[];
  /** Estimate from the statistics and the size; -1 when unknown. */
  readonly rowsEstimate: number;
  /** Heap and TOAST, in bytes. */
  readonly bytes: number;
  /** Under a mapping: what it really is. Its own name and columns are then the target's. */
  readonly mapped?: Mapped;
  /** Of a source table with rules. */
  readonly ruled?: Ruled;
}

/** A column that travels, as the plan keeps it. */
export interface PlannedColumn {
  readonly name: string;
  /** The type that counts: the target's, or a wider one. */
  readonly type: ColumnType;
  /** Where the source declares another type: that type, and the declaration its values are cast to. */
  readonly source?: { readonly type: ColumnType; readonly castTo: string };
  /** Both sides compute it: it identifies rows and is compared, but never written. */
  readonly generated?: true;
  /** Where it is not what the type says. `key`: as the column of a key, what a unique index takes for one is one. */
  readonly equality?: ColumnEquality | 'key';
  /** Where `type` is wider than what the target declares, so that a value that does not fit is told from all that do: that type. */
  readonly widened?: ColumnType;
}

/** When two values of a column are equal, by the config. `grid` in units of the geometry's reference system. */
export type ColumnEquality = 'exact' | { readonly shape: { readonly grid: number } };

/**
 * How a key maps to buckets. `integer`: the one key column divided into equal, narrow ranges; `hashed`: by hash of the whole
 * key, which spreads any keys evenly but has no index to find a bucket by.
 */
export type Keyspace = 'integer' | 'hashed';

/**
 * The buckets of one segment: `ranges` equal ranges of width `width` from `lo` on (integer), or `split` shares of the hash of
 * the key (hashed); the other numbers are then 1. Outermost ranges are open, so that no row is outside. Numbers are decimal
 * text (they may exceed 2^53); `split` is a power of two.
 */
export interface BucketScheme {
  readonly keyspace: Keyspace;
  readonly lo: string;
  readonly width: string;
  readonly ranges: number;
  readonly split: number;
  /** How many of the ranges had rows when the table was cut; the others are room for it to grow. Absent: all. */
  readonly filled?: number;
}

/**
 * A half-open range of the whole key; absent ends are open. Bounds are values of the key columns as PostgreSQL text. Where
 * the two servers may order keys differently: a `share` of the keys by their hash instead, `part` counting from 0.
 */
export interface Segment {
  readonly from?: RowBound;
  readonly to?: RowBound;
  readonly share?: { readonly part: number; readonly of: number };
  readonly rowsEstimate: number;
  readonly buckets: BucketScheme;
}

/** Values of the key columns, in key order. */
export type RowBound = readonly string[];

/** One condition of a row filter; values are text, read as the column's type. */
export interface PlannedFilter {
  readonly column: string;
  readonly op: 'eq' | 'ne' | 'lt' | 'lte' | 'gt' | 'gte' | 'in' | 'is_null' | 'not_null';
  readonly values: readonly string[];
}

/** A unique index over other columns than the key, as the plan keeps it. */
export interface PlannedUnique {
  readonly name: string;
  readonly columns: readonly string[];
  readonly watched: readonly string[];
  /** The column whose value a row gives up while rows exchange values; absent where none can. */
  readonly park?: { readonly column: string; readonly nullable: boolean; readonly declared: string };
}

/** Types that an update column may have. */
export const STAMP_TYPES = ['timestamptz', 'timestamp', 'date'] as const;
export type StampType = (typeof STAMP_TYPES)[number];

/** The column of the source that says when a row was last changed. */
export interface StampColumn {
  readonly column: string;
  readonly type: StampType;
  /** Its declaration keeps less than microseconds. */
  readonly rounded: boolean;
}

/**
 * Rows that an incremental job looks at: those whose stamp is not before `after` (ISO 8601 in UTC), and those without a
 * usable one: NULL, infinite, or beyond `through`, the source's clock when the job was prepared.
 */
export interface Window extends StampColumn {
  readonly after: string;
  readonly through: string;
  /** All keys are compared as well. */
  readonly sweep: boolean;
  /** Planner's estimate of the rows up to `through`. */
  readonly rowsEstimate: number;
  /** Whether an index begins with the column. */
  readonly indexed: boolean;
}

/** Up to where everything that was ever committed has reached the target. */
export interface Watermark {
  /** Source, tables and mapping that it is true for. */
  readonly pair: string;
  readonly table: RelationName;
  /** ISO 8601 in UTC, with microseconds: no transaction that was open then has a stamp before it. */
  readonly horizon: string;
}

/** What a worker needs to know of a table; written once by Prepare into the target, read by every worker. */
export interface TablePlan {
  readonly version: 1;
  readonly table: number;
  readonly level: number;
  readonly source: RelationName;
  readonly target: RelationName;
  /** How the source is selected under a mapping; absent: its columns are the target's namesakes. */
  readonly select?: PlannedSelect;
  /** Mapped columns in mapping order; the key columns are among them. */
  readonly columns: readonly PlannedColumn[];
  readonly key: readonly string[];
  /** No key tells rows apart (`key` is empty): they are compared as a multiset of whole rows. */
  readonly keyless?: true;
  /** Sides whose table has inheritance children: those are tables of their own, so only the parent's rows are meant. */
  readonly only?: readonly Side[];
  /** The source is a view or a foreign table: no row versions (xmin), no page samples, no statistics. */
  readonly unversioned?: true;
  /** What a comparison looks at: all mapped columns, or those of the key alone. */
  readonly compares: 'row' | 'key';
  /** How far two numbers of a column may be apart and still count as equal; by column name. */
  readonly tolerances: Readonly<Record<string, number>>;
  /** Conditions that a row must meet to take part, on both sides. */
  readonly filters: readonly PlannedFilter[];
  /** Of a job over a project: which of its rows take part. */
  readonly scope?: PlannedScope;
  /** Where it is remembered which rows came from the source; absent where nobody asks. */
  readonly baseline?: PlannedBaseline;
  /** How its conflicts are decided; absent: the source wins, and nobody asks what the target had. */
  readonly conflicts?: PlannedConflicts;
  /** How COPY carries rows of it straight from one side to the other; absent where each row must be looked at. */
  readonly copy?: 'binary' | 'text';
  /** `portable` where both servers do not hash alike. */
  readonly fingerprint: FingerprintForm;
  /** Rows may refer to rows of the same table. */
  readonly selfReferencing: boolean;
  /** Unique indexes whose values rows may exchange. */
  readonly uniques?: readonly PlannedUnique[];
  /** Columns that no UPDATE can set: GENERATED ALWAYS AS IDENTITY outside the key. */
  readonly fixed?: readonly string[];
  /** What writing to the source must know of it, in a job that writes to both sides. */
  readonly back?: Pick<TablePlan, 'selfReferencing' | 'uniques' | 'fixed'>;
  /** Nullable foreign-key columns that are left out at first where the row they refer to comes later. */
  readonly nullFirst?: readonly string[];
  /** Something other than this job's own statements may change the table while the job writes (triggers, cascades). */
  readonly sideEffects: boolean;
  /** The source's snapshot (`pg_snapshot` as text) before the job looked at a row; what it does not see came later. */
  readonly sourceSnapshot: string;
  /** The final comparison looks at every bucket, whatever the job did. */
  readonly verifyAll: boolean;
  /** Only the rows of these keys are looked at, on both sides; absent: all. */
  readonly keys?: readonly RowKey[];
  /** What the rules of the table came to when the job was prepared. */
  readonly rules?: readonly PlannedRule[];
  /** Only these rows are looked at; absent: all. */
  readonly window?: Window;
  /** Why an incremental job looks at all of them. */
  readonly whole?: WholeReason;
  /** What both servers counted when the job was prepared, `at` (ISO 8601 in UTC); known from then on if nothing has to be written. */
  readonly touch?: { readonly pair: string; readonly signals: TouchSignals; readonly at: string };
  /** No row is looked at: nothing was counted since the table compared equal. */
  readonly untouched?: Untouched & { readonly pair: string };
  /** How it follows a stream of changes, which may narrow what is looked at. */
  readonly changes?: PlannedChanges;
  /** What is true of the target once the job has ended well. */
  readonly watermark?: Watermark;
  readonly rowsEstimate: number;
  readonly rowBytesEstimate: number;
}

/** `fast`: PostgreSQL's typed 64-bit hashes; `portable`: sha256 over length-prefixed canonical text. */
export type FingerprintForm = 'fast' | 'portable';

/** Whether a job looks at some rows of the table only, so that it learns nothing of the others. */
export const looksAtSome = ({ window, keys, changes }: Pick<TablePlan, 'window' | 'keys' | 'changes'>): boolean =>
  window !== undefined || keys !== undefined || changes?.keys !== undefined;
