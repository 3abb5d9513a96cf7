import type { JobConfig } from '../model/config.ts';
import type { Problem } from '../model/errors.ts';
import {
  type Column,
  type Relation,
  relationText,
  STAMP_TYPES,
  type StampColumn,
  type StampType,
} from '../model/table.ts';

/** Names under which people keep the time of the last change; the first that a table has is taken. */
export const USUAL_NAMES = [
  'updated_at',
  'modified_at',
  'last_modified',
  'last_modified_at',
  'last_updated',
  'last_updated_at',
  'last_update',
  'updated_on',
  'modified_on',
  'updated',
  'modified',
] as const;

const FIELD = '/config/timestamp_columns';

/** A declaration such as `timestamp(0) with time zone` rounds, and a date cuts. */
function stampOf({ name, type, declared }: Column): StampColumn | undefined {
  const known = type.base.schema === 'pg_catalog' && STAMP_TYPES.find((t) => t === type.base.name);
  return known ? { column: name, type: known satisfies StampType, rounded: /\(\d\)/.test(declared) } : undefined;
}

/** The update column of a source table: the one the config names, else the first of the usual names that is an instant. */
export function stampColumn(table: Relation, config: JobConfig): StampColumn | Problem {
  const object = relationText(table);
  const named = config.timestamp_columns[object];
  const names: readonly string[] = named === undefined ? USUAL_NAMES : [named];
  // a masked instant says nothing of when a row was changed
  const open = table.columns.filter((c) => !table.mapped?.masked.includes(c.name));
  const found = names.flatMap((name) => open.find((c) => c.name === name) ?? []);
  const [first] = found;
  if (!first) {
    return {
      code: 'timestamp_column_missing',
      side: 'source',
      object: named === undefined ? object : `${object}.${named}`,
      ...(named !== undefined && { field: FIELD }),
      message:
        named === undefined
          ? `The table ${object} has no column that says when a row was last changed (${USUAL_NAMES.join(', ')}).`
          : `The source table ${object} has no column ${named}, or only a masked one.`,
      hint: `Name its column in timestamp_columns, exclude the table, or use another detection_strategy.`,
    };
  }
  const stamp = found.map(stampOf).find((s) => s !== undefined);
  if (stamp) return stamp;
  return {
    code: 'timestamp_column_type',
    side: 'source',
    object: `${object}.${first.name}`,
    ...(named !== undefined && { field: FIELD }),
    message: `The column ${object}.${first.name} is ${first.declared}; it cannot say when a row was last changed.`,
    hint: `Name a column of type ${STAMP_TYPES.join(', ')} in timestamp_columns.`,
  };
}
