import type { Side } from './connection.ts';

/** A column as a catalog declares it. */
export interface ShapeColumn {
  readonly name: string;
  /** `format_type` with modifier. */
  readonly declared: string;
  readonly not_null: boolean;
  /** Its default, or what it is computed from; as the server writes it. */
  readonly default?: string;
  readonly generated?: true;
  readonly identity?: 'always' | 'by default';
  /** Where it is not that of its type. */
  readonly collation?: string;
  /** Of an enum, in its order. */
  readonly labels?: readonly string[];
  /** Of a domain: its checks, and NOT NULL. */
  readonly domain?: readonly string[];
}

/** What stands beside the columns of a table: its constraints, its other indexes, its triggers. */
export interface ShapePart {
  readonly kind: 'primary_key' | 'unique' | 'foreign_key' | 'check' | 'exclusion' | 'index' | 'trigger';
  readonly name: string;
  /** As the server writes it, without its name. */
  readonly definition: string;
}

/** A table as one side declares it: columns in their order, parts by kind and name. Small: a few hundred bytes a column. */
export interface TableShape {
  readonly columns: readonly ShapeColumn[];
  readonly parts: readonly ShapePart[];
}

/** Both sides of a table. */
export type ShapePair = Readonly<Record<Side, TableShape>>;

/** One thing that is not as it was. `before` and `after` are as the catalogs say them. */
export interface Drift {
  readonly side: Side;
  readonly change: 'added' | 'removed' | 'changed';
  readonly kind: 'column' | ShapePart['kind'];
  readonly name: string;
  readonly before?: string;
  readonly after?: string;
}

/** What a table looked like to an earlier job of its pair. */
export interface EarlierShape {
  readonly jobId: string;
  readonly shape: ShapePair;
}
