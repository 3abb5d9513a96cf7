import * as z from 'zod';
import { all, compared, defineRule, RuleProblem } from './rule.ts';

const hours = z.number().min(0).max(1_000_000).optional();

interface Freshness {
  readonly column: string;
  readonly max_age_hours?: number;
  readonly max_ahead_hours?: number;
}

const HOUR_MS = 3_600_000;

export const freshness = defineRule<Freshness>({
  name: 'freshness',
  summary:
    'The date or time is at most so many hours before the job was prepared, and at most so many after it. A time without zone counts as UTC, a date as its first moment.',
  settings: { column: z.string().min(1).max(200), max_age_hours: hours, max_ahead_hours: hours },
  columns: (s) => [s.column],
  condition: ({ column, max_age_hours: age, max_ahead_hours: ahead }, context) => {
    const kind = context.kindOf(column);
    if (!['date', 'timestamp', 'timestamptz'].includes(kind)) throw new RuleProblem(`${column} is no date or time.`);
    const value = kind === 'date' ? `timestamp(row[${JSON.stringify(column)}])` : compared(column, context);
    const at = (h: number) => `timestamp("${new Date(context.now.getTime() + h * HOUR_MS).toISOString()}")`;
    return all(
      [age !== undefined && `${value} >= ${at(-age)}`, ahead !== undefined && `${value} <= ${at(ahead)}`],
      'Give max_age_hours, max_ahead_hours or both.',
    );
  },
  examples: [
    {
      settings: { column: 'seen', max_age_hours: 48, max_ahead_hours: 0 },
      columns: 'seen timestamptz',
      good: ["now() - interval '47 hours'", 'null'],
      bad: ["now() - interval '49 hours'", "now() + interval '1 hour'", "'infinity'"],
    },
  ],
});
