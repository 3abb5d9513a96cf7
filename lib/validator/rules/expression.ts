import * as z from 'zod';
import { defineRule } from './rule.ts';

interface Expression {
  readonly expression: string;
  readonly columns?: readonly string[];
}

export const expression = defineRule<Expression>({
  name: 'expression',
  summary:
    'A condition in CEL over the row as it arrives (docs/expressions.md). `columns` says which of its values are shown in the list of rows put aside.',
  settings: {
    expression: z.string().min(1).max(4000),
    columns: z.array(z.string().min(1).max(200)).max(20).optional(),
  },
  columns: (s) => s.columns ?? [],
  condition: (s) => s.expression,
  examples: [
    {
      settings: { expression: 'sold >= listed || state == "gift"', columns: ['sold', 'listed'] },
      columns: 'listed date, sold date, state text',
      good: ["'2026-01-01', '2026-02-01', 'sale'", "'2026-02-01', '2026-01-01', 'gift'", "null, '2026-01-01', 'sale'"],
      bad: ["'2026-02-01', '2026-01-01', 'sale'"],
    },
    {
      settings: { expression: 'total / parts > 1' },
      columns: 'total int, parts int',
      good: ['10, 2'],
      bad: ['2, 2', '10, 0'],
    },
  ],
});
