import type { ColumnType } from '../model/table.ts';
import type { DataTypeHandler } from './handler.ts';
import { bigint, integer } from './integer.ts';
import { float, numeric } from './numeric.ts';
import { plain } from './plain.ts';
import { date, temporal } from './temporal.ts';
import { text } from './text.ts';

/** First match wins; `text` matches everything. */
export const dataTypes: readonly DataTypeHandler[] = [integer, bigint, numeric, float, temporal, date, plain, text];

export function dataTypeOf(type: ColumnType): DataTypeHandler {
  return dataTypes.find((h) => h.handles(type.base)) ?? text;
}
