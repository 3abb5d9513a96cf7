import { Problem } from '../problem.ts';
import { call, constant, textConstant, within } from '../sql.ts';
import { YEARS } from '../tame.ts';
import type { Kind, Made, Term } from '../term.ts';
import { aCount, aText, aTime, type ExpressionFunction, int4, whole, written } from './function.ts';

/** Instants are computed with as the clock of UTC shows them. */
const clock = (t: Term): string => (t.kind === 'timestamptz' ? call('timezone', `'UTC'`, t.sql) : t.sql);
const fromClock = (kind: Kind, sql: string): string => {
  if (kind === 'timestamptz') return call('timezone', `'UTC'`, sql);
  return kind === 'date' ? `(${sql})::pg_catalog.date` : sql;
};

/** The value where it still is of the years 1 to 9999. */
const inYears = (kind: Kind, sql: string): string => {
  const [before = '', after = ''] = YEARS[kind] ?? [];
  return within(sql, before, after);
};

/** More days and months than these lead out of all years. */
const MOST_DAYS = 4_000_000;
const MOST_MONTHS = 120_000;
/**
 * 12,000 years: 30 times the 400 years after which the calendar repeats. Times are moved that far from PostgreSQL's first
 * year (4713 BC) before days are taken from them, and back once it is known that they still are of the years 1 to 9999.
 */
const AWAY = { days: 4_382_910, months: 144_000 } as const;
const AWAY_YEARS = [
  constant('timestamp', '12000-12-31 23:59:59.999999'),
  constant('timestamp', '22000-01-01'),
] as const;

const field = (
  name: string,
  part: string,
  summary: string,
  example: readonly [string, string],
): ExpressionFunction => ({
  name,
  summary,
  parameters: [aTime('time')],
  examples: [example],
  build: ([t]) => ({
    kind: 'number',
    sql: call('trunc', `${call('date_part', `'${part}'`, clock(t as Term))}::pg_catalog.numeric`, 0),
    digits: whole(4),
  }),
});

const shifted = (
  name: string,
  unit: 'days' | 'months',
  most: number,
  summary: string,
  example: readonly [string, string],
): ExpressionFunction => ({
  name,
  summary,
  parameters: [aTime('time'), aCount(unit)],
  examples: [example],
  build: ([t, n]) => {
    const { kind } = t as Term;
    const moved = `(${clock(t as Term)} + ${call('make_interval', `${unit} => ${AWAY[unit]} + ${int4(n as Term, -most, most)}`)})`;
    const back = `(${within(moved, ...AWAY_YEARS)} - ${constant('interval', `${AWAY[unit]} ${unit}`)})`;
    return { kind, sql: fromClock(kind, back), fails: true };
  },
});

const UNITS = ['year', 'quarter', 'month', 'week', 'day', 'hour', 'minute', 'second'];

/** A word of a fixed list, from an argument that is written out. */
function oneOf(words: readonly string[], t: Term | undefined, what: string): string {
  const word = words.find((w) => w === t?.constant);
  if (word === undefined) throw new Problem('expression_constant', `${what} is one of ${words.join(', ')}.`);
  return word;
}

/** Dates of the years 1 to 9999 that there are, as regular expressions. */
const DAYS = {
  year: '(?!0000)[0-9]{4}',
  month31: '0?[13578]|1[02]',
  month30: '0?[469]|11',
  leap: '(?:[0-9][0-9](?:0[48]|[2468][048]|[13579][26])|(?:[02468][48]|[2468][048]|[13579][26])00)',
};
const CALENDAR =
  `(?:${DAYS.year}-(?:(?:${DAYS.month31})-(?:0?[1-9]|[12][0-9]|3[01])|(?:${DAYS.month30})-(?:0?[1-9]|[12][0-9]|30)` +
  `|0?2-(?:0?[1-9]|1[0-9]|2[0-8]))|(?!0000)${DAYS.leap}-0?2-29)`;
const CLOCK = '(?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.][0-9]{1,6})?)?';
const ZONE = '(?:Z|[-+](?:0[0-9]|1[0-4]):?[0-5][0-9])';

