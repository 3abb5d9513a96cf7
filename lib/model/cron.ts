/** Days of a month that a cron expression names. */
type DayRule =
  | { readonly kind: 'days'; readonly days: ReadonlySet<number> }
  | { readonly kind: 'last_day' }
  /** The day from Monday to Friday that is nearest to `day`, in its month. */
  | { readonly kind: 'weekday_near'; readonly day: number }
  /** Days of the week, 1 is Sunday. */
  | { readonly kind: 'weekdays'; readonly days: ReadonlySet<number> }
  | { readonly kind: 'last_weekday'; readonly weekday: number }
  | { readonly kind: 'nth_weekday'; readonly weekday: number; readonly nth: number };

/** A cron expression of EventBridge Scheduler, taken apart. */
export interface Cron {
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly months: ReadonlySet<number>;
  readonly years: ReadonlySet<number>;
  readonly days: DayRule;
}

interface Field {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly names?: readonly string[];
}

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

const MINUTE: Field = { name: 'minutes', from: 0, to: 59 };
const HOUR: Field = { name: 'hours', from: 0, to: 23 };
const DAY: Field = { name: 'day of month', from: 1, to: 31 };
const MONTH: Field = { name: 'month', from: 1, to: 12, names: MONTHS };
const WEEKDAY: Field = { name: 'day of week', from: 1, to: 7, names: WEEKDAYS };
const YEAR: Field = { name: 'year', from: 1970, to: 2199 };

/** Says what is wrong with an expression. */
export class ExpressionError extends Error {}

function oneOf(text: string, field: Field): number {
  const named = field.names?.indexOf(text.toUpperCase()) ?? -1;
  const value = named >= 0 ? named + field.from : /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= field.from && value <= field.to) return value;
  const names = field.names ? `, or ${field.names[0]} to ${field.names.at(-1)}` : '';
  throw new ExpressionError(`${field.name}: "${text}" is not a number from ${field.from} to ${field.to}${names}.`);
}

/** `*`, `5`, `1-5`, each with `/step`. */
function range(text: string, field: Field): number[] {
  const [span = '', step, ...rest] = text.split('/');
  if (rest.length > 0 || (step !== undefined && !/^[1-9]\d*$/.test(step)))
    throw new ExpressionError(`${field.name}: "${text}" needs one whole number from 1 on behind the slash.`);
  const [first = '', last, ...more] = span.split('-');
  if (more.length > 0) throw new ExpressionError(`${field.name}: "${span}" is no range.`);
  const all = span === '*';
  const from = all ? field.from : oneOf(first, field);
  const to = all || (last === undefined && step !== undefined) ? field.to : oneOf(last ?? first, field);
  if (from > to) throw new ExpressionError(`${field.name}: the range "${span}" ends before it begins.`);
  const width = Number(step ?? 1);
  return Array.from({ length: Math.floor((to - from) / width) + 1 }, (_, i) => from + i * width);
}

function values(text: string, field: Field): number[] {
  return [...new Set(text.split(',').flatMap((part) => range(part, field)))].sort((a, b) => a - b);
}

function dayOfMonth(text: string): DayRule {
  if (/^l$/i.test(text)) return { kind: 'last_day' };
  const near = /^(\w+)w$/i.exec(text);
  if (near) return { kind: 'weekday_near', day: oneOf(near[1] ?? '', DAY) };
  return { kind: 'days', days: new Set(values(text, DAY)) };
}

function dayOfWeek(text: string): DayRule {
  if (/^l$/i.test(text)) return { kind: 'weekdays', days: new Set([WEEKDAY.to]) };
  const last = /^(\w+)l$/i.exec(text);
  if (last) return { kind: 'last_weekday', weekday: oneOf(last[1] ?? '', WEEKDAY) };
  const nth = /^(\w+)#(\w+)$/.exec(text);
  if (nth) {
    const field = { name: 'day of week, behind the #', from: 1, to: 5 };
    return { kind: 'nth_weekday', weekday: oneOf(nth[1] ?? '', WEEKDAY), nth: oneOf(nth[2] ?? '', field) };
  }
  return { kind: 'weekdays', days: new Set(values(text, WEEKDAY)) };
}

/**
 * Takes apart what is between the parentheses of `cron(...)`: minutes, hours, day of month, month, day of week, year, as
 * EventBridge Scheduler reads them; exactly one of both days is `?`. Throws `ExpressionError`.
 */
export function parseCron(text: string): Cron {
  const fields = text.trim().split(/\s+/);
  const [minutes = '', hours = '', day = '', month = '', weekday = '', year = ''] = fields;
  if (fields.length !== 6)
    throw new ExpressionError(
      `cron(...) has six fields (minutes, hours, day of month, month, day of week, year), not ${text.trim() === '' ? 0 : fields.length}.`,
    );
  if ((day === '?') === (weekday === '?'))
    throw new ExpressionError('Exactly one of day of month and day of week must be "?".');
  return {
    minutes: values(minutes, MINUTE),
    hours: values(hours, HOUR),
    months: new Set(values(month, MONTH)),
    years: new Set(values(year, YEAR)),
    days: day === '?' ? dayOfWeek(weekday) : dayOfMonth(day),
  };
}

const daysIn = (year: number, month: number) => new Date(Date.UTC(year, month, 0)).getUTCDate();
/** 1 is Sunday. */
const weekdayOf = (year: number, month: number, day: number) =>
  new Date(Date.UTC(year, month - 1, day)).getUTCDay() + 1;

function nearestWeekday(year: number, month: number, day: number): number | undefined {
  const last = daysIn(year, month);
  if (day > last) return undefined;
  const weekday = weekdayOf(year, month, day);
  if (weekday === 7) return day === 1 ? 3 : day - 1;
  if (weekday === 1) return day === last ? day - 2 : day + 1;
  return day;
}

/** Whether the expression names this day. Pure. */
export function namesDay(cron: Cron, year: number, month: number, day: number): boolean {
  if (!cron.years.has(year) || !cron.months.has(month)) return false;
  const rule = cron.days;
  const weekday = weekdayOf(year, month, day);
  switch (rule.kind) {
    case 'days':
      return rule.days.has(day);
    case 'last_day':
      return day === daysIn(year, month);
    case 'weekday_near':
      return day === nearestWeekday(year, month, rule.day);
    case 'weekdays':
      return rule.days.has(weekday);
    case 'last_weekday':
      return weekday === rule.weekday && day + 7 > daysIn(year, month);
    case 'nth_weekday':
      return weekday === rule.weekday && Math.ceil(day / 7) === rule.nth;
  }
}

/** The last year that any expression can name. */
export const LAST_YEAR = YEAR.to;
