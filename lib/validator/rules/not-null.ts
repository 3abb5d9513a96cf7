import * as z from 'zod';
import { column, defineRule } from './rule.ts';

export const notNull = defineRule<{ readonly column: string }>({
  name: 'not_null',
  summary: 'The column has a value.',
  settings: { column: z.string().min(1).max(200) },
  columns: (s) => [s.column],
  condition: (s) => `has(${column(s.column)})`,
  examples: [{ settings: { column: 'owner' }, columns: 'owner text', good: ["'Doe'", "''"], bad: ['null'] }],
});
