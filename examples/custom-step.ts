import type { ColumnSource } from '../lib/model/mapping.ts';
import { sourceColumn, textSql } from '../lib/transformer/source-column.ts';
import { call, textConstant } from '../lib/transformer/sql.ts';
import { builtInType, refused, type StepContext, type StepResult } from '../lib/transformer/step.ts';

/** What a mapping says: `{ "column": "parcel_no", "parcel_office": { "unknown": "none" } }`. */
export interface ParcelOffice {
  readonly column: string;
  readonly parcel_office: { readonly unknown: string };
}

/**
 * A step of one's own: the office that a parcel number was given by, which is its first two digits, `12-0345` -> `12`; a
 * number without any is of the office that the mapping names.
 *
 * To have it: this file into lib/transformer/steps, `parcel_office: parcelOffice` into lib/transformer/registry.ts,
 * `'parcel_office'` into StepName of lib/transformer/step.ts, and its source into `columnSource` of lib/model/mapping.ts:
 *
 *     z.strictObject({ column: name, parcel_office: z.strictObject({ unknown: text(20) }) })
 *
 * The compiler then asks for its sources in test/contract/steps.test.ts, which runs it over hostile rows as it does here, and
 * docs/mappings.md lists it (UPDATE_DOCS=1).
 *
 * What `make` must keep: SQL that raises no error for any row, of the type that it says, NULL for NULL; constants by
 * textConstant(), functions by call(). What cannot be computed is NULL with `failed` (SQL that is then true): the row goes into
 * quarantine. What cannot be made at all is refused, with words for the author of the mapping.
 */
export const parcelOffice = {
  summary: 'The office that a parcel number was given by: its first two digits.',
  make(source: ParcelOffice | ColumnSource, context: StepContext): StepResult {
    const { column, parcel_office: how } = source as ParcelOffice; // the registry hands a step its own sources
    const found = sourceColumn(column, context);
    if ('missing' in found) return found.missing;
    const { target } = context;
    if (target.type.base.name !== 'text')
      return refused('mapping_invalid', `${target.name} is ${target.declared}; an office is a text.`);
    const { nullable, sql } = found.expression;
    const digits = call('substring', textSql(sql), textConstant('^[0-9]{2}'));
    const office = `(case when ${sql} is not null then coalesce(${digits}, ${textConstant(how.unknown)}) end)`;
    return { expression: { type: builtInType('text'), declared: 'pg_catalog.text', nullable, sql: office } };
  },
};
