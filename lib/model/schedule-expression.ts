import { type Cron, ExpressionError, LAST_YEAR, namesDay, parseCron } from './cron.ts';
import { instantOf, wallTime } from './zone.ts';

/** When a schedule runs. `text` as EventBridge Scheduler takes it. */
export type Expression = { readonly text: string } & (
  | { readonly kind: 'rate'; readonly everyMs: number }
  | { readonly kind: 'cron'; readonly cron: Cron }
);

const UNIT_MS = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;

/** A rate is a whole number of minutes, hours or days; longer than this is a cron expression's work. */
const MOST = 10_000;

function parseRate(text: string): Expression {
  const found = /^(\d+)\s+(minute|hour|day)s?$/.exec(text.trim());
  const value = Number(found?.[1]);
  if (!found || value < 1 || value > MOST)
    throw new ExpressionError(`rate(...) needs a number from 1 to ${MOST} and minutes, hours or days.`);
  const unit = found[2] as keyof typeof UNIT_MS; // the pattern lets no other pass
  return {
    kind: 'rate',
    text: `rate(${value} ${unit}${value === 1 ? '' : 's'})`,
    everyMs: value * UNIT_MS[unit],
  };
}

/** Reads `rate(...)` or `cron(...)`. Throws `ExpressionError`, which says what is wrong. */
export function parseExpression(text: string): Expression {
  const found = /^\s*(rate|cron)\((.*)\)\s*$/.exec(text);
  if (!found) throw new ExpressionError('Expected rate(...) or cron(...).');
  const inside = found[2] ?? '';
  if (found[1] === 'rate') return parseRate(inside);
  return { kind: 'cron', text: `cron(${inside.trim().replaceAll(/\s+/g, ' ')})`, cron: parseCron(inside) };
}

/** What a schedule's runs follow from. `anchor`: a run of a rate, ISO 8601; all others lie whole periods from it. */
export interface Timing {
  readonly expression: string;
  readonly timezone: string;
  readonly anchor: string;
}

const DAY_MS = 86_400_000;

function* runsOfRate(everyMs: number, anchorMs: number, afterMs: number): Generator<number> {
  const behind = Math.floor((afterMs - anchorMs) / everyMs) + 1;
  for (let n = Math.max(0, behind); ; n++) yield anchorMs + n * everyMs;
}

/** A run at a time that the clock skips does not happen; one at a time that it shows twice happens once. */
function* runsOfCron(cron: Cron, zone: string, afterMs: number): Generator<number> {
  const { year, month, day } = wallTime(afterMs, zone);
  for (let at = Date.UTC(year, month - 1, day); ; at += DAY_MS) {
    const date = new Date(at);
    const [y, m, d] = [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()];
    if (y > LAST_YEAR) return;
    if (!namesDay(cron, y, m, d)) continue;
    const times = cron.hours.flatMap((hour) =>
      cron.minutes.flatMap((minute) => instantOf({ year: y, month: m, day: d, hour, minute }, zone) ?? []),
    );
    yield* times.filter((ms) => ms > afterMs).sort((a, b) => a - b);
  }
}

/**
 * The next `count` runs after an instant, ISO 8601 in UTC; fewer where the expression names no more. Pure. A day without a run
 * costs under a microsecond, so an expression that never comes true ends after some 60 ms.
 */
export function nextRuns({ expression, timezone, anchor }: Timing, after: Date, count: number): readonly string[] {
  const parsed = parseExpression(expression);
  const runs =
    parsed.kind === 'rate'
      ? runsOfRate(parsed.everyMs, Date.parse(anchor), after.getTime())
      : runsOfCron(parsed.cron, timezone, after.getTime());
  const found: string[] = [];
  for (const ms of runs) {
    if (found.length >= count) break;
    found.push(new Date(ms).toISOString());
  }
  return found;
}
