import * as z from 'zod';
import { all, compared, defineRule, literal } from './rule.ts';

const bound = z.union([z.number(), z.string().min(1).max(1000)]).optional();

interface Range {
  readonly column: string;
  readonly min?: number | string;
  readonly max?: number | string;
}

export const range = defineRule<Range>({
  name: 'range',
  summary:
    'The value is not below `min` and not above `max`. Numbers exactly; dates and times written as texts (a time without zone counts as UTC); texts byte by byte.',
  settings: { column: z.string().min(1).max(200), min: bound, max: bound },
  columns: (s) => [s.column],
  condition: ({ column, min, max }, context) => {
    const kind = context.kindOf(column);
    const value = compared(column, context);
    const at = (v: number | string) => literal(v, kind, column);
    return all(
      [min !== undefined && `${value} >= ${at(min)}`, max !== undefined && `${value} <= ${at(max)}`],
      'Give min, max or both.',
    );
  },
  examples: [
    {
      settings: { column: 'price', min: 0, max: '99999999999999999999.99' },
      columns: 'price numeric',
      good: ['0', '99999999999999999999.99', 'null'],
      bad: ['-0.01', '99999999999999999999.991', "'NaN'"],
    },
    {
      settings: { column: 'built', min: '1850-01-01' },
      columns: 'built timestamp',
      good: ["'1850-01-01'", "'2026-01-01 10:00'"],
      bad: ["'1849-12-31 23:59:59'"],
    },
  ],
});
