import * as z from 'zod';
import { compared, defineRule, literal } from './rule.ts';

type Value = string | number | boolean;

export const allowed = defineRule<{ readonly column: string; readonly values: readonly Value[] }>({
  name: 'allowed',
  summary: 'The value is one of `values` (at most 200).',
  settings: {
    column: z.string().min(1).max(200),
    values: z
      .array(z.union([z.string().max(1000), z.number(), z.boolean()]))
      .min(1)
      .max(200),
  },
  columns: (s) => [s.column],
  condition: ({ column, values }, context) => {
    const kind = context.kindOf(column);
    return `${compared(column, context)} in [${values.map((v) => literal(v, kind, column)).join(', ')}]`;
  },
  examples: [
    {
      settings: { column: 'kind', values: ['RES', 'COM'] },
      columns: 'kind text',
      good: ["'RES'", 'null'],
      bad: ["'res'", "'IND'"],
    },
    { settings: { column: 'year', values: [2025, 2026] }, columns: 'year int', good: ['2026'], bad: ['2024'] },
  ],
});
