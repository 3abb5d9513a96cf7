import type { ColumnType, PlannedColumn } from '../model/table.ts';
import { array, composite, range, unknown } from './container.ts';
import { exact, sameKey, shape } from './equality.ts';
import type { DataTypeHandler } from './handler.ts';
import { bigint, integer } from './integer.ts';
import { json, jsonb } from './json.ts';
import { float, floatArray, numeric, numericText } from './numeric.ts';
import { boolean, network, plain } from './plain.ts';
import { geometry } from './spatial.ts';
import { date, interval, temporal } from './temporal.ts';
import { byte, character, citext, enumeration, text, textual } from './text.ts';

/** First match wins; `unknown` matches everything. */
export const dataTypes: readonly DataTypeHandler[] = [
  integer,
  bigint,
  numeric,
  float,
  text,
  character,
  byte,
  boolean,
  plain,
  temporal,
  date,
  interval,
  json,
  jsonb,
  network,
  enumeration,
  citext,
  geometry,
  numericText,
  floatArray,
  array,
  range,
  composite,
  textual,
  unknown,
];

export function dataTypeOf(type: ColumnType): DataTypeHandler {
  return dataTypes.find((h) => h.handles(type.base)) ?? unknown;
}

/** What counts as equal in a column of a plan: what its type says, unless the config or its part in the key says otherwise. */
export function columnHandler({ type, equality }: PlannedColumn): DataTypeHandler {
  if (equality === 'exact') return exact;
  const own = dataTypeOf(type);
  if (equality === 'key') return sameKey(own);
  return equality ? shape(equality.shape.grid) : own;
}

/** A value as a person sees it. */
export const shown = (type: ColumnType, value: string): string => dataTypeOf(type).show?.(value) ?? value;

/** False for a type that nothing is known of and that travels as text; a plan names such columns. */
export function isKnownType(type: ColumnType): boolean {
  if (dataTypeOf(type).known === false) return false;
  return type.element?.kind !== 'b' || isKnownType({ ...type.element, base: type.element });
}
