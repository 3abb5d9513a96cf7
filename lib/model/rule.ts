import * as z from 'zod';
import type { RowKey } from './change.ts';
import type { PlannedSelect } from './planned-select.ts';

/**
 * What happens to a row that a rule does not let pass. `reject`: it stays out of the target and is listed. `warn`: it is
 * written, counted and named. `stop`: the job waits for somebody, and nothing of the row is written.
 */
export const SEVERITIES = ['reject', 'warn', 'stop'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** Fields that every rule has, whatever it looks at. */
export const ruleFields = {
  /** What it is called in lists; default: the rule with its columns, such as `range(price)`. */
  name: z
    .string()
    .regex(/^[\w .,()/:-]{1,100}$/)
    .optional(),
  severity: z.enum(SEVERITIES).default('reject'),
  /** More rows of the table that do not pass, counted before a row is written: the job waits. */
  max_rows: z.int().min(0).optional(),
  max_percent: z.number().min(0).max(100).optional(),
};

/** A rule as a config has it; its own settings are known to the rule. */
export interface RowRule {
  readonly rule: string;
  readonly name?: string | undefined;
  readonly severity: Severity;
  readonly max_rows?: number | undefined;
  readonly max_percent?: number | undefined;
  readonly [setting: string]: unknown;
}

/** The same for all rules of a job together: rows that `reject` rules do not let pass. */
export const ruleLimits = z.strictObject({
  max_rows: z.int().min(0).optional(),
  max_percent: z.number().min(0).max(100).optional(),
});
export type RuleLimits = z.infer<typeof ruleLimits>;

/** A rule over values of many rows: no two with the same values, or values that a table has. */
export type SetRule =
  | { readonly kind: 'unique'; readonly columns: readonly string[] }
  | {
      readonly kind: 'reference';
      readonly columns: readonly string[];
      /** Table of the target, schema.table. */
      readonly table: string;
      readonly references: readonly string[];
    };

/** A rule of a table, its settings understood: a condition in CEL over one row, or what many rows are asked. */
export interface RuleCheck extends Pick<RowRule, 'name' | 'rule' | 'severity' | 'max_rows' | 'max_percent'> {
  readonly name: string;
  readonly columns: readonly string[];
  /** As the config has it, and where it stands there. */
  readonly given: RowRule;
  readonly field: string;
  readonly condition?: string;
  readonly set?: SetRule;
}

/** The same with SQL of the source (`s`): a boolean, never NULL, true where the row does not pass. */
export interface CompiledRule extends RuleCheck {
  readonly violated?: string;
}

/** What rules add to a table of the source. */
export interface Ruled {
  /** How it is selected, so that a row that does not pass is marked. */
  readonly select: PlannedSelect;
  readonly rules: readonly CompiledRule[];
  /** SQL over `s` of each column, by its name in the target. */
  readonly sql: Readonly<Record<string, string>>;
}

/** A rule as the plan of a table keeps it, with what was counted before a row was written. */
export interface PlannedRule {
  readonly name: string;
  readonly rule: string;
  readonly severity: Severity;
  /** Columns it looks at, by their names in the target. */
  readonly columns: readonly string[];
  /** Rows that do not pass, of all that take part; absent where nobody had to count them. */
  readonly rows?: number;
  readonly of?: number;
  /** Keys of a few of them. */
  readonly samples?: readonly RowKey[];
}

const pointer = (part: string) => part.replaceAll('~', '~0').replaceAll('/', '~1');

/** JSON Pointer of a rule in the config. */
export const ruleField = (table: string, at?: number): string =>
  `/config/rules/${pointer(table)}${at === undefined ? '' : `/${at}`}`;