/** How each written form of a date becomes year-month-day: what is found, and what is put in its place. */
const FORMATS: Readonly<Record<string, readonly [from: string, to: string]>> = {
  'YYYY-MM-DD': ['^([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})$', '\\1-\\2-\\3'],
  'MM/DD/YYYY': ['^([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})$', '\\3-\\1-\\2'],
  'DD/MM/YYYY': ['^([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})$', '\\3-\\2-\\1'],
  'DD.MM.YYYY': ['^([0-9]{1,2})[.]([0-9]{1,2})[.]([0-9]{4})$', '\\3-\\2-\\1'],
  YYYYMMDD: ['^([0-9]{4})([0-9]{2})([0-9]{2})$', '\\1-\\2-\\3'],
};
const WRITTEN: Readonly<Record<string, string>> = {
  'YYYY-MM-DD': 'YYYY-MM-DD',
  'MM/DD/YYYY': 'MM/DD/YYYY',
  'DD/MM/YYYY': 'DD/MM/YYYY',
  'DD.MM.YYYY': 'DD.MM.YYYY',
  YYYYMMDD: 'YYYYMMDD',
  'YYYY-MM': 'YYYY-MM',
  YYYY: 'YYYY',
  'HH:MM:SS': 'HH24:MI:SS',
};

const valid = (sql: string, form: string, type: string): string =>
  `(${call('substring', sql, textConstant(`^(${form})$`))}::pg_catalog.${type})`;
const trimmed = (t: Term): string => call('btrim', t.sql, textConstant(' \t\n\r'));

