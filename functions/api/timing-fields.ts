import * as z from 'zod';
import { ExpressionError } from '../../lib/model/cron.ts';
import type { ErrorCode } from '../../lib/model/errors.ts';
import { nextRuns, parseExpression } from '../../lib/model/schedule-expression.ts';
import { isTimeZone } from '../../lib/model/zone.ts';
import { refuse } from './schema-problems.ts';

/** A text that a reader takes apart; what is wrong with it becomes a problem of the field. */
const readBy = (read: (text: string) => string, code: ErrorCode, field: string) =>
  z
    .string()
    .max(256)
    .transform((text, context) => {
      try {
        return read(text);
      } catch (error) {
        if (!(error instanceof ExpressionError)) throw error;
        refuse(context, undefined, [{ code, field, message: error.message }]);
        return z.NEVER;
      }
    });

function readZone(name: string): string {
  if (!isTimeZone(name)) throw new ExpressionError('Expected a name of the IANA database, such as America/Chicago.');
  return name;
}

/** One that never comes true is a mistake. The zone matters by hours, and the question is one of years. */
function readExpression(text: string): string {
  const { text: expression } = parseExpression(text);
  const now = new Date();
  const [next] = nextRuns({ expression, timezone: 'UTC', anchor: now.toISOString() }, now, 1);
  if (next === undefined) throw new ExpressionError('The expression names no time that is still to come.');
  return expression;
}

/** When something is to run. */
export const timingFields = {
  expression: readBy(readExpression, 'schedule_invalid', '/expression').meta({
    description:
      'rate(5 minutes), or cron(minutes hours day-of-month month day-of-week year) as EventBridge Scheduler reads it.',
    example: 'cron(0 2 ? * MON-FRI *)',
  }),
  timezone: readBy(readZone, 'timezone_unknown', '/timezone').default('UTC').meta({
    description: 'In which cron(...) is read: a name of the IANA database.',
    example: 'America/Chicago',
  }),
};
