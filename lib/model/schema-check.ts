import * as z from 'zod';

/**
 * What a comparison of both catalogs may find: how grave it is, and what it means. `error`: no row can move, a job is
 * refused. `warning`: rows may be refused or changed on their way. `info`: the sides differ, and no row is touched by it.
 */
const CATALOGUE = {
  table_refused: ['error', 'The table cannot take part as it is; the message says why.'],
  column_missing_in_target: ['error', 'The target has no column for values of the source.'],
  column_missing_in_source: ['info', 'The target has a column that the source does not fill.'],
  column_unfilled: ['error', 'The target needs a value in a column that the source does not have.'],
  type_incompatible: ['error', 'There is no way from the type of the source to that of the target.'],
  type_lossy: ['error', 'Values may not fit the type of the target, and allow_lossy does not accept that.'],
  type_narrower: ['warning', 'Values may be rounded or refused: allow_lossy accepts it.'],
  type_wider: ['info', 'The types differ, and every value of the source fits.'],
  generated_differs: ['error', 'One side computes the column, the other stores it.'],
  generation_differs: ['warning', 'Both sides compute the column, each in another way.'],
  not_null_in_target: ['warning', 'The source may have NULL where the target takes none: such rows are refused.'],
  default_differs: ['info', 'A row that is written without the column gets another value on either side.'],
  identity_differs: ['info', 'Numbers are given in another way.'],
  collation_differs: ['info', 'Texts sort, and may count as equal, in another way.'],
  label_missing: ['warning', 'The enum of the target lacks labels of the source: rows with them are refused.'],
  domain_differs: ['warning', 'The domain of the target has other checks: rows that break them are refused.'],
  geometry_differs: [
    'warning',
    'The geometry columns differ in SRID, dimension or type: the target refuses other ones.',
  ],
  key_differs: ['error', 'The target has no unique key over the columns that identify rows.'],
  key_missing: ['error', 'Nothing says which row is which.'],
  unique_in_target: ['warning', 'The target keeps values unique that the source may repeat: such rows are refused.'],
  unique_in_source: ['info', 'The source keeps values unique that the target does not.'],
  check_in_target: ['warning', 'The target checks what the source does not: rows that break it are refused.'],
  check_in_source: ['info', 'The source checks what the target does not.'],
  reference_in_target: ['warning', 'The target wants a row to refer to that the source does not ask for.'],
  reference_in_source: ['info', 'The source keeps a reference that the target does not check.'],
  trigger_in_target: ['warning', 'Triggers of the target fire for each row, and may change it or others.'],
} as const;

export type FindingCode = keyof typeof CATALOGUE;
export type FindingSeverity = (typeof CATALOGUE)[FindingCode][0];

/** Every finding with its severity and meaning, in the order of the manual. */
export const FINDINGS: Readonly<Record<FindingCode, readonly [FindingSeverity, string]>> = CATALOGUE;

const SIDES = ['source', 'target'] as const;
const codes = Object.keys(CATALOGUE) as [FindingCode, ...FindingCode[]]; // keys of the catalogue

/** One finding. `ddl` would close the gap; the service never runs it. */
export const schemaFinding = z
  .object({
    code: z.enum(codes),
    severity: z.enum(['error', 'warning', 'info']),
    side: z.enum(SIDES).meta({ description: 'Where the remedy goes.' }),
    object: z.string().meta({ description: 'schema.table, or schema.table.name of a column or constraint.' }),
    message: z.string(),
    remedy: z.string(),
    ddl: z.string().optional().meta({ description: 'A statement that would close the gap. Nobody runs it for you.' }),
  })
  .meta({ id: 'SchemaFinding' });
export type SchemaFinding = z.infer<typeof schemaFinding>;

/** One thing that is not as it was when the pair's last job looked. */
export const schemaDrift = z
  .object({
    side: z.enum(SIDES),
    change: z.enum(['added', 'removed', 'changed']),
    kind: z.enum(['column', 'primary_key', 'unique', 'foreign_key', 'check', 'exclusion', 'index', 'trigger']),
    name: z.string(),
    before: z.string().optional(),
    after: z.string().optional(),
  })
  .meta({ id: 'SchemaDrift' });

/** The comparison of one table's catalogs, as the API answers it. */
export const tableValidation = z
  .object({
    job_id: z.string(),
    table: z.string(),
    checked_at: z.string(),
    fresh: z
      .boolean()
      .meta({ description: 'Both catalogs were read for this answer; else when the job was prepared.' }),
    valid: z.boolean().meta({ description: 'No finding is an error.' }),
    findings: z.array(schemaFinding),
    compared_with: z.string().optional().meta({
      description: 'What drift is told against: an earlier job of this pair, or this one. Absent: no job was before.',
    }),
    drift: z.array(schemaDrift).meta({ description: 'What either side has changed since.' }),
    more: z.int().optional().meta({ description: 'Findings and changes beyond those listed.' }),
  })
  .meta({ id: 'TableValidation' });
export type TableValidation = z.infer<typeof tableValidation>;

/** The same as the job keeps it. */
export interface StoredValidation extends Omit<TableValidation, 'fresh'> {
  readonly table_no: number;
}