function parseDate(t: Term, format: string): Made {
  const [from = '', to = ''] = FORMATS[format] ?? [];
  // a text of another form stays as it is; only one that begins with the year could pass for a date then
  const other =
    format === 'YYYY-MM-DD'
      ? trimmed(t)
      : call('substring', trimmed(t), textConstant(from.replace(/\((?!\?)/g, '(?:')));
  const ordered = format === 'YYYY-MM-DD' ? other : call('regexp_replace', other, textConstant(from), textConstant(to));
  return { kind: 'date', sql: valid(ordered, CALENDAR, 'date'), fails: true };
}

const toDate = (t: Term): Made => {
  if (t.kind === 'text') return parseDate(t, 'YYYY-MM-DD');
  return { kind: 'date', sql: `${clock(t)}::pg_catalog.date` };
};

const toInstant = (t: Term): Made => {
  if (t.kind === 'timestamptz') return { kind: 'timestamptz', sql: t.sql };
  const sql =
    t.kind === 'text'
      ? inYears('timestamptz', valid(trimmed(t), `${CALENDAR}[ T]${CLOCK}${ZONE}`, 'timestamptz'))
      : call('timezone', `'UTC'`, `${t.sql}::pg_catalog.timestamp`);
  return { kind: 'timestamptz', sql, fails: t.kind === 'text' };
};

const DURATION = /^(-?)(?:([0-9]{1,7})d)?(?:([0-9]{1,8})h)?(?:([0-9]{1,10})m)?(?:([0-9]{1,11}(?:\.[0-9]{1,6})?)s)?$/;

/** Longer ones could lead out of PostgreSQL's years. */
const MOST_DURATION_DAYS = 1_400_000;

function duration(text: string | undefined): Made {
  const [whole, minus, days = '0', hours = '0', minutes = '0', seconds = '0'] = DURATION.exec(text ?? '') ?? [];
  if (!whole || whole === '-')
    throw new Problem('expression_constant', 'A duration is written as 36h, 1d12h, 90m or -1.5s.');
  if (Number(days) + Number(hours) / 24 + Number(minutes) / 1440 + Number(seconds) / 86_400 > MOST_DURATION_DAYS)
    throw new Problem('expression_constant', `A duration has at most ${MOST_DURATION_DAYS} days.`);
  const part = (n: string, unit: string) => `${minus}${n} ${unit}`;
  const parts = [part(days, 'days'), part(hours, 'hours'), part(minutes, 'minutes'), part(seconds, 'seconds')];
  return { kind: 'interval', sql: constant('interval', parts.join(' ')), constant: whole };
}

export const timeFunctions: readonly ExpressionFunction[] = [
  field('year', 'year', 'The year; of an instant, in UTC, as all of these.', ["year(date('2026-11-23'))", '2026']),
  field('quarter', 'quarter', '1 to 4.', ["quarter(date('2026-11-23'))", '4']),
  field('month', 'month', '1 to 12.', ["month(date('2026-11-23'))", '11']),
  field('day', 'day', 'Day of the month.', ["day(date('2026-11-23'))", '23']),
  field('dayOfWeek', 'isodow', '1 (Monday) to 7.', ["dayOfWeek(date('2026-11-23'))", '1']),
  field('dayOfYear', 'doy', '1 to 366.', ["dayOfYear(date('2026-12-31'))", '365']),
  field('hour', 'hour', '0 to 23.', ["hour(timestamp('2026-11-23T09:30:05Z'))", '9']),
  field('minute', 'minute', '0 to 59.', ["minute(timestamp('2026-11-23T09:30:05Z'))", '30']),
  field('second', 'second', 'Whole seconds, 0 to 59.', ["second(timestamp('2026-11-23T09:30:05.9Z'))", '5']),
  shifted('addDays', 'days', MOST_DAYS, 'So many days later.', ["addDays(date('2026-02-28'), 1)", '2026-03-01']),
  shifted('addMonths', 'months', MOST_MONTHS, 'So many months later; the last day of a shorter month.', [
    "addMonths(date('2026-01-31'), 1)",
    '2026-02-28',
  ]),
  {
    name: 'daysBetween',
    summary: 'Days from the first date to the second.',
    parameters: [
      { name: 'from', kinds: ['date'] },
      { name: 'to', kinds: ['date'] },
    ],
    examples: [["daysBetween(date('2026-01-01'), date('2026-12-31'))", '364']],
    build: ([a, b]) => ({
      kind: 'number',
      sql: `(${(b as Term).sql} - ${(a as Term).sql})::pg_catalog.numeric`,
      digits: whole(7),
    }),
  },
  {
    name: 'dateTrunc',
    summary: `The begin of the ${UNITS.join(', ')} that it lies in.`,
    parameters: [aTime('time'), written(aText('unit'))],
    examples: [["dateTrunc(date('2026-11-23'), 'month')", '2026-11-01']],
    build: ([t, unit]) => {
      const { kind } = t as Term;
      const sql = call(
        'date_trunc',
        `'${oneOf(UNITS, unit, 'The unit')}'`,
        `${clock(t as Term)}::pg_catalog.timestamp`,
      );
      return { kind, sql: inYears(kind, fromClock(kind, sql)), fails: true };
    },
  },
  {
    name: 'date',
    summary: 'A date from a text of the form YYYY-MM-DD, or the day (in UTC) of a time.',
    parameters: [{ name: 'value', kinds: ['text', 'date', 'timestamp', 'timestamptz'] }],
    examples: [
      ["date('2024-02-29')", '2024-02-29'],
      ["date('2023-02-29')", null],
    ],
    build: ([t]) => toDate(t as Term),
  },
  {
    name: 'parseDate',
    summary: `A date from a text of one of the forms ${Object.keys(FORMATS).join(', ')}.`,
    parameters: [aText('text'), written(aText('format'))],
    examples: [
      ["parseDate('7/4/2026', 'MM/DD/YYYY')", '2026-07-04'],
      ["parseDate('31.02.2026', 'DD.MM.YYYY')", null],
    ],
    build: ([t, f]) => parseDate(t as Term, oneOf(Object.keys(FORMATS), f, 'The format')),
  },
  {
    name: 'formatDate',
    summary: `The text of a date or time (in UTC) in one of the forms ${Object.keys(WRITTEN).join(', ')}.`,
    parameters: [aTime('time'), written(aText('format'))],
    examples: [["formatDate(date('2026-07-04'), 'MM/DD/YYYY')", '07/04/2026']],
    build: ([t, f]) => {
      const form = WRITTEN[oneOf(Object.keys(WRITTEN), f, 'The format')] ?? '';
      const sql = `(${call('to_char', `${clock(t as Term)}::pg_catalog.timestamp`, `'${form}'`)} collate "C")`;
      return { kind: 'text', sql, characters: 10 };
    },
  },
  {
    name: 'timestamp',
    summary:
      'An instant from a text of the form 2026-11-23T09:30:00Z, or from a date or time without zone, read as UTC.',
    parameters: [{ name: 'value', kinds: ['text', 'date', 'timestamp', 'timestamptz'] }],
    examples: [
      ["string(timestamp('2026-11-23T09:30:00-08:00'))", '2026-11-23T17:30:00Z'],
      ["timestamp('2026-11-23T25:00:00Z')", null],
    ],
    build: ([t]) => toInstant(t as Term),
  },
  {
    name: 'duration',
    summary: 'A length of time, written as days, hours, minutes and seconds.',
    parameters: [written(aText('text'))],
    examples: [["string(timestamp('2026-11-23T00:00:00Z') + duration('1h30m'))", '2026-11-23T01:30:00Z']],
    build: ([t]) => duration(t?.constant),
  },
  {
    name: 'seconds',
    summary: 'Seconds of a length of time; a month counts as 30 days, a year as 365.25.',
    parameters: [{ name: 'duration', kinds: ['interval'] }],
    examples: [["seconds(duration('1h30m'))", '5400.000000']],
    build: ([t]) => ({
      kind: 'number',
      sql: within(
        `(${call('extract', `'epoch'`, (t as Term).sql)})`,
        constant('numeric', '-1e18'),
        constant('numeric', '1e18'),
      ),
      digits: { whole: 18, scale: 6, integer: false },
      fails: true,
    }),
  },
];
