import * as z from 'zod';
import { defineRule, textOf } from './rule.ts';

export const pattern = defineRule<{ readonly column: string; readonly pattern: string }>({
  name: 'pattern',
  summary:
    'The pattern is found in the text; `^` and `$` are its ends. Matched in linear time: no back-references, no look-around (docs/expressions.md, Patterns).',
  settings: { column: z.string().min(1).max(200), pattern: z.string().min(1).max(2000) },
  columns: (s) => [s.column],
  condition: (s, context) => `${textOf(s.column, context)}.matches(${JSON.stringify(s.pattern)})`,
  examples: [
    {
      settings: { column: 'apn', pattern: '^[0-9]{4}-[0-9]{3}$' },
      columns: 'apn text',
      good: ["'2026-042'", 'null'],
      bad: ["'2026-0421'", "' 2026-042'", "''"],
    },
  ],
});
