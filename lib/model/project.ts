import * as z from 'zod';
import type { ColumnType, PlannedFilter, RelationName } from './table.ts';

/** What happens to rows that are in a project only because rows of it refer to them. */
export const PARENT_MODES = ['insert', 'update'] as const;

const value = z.union([z.string().max(10_000), z.number(), z.boolean()]);
const keyValue = z.union([value, z.record(z.string().min(1).max(200), value)]);

/** Levels of children: more is no project any more, and each level is a part of every statement. */
const MOST_LEVELS = 10;

/** Which rows make up a project, by its root rows; `filter` and `names` are those of the config. */
export const projectSchema = <F extends z.ZodType>(filter: F, names: z.ZodType<string[]>) =>
  z.strictObject({
    root: z.string().min(1).max(200).meta({ description: 'The root table, schema.table.' }),
    key: z
      .union([keyValue, z.array(keyValue).min(1).max(1000)])
      .optional()
      .meta({ description: 'The root rows: a key value, {column: value, ...}, or a list of either.' }),
    where: z
      .array(filter)
      .min(1)
      .max(20)
      .optional()
      .meta({ description: 'Instead of key: conditions, as in filters.' }),
    include: names.optional().meta({ description: 'Only these tables are descended into. Parents come along anyway.' }),
    exclude: names.optional().meta({ description: 'Tables that take no part, neither as children nor as parents.' }),
    depth: z.int().min(0).max(MOST_LEVELS).optional().meta({
      description: 'How many foreign keys below the root children may be; 0: the root alone. Without it: all.',
    }),
    parents: z.enum(PARENT_MODES).default('insert').meta({
      description: 'Rows that come along as parents: insert adds those that are missing, update also follows changes.',
    }),
  });

/** Part of a closure: rows of one relation, by how they are reached. Numbers are positions among the nodes of the side. */
export interface ScopeNode {
  readonly relation: RelationName;
  /** Inheritance children are tables of their own. */
  readonly only?: true;
  /** Columns that the node hands on: its key, and what foreign keys stand on. */
  readonly columns: readonly string[];
  /** A row is in the node when it meets one of these. */
  readonly entries: readonly ScopeEntry[];
  /** Nodes of one number reach each other in a circle. Absent: everything it comes from stands before it. */
  readonly cycle?: number;
}

/** Root rows, or rows that match one of another node. */
export type ScopeEntry =
  | { readonly roots: ScopeRoots }
  | { readonly from: number; readonly match: readonly ScopeMatch[] };

/** Equality of an own column with one of the other node; the type tells whose `=` it is. */
export interface ScopeMatch {
  readonly own: string;
  readonly other: string;
  readonly type: ColumnType;
}

/** Values are texts, read as the type of their column on this side. */
export type ScopeRoots =
  | {
      readonly columns: readonly { readonly name: string; readonly type: ColumnType }[];
      readonly keys: readonly (readonly string[])[];
    }
  | { readonly filters: readonly (PlannedFilter & { readonly type: ColumnType })[] };

/** Root rows of a project on one side. */
export interface RootRows extends Pick<ScopeNode, 'relation' | 'only'> {
  readonly roots: ScopeRoots;
}

/** Which rows of a table are in the project, as one side can tell. */
export interface ScopeSide {
  readonly nodes: readonly ScopeNode[];
  /** Nodes whose rows are in the project, and those among them that were reached by descending. */
  readonly members: readonly number[];
  readonly descended: readonly number[];
  /** The key of the table under the names of this side, with types, in the order of the plan's key. */
  readonly key: readonly { readonly name: string; readonly type: ColumnType }[];
}

/** What a table is in its project: `both` are children some of whose rows are only there as parents. */
export type ProjectRole = 'root' | 'child' | 'parent' | 'both';

/** The part of a table that belongs to a project, on both sides. */
export interface PlannedScope {
  readonly role: ProjectRole;
  readonly parents: (typeof PARENT_MODES)[number];
  /** Changes with the config that tells the project's rows. */
  readonly identity: string;
  readonly source: ScopeSide;
  readonly target: ScopeSide;
  /** The target's snapshot before the job wrote a row: what it does not see was written since. */
  readonly targetSnapshot?: string;
}

/** Columns of a foreign key on the side that refers. */
export interface ReferringColumns {
  readonly relation: RelationName;
  readonly columns: readonly string[];
}

/** One of those that were asked about, by its position; `rows` as the server estimates them. */
export interface Unindexed {
  readonly at: number;
  readonly rows: number;
}
