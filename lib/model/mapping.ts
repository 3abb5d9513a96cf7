import * as z from 'zod';
import { maskSchema } from './mask.ts';

/** What PostgreSQL takes as text: no NUL, and no half of a character. */
const STORABLE = /^[^\0\p{Cs}]*$/u;

const text = (most: number) => z.string().max(most).regex(STORABLE);
const name = text(200).min(1);

/** A value as JSON has it; read as the target column's type. */
const scalar = z.union([text(10_000), z.number(), z.boolean(), z.null()]);
export type Scalar = z.infer<typeof scalar>;

/** Where a value that a map or a lookup does not know leads: to NULL, to itself, or into quarantine. */
const otherwise = z.enum(['null', 'keep', 'reject']).default('reject');

/**
 * Where a target column's value comes from. A string is the name of a source column.
 *
 * A column that is only renamed may lose something on its way with `allow_lossy` of the job; what is computed never does: a
 * value that does not fit exactly goes into quarantine. `lookup` reads a table of one side once, when the job is prepared: its
 * `match` column is compared as text with the source column, and `take` is what arrives. `json_path` picks a value out of a
 * json column; `json_object` builds one, of keys and source columns.
 */
export const columnSource = z.union([
  name,
  z.strictObject({ omit: z.literal(true) }),
  z.strictObject({ default: z.literal(true) }),
  z.strictObject({ constant: scalar }),
  z.strictObject({ expression: z.string().min(1).max(4000) }),
  z.strictObject({ column: name, values: z.record(text(500), scalar), otherwise }),
  z.strictObject({
    column: name,
    lookup: z.strictObject({
      table: name,
      match: name,
      take: name,
      side: z.enum(['source', 'target']).default('target'),
    }),
    otherwise,
  }),
  z.strictObject({
    column: name,
    json_path: z
      .array(z.union([name, z.int().min(0)]))
      .min(1)
      .max(20),
  }),
  z.strictObject({ json_object: z.record(name, name) }),
  z.strictObject({
    column: name,
    geometry: z.strictObject({
      /** The reference system it arrives in; its coordinates are transformed, or with `transform: false` only relabelled. */
      srid: z.int().min(0).max(999_999).optional(),
      transform: z.boolean().default(true),
      dimensions: z.union([z.literal(2), z.literal(3)]).optional(),
      multi: z.boolean().optional(),
    }),
  }),
  z.strictObject({ column: name, mask: maskSchema }),
]);
export type ColumnSource = z.infer<typeof columnSource>;

/** How one table of the target is made from one of the source. Columns that it does not name come from their namesakes. */
export const tableMapping = z.strictObject({
  from: name.meta({ description: 'Source table, schema.table.' }),
  columns: z.record(name, columnSource).default({}),
  /** What happens to target columns not named: filled from the source column of the same name, or left to their default. */
  unnamed: z.enum(['same_name', 'omit']).default('same_name'),
});
export type TableMapping = z.infer<typeof tableMapping>;

/**
 * Target tables (schema.table) that are not simply their namesakes of the source. Everything else in a config then goes by
 * the target's names.
 */
export const mapping = z.record(name, tableMapping);
export type Mapping = z.infer<typeof mapping>;

const pointer = (part: string) => part.replaceAll('~', '~0').replaceAll('/', '~1');

/** JSON Pointer of a table, or of one of its columns, in the config. */
export const mappingField = (table: string, column?: string): string =>
  `/config/mapping/${pointer(table)}${column === undefined ? '' : `/columns/${pointer(column)}`}`;

/** Whether any column of it is masked; a job that an earlier version has stored has no mapping. */
export const hasMasks = (m: Mapping | undefined): boolean =>
  Object.values(m ?? {}).some((t) => Object.values(t.columns).some((c) => typeof c === 'object' && 'mask' in c));
