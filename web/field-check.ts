import type { ConflictField } from '../lib/model/conflict-answers.ts';

/** Labels that are named to somebody who has typed none of them. */
const MOST_LABELS = 12;

/**
 * What is wrong with a value that somebody has typed for a column, in words; undefined where nothing is, or where only the
 * database can tell. It goes by the type of PostgreSQL itself behind the column's (`int4`). The database has the last word.
 */
export function fieldProblem(
  { base_type = '', labels }: Pick<ConflictField, 'base_type' | 'labels'>,
  text: string,
): string | undefined {
  if (text.includes('\0')) return 'PostgreSQL stores no zero character.';
  if (labels) return labels.includes(text) ? undefined : `Expected one of ${listed(labels)}.`;
  return Object.hasOwn(CHECKS, base_type) ? CHECKS[base_type]?.(text.trim()) : undefined; // a type may have any name
}

const listed = (labels: readonly string[]): string =>
  labels.length <= MOST_LABELS
    ? labels.join(', ')
    : `${labels.slice(0, MOST_LABELS).join(', ')} and ${labels.length - MOST_LABELS} more`;

type Check = (text: string) => string | undefined;

const whole =
  (least: bigint, most: bigint): Check =>
  (text) => {
    if (!/^[+-]?\d+$/.test(text)) return 'Expected a whole number, such as 42.';
    const value = BigInt(text.replace('+', ''));
    return value < least || value > most ? `Expected a whole number from ${least} to ${most}.` : undefined;
  };

const matches =
  (form: RegExp, expected: string): Check =>
  (text) =>
    form.test(text) ? undefined : `Expected ${expected}.`;

const decimal = matches(
  /^([+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?|nan|[+-]?inf(inity)?)$/i,
  'a number with a point, such as 12.50',
);

/** The calendar, as ISO 8601 writes it. Other spellings of PostgreSQL depend on settings, so nobody should type them here. */
const DAY = /^(\d{4,6})-(\d\d)-(\d\d)( BC)?$/;
const SPECIAL = /^-?infinity$/;
const date: Check = (text) => {
  if (SPECIAL.test(text)) return undefined;
  const [, year, month, day, era] = DAY.exec(text) ?? [];
  if (year === undefined) return 'Expected a date as 2026-01-31.';
  const there = new Date(0);
  there.setUTCFullYear(era ? 1 - Number(year) : Number(year), Number(month) - 1, Number(day));
  return there.getUTCMonth() + 1 === Number(month) && there.getUTCDate() === Number(day)
    ? undefined
    : 'There is no such day in the calendar.';
};

const CLOCK = '([01]\\d|2[0-3]):[0-5]\\d(:([0-5]\\d|60)(\\.\\d{1,6})?)?';
const ZONE = '(Z|[+-]\\d\\d(:?\\d\\d)?)';
const instant =
  (zone: boolean): Check =>
  (text) => {
    if (SPECIAL.test(text)) return undefined;
    const form = new RegExp(`^(\\S+)[ T]${CLOCK}${zone ? `${ZONE}` : ''}$`);
    const found = form.exec(text.replace(/ BC$/, ''));
    const expected = zone ? '2026-01-31 14:30:00+00, with its offset' : '2026-01-31 14:30:00';
    return found ? date(found[1] ?? '') : `Expected a date and time as ${expected}.`;
  };

const json: Check = (text) => {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    return `Expected JSON: ${error instanceof Error ? error.message : 'it cannot be read'}.`;
  }
};

const CHECKS: Readonly<Record<string, Check>> = {
  int2: whole(-32_768n, 32_767n),
  int4: whole(-2_147_483_648n, 2_147_483_647n),
  int8: whole(-9_223_372_036_854_775_808n, 9_223_372_036_854_775_807n),
  numeric: decimal,
  float4: decimal,
  float8: decimal,
  bool: matches(/^(t|f|true|false|yes|no|on|off|y|n|1|0)$/i, 'true or false'),
  date,
  timestamp: instant(false),
  timestamptz: instant(true),
  time: matches(new RegExp(`^(${CLOCK}|24:00(:00)?)$`), 'a time as 14:30:00'),
  uuid: matches(/^\{?[0-9a-f]{4}(-?[0-9a-f]{4}){7}\}?$/i, 'a UUID of 32 hexadecimal digits'),
  json,
  jsonb: json,
  bytea: matches(/^\\x([0-9a-f]{2})*$/i, 'bytes in hexadecimal, such as \\x00ff'),
  bit: matches(/^[01]*$/, 'zeros and ones'),
  varbit: matches(/^[01]*$/, 'zeros and ones'),
};
