import * as z from 'zod';
import { column, defineRule, RuleProblem } from '../lib/validator/rules/rule.ts';

/**
 * A rule of one's own: a parcel number whose last digit is the sum of the others, modulo 10.
 *
 * To have it, put this file into lib/validator/rules (and let it import from ./rule.ts) and its name into the list of
 * registry.ts beside it. The config then takes it, its settings are checked when a job is created, test/contract/rules.test.ts
 * runs its examples on real databases with each severity, and it stands in docs/rules.md (UPDATE_DOCS=1).
 *
 * What `condition` must keep: an expression in CEL (docs/expressions.md) over the row as it arrives, false where the row does
 * not pass. The compiler sees to the rest: types, NULL (which passes), values that cannot be computed (which do not), names and
 * constants in quotes, and SQL that never raises an error.
 */
export const checkDigit = defineRule<{ readonly column: string; readonly digits: number }>({
  name: 'check_digit',
  summary: 'The last of `digits` digits is the sum of the others, modulo 10.',
  settings: { column: z.string().min(1).max(200), digits: z.int().min(2).max(12) },
  columns: (s) => [s.column],
  condition: ({ column: name, digits }, { kindOf }) => {
    if (kindOf(name) !== 'text') throw new RuleProblem(`${name} is no text.`);
    const digit = (i: number) => `int(substring(${column(name)}, ${i}, ${i + 1}))`;
    const sum = Array.from({ length: digits - 1 }, (_, i) => digit(i)).join(' + ');
    return `${column(name)}.matches("^[0-9]{${digits}}$") && (${sum}) % 10 == ${digit(digits - 1)}`;
  },
  examples: [
    {
      settings: { column: 'apn', digits: 4 },
      columns: 'apn text',
      good: ["'1236'", "'9997'", 'null'],
      bad: ["'1235'", "'123'", "'12a6'"],
    },
  ],
});
