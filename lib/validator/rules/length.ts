import * as z from 'zod';
import { all, defineRule, textOf } from './rule.ts';

const count = z.int().min(0).max(1_000_000).optional();

interface Length {
  readonly column: string;
  readonly min?: number;
  readonly max?: number;
}

export const length = defineRule<Length>({
  name: 'length',
  summary: 'The text has at least `min` and at most `max` characters.',
  settings: { column: z.string().min(1).max(200), min: count, max: count },
  columns: (s) => [s.column],
  condition: ({ column, min, max }, context) => {
    const size = `size(${textOf(column, context)})`;
    return all(
      [min !== undefined && `${size} >= ${min}`, max !== undefined && `${size} <= ${max}`],
      'Give min, max or both.',
    );
  },
  examples: [
    {
      settings: { column: 'zip', min: 5, max: 5 },
      columns: 'zip varchar(10)',
      good: ["'98101'", "'Åbo12'"],
      bad: ["'9810'", "'98101-1'"],
    },
  ],
});
