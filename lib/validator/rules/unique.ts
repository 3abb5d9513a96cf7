import * as z from 'zod';
import { defineRule } from './rule.ts';

export const unique = defineRule<{ readonly columns: readonly string[] }>({
  name: 'unique',
  summary:
    'No other row has the same values in `columns`: of the source, or of the target alone. None of the rows that share them passes, since nobody can say which is right. A row with NULL in one of them passes.',
  settings: { columns: z.array(z.string().min(1).max(200)).min(1).max(16) },
  columns: (s) => s.columns,
  set: (s) => ({ kind: 'unique', columns: s.columns }),
  examples: [
    {
      settings: { columns: ['apn'] },
      columns: 'apn text',
      good: ["'A-1'", 'null', 'null'],
      bad: ["'A-2'", "'A-2'", "'A-9'"],
      target: "insert into checked values (900, 'A-9')",
    },
  ],
});
