import { expect, test } from 'vitest';
import { nextRuns, parseExpression } from '../../../lib/model/schedule-expression.ts';
import { isTimeZone } from '../../../lib/model/zone.ts';

const ANCHOR = '2026-11-23T12:00:30.000Z';
const runs = (expression: string, after: string, timezone = 'UTC', count = 3) =>
  nextRuns({ expression, timezone, anchor: ANCHOR }, new Date(after), count).map((iso) =>
    iso.replace(/:00\.000Z$/, 'Z').replace('.000Z', 'Z'),
  );

const NOW = '2026-11-23T12:00:00Z'; // a Monday

// after the examples of the user guide of EventBridge Scheduler, and the traps of calendars
test.each<[string, string[]]>([
  ['cron(0 10 * * ? *)', ['2026-11-24T10:00Z', '2026-11-25T10:00Z', '2026-11-26T10:00Z']],
  ['cron(15 12 * * ? *)', ['2026-11-23T12:15Z', '2026-11-24T12:15Z', '2026-11-25T12:15Z']],
  ['cron(0 18 ? * MON-FRI *)', ['2026-11-23T18:00Z', '2026-11-24T18:00Z', '2026-11-25T18:00Z']],
  ['cron(0 18 ? * 2-6 *)', ['2026-11-23T18:00Z', '2026-11-24T18:00Z', '2026-11-25T18:00Z']],
  ['cron(0 8 1 * ? *)', ['2026-12-01T08:00Z', '2027-01-01T08:00Z', '2027-02-01T08:00Z']],
  ['cron(0/15 * * * ? *)', ['2026-11-23T12:15Z', '2026-11-23T12:30Z', '2026-11-23T12:45Z']],
  ['cron(0/10 * ? * mon-fri *)', ['2026-11-23T12:10Z', '2026-11-23T12:20Z', '2026-11-23T12:30Z']],
  ['cron(0/5 8-17 ? * MON-FRI *)', ['2026-11-23T12:05Z', '2026-11-23T12:10Z', '2026-11-23T12:15Z']],
  ['cron(15 10 ? * 6L 2026-2027)', ['2026-11-27T10:15Z', '2026-12-25T10:15Z', '2027-01-29T10:15Z']],
  ['cron(0 10 ? * FRIL *)', ['2026-11-27T10:00Z', '2026-12-25T10:00Z', '2027-01-29T10:00Z']],
  ['cron(0 9 ? * 2#1 *)', ['2026-12-07T09:00Z', '2027-01-04T09:00Z', '2027-02-01T09:00Z']],
  ['cron(0 9 ? * TUE#5 *)', ['2026-12-29T09:00Z', '2027-03-30T09:00Z', '2027-06-29T09:00Z']],
  ['cron(0 0 L * ? *)', ['2026-11-30T00:00Z', '2026-12-31T00:00Z', '2027-01-31T00:00Z']],
  ['cron(0 0 ? * L *)', ['2026-11-28T00:00Z', '2026-12-05T00:00Z', '2026-12-12T00:00Z']],
  ['cron(0 0 15W * ? *)', ['2026-12-15T00:00Z', '2027-01-15T00:00Z', '2027-02-15T00:00Z']],
  ['cron(0 0 1W MAY ? 2027)', ['2027-05-03T00:00Z']], // the first is a Saturday: not into April
  ['cron(0 0 31W JAN ? 2027)', ['2027-01-29T00:00Z']], // the last is a Sunday: not into February
  ['cron(0 0 31W FEB ? *)', []],
  ['cron(0 0 29 2 ? *)', ['2028-02-29T00:00Z', '2032-02-29T00:00Z', '2036-02-29T00:00Z']],
  ['cron(0 0 30 FEB ? *)', []],
  ['cron(0 0 1 1 ? 2020)', []],
  ['cron(0 0 31 * ? *)', ['2026-12-31T00:00Z', '2027-01-31T00:00Z', '2027-03-31T00:00Z']],
  ['cron(5,35 14 23 11 ? *)', ['2026-11-23T14:05Z', '2026-11-23T14:35Z', '2027-11-23T14:05Z']],
  ['cron(0 12 ? * SUN,WED *)', ['2026-11-25T12:00Z', '2026-11-29T12:00Z', '2026-12-02T12:00Z']],
  ['cron(0 0 1 1/6 ? *)', ['2027-01-01T00:00Z', '2027-07-01T00:00Z', '2028-01-01T00:00Z']],
  ['cron(10-20/5 13 * * ? *)', ['2026-11-23T13:10Z', '2026-11-23T13:15Z', '2026-11-23T13:20Z']],
  ['cron(0 0 1 1 ? 2027/2)', ['2027-01-01T00:00Z', '2029-01-01T00:00Z', '2031-01-01T00:00Z']],
  ['rate(5 minutes)', ['2026-11-23T12:00:30Z', '2026-11-23T12:05:30Z', '2026-11-23T12:10:30Z']],
  ['rate(1 hour)', ['2026-11-23T12:00:30Z', '2026-11-23T13:00:30Z', '2026-11-23T14:00:30Z']],
])('%s runs at %j', (expression, expected) => {
  expect(runs(expression, NOW)).toEqual(expected);
});

test('a run that is due this very instant is not the next one', () => {
  expect(runs('cron(0 12 * * ? *)', NOW, 'UTC', 1)).toEqual(['2026-11-24T12:00Z']);
  expect(runs('rate(1 day)', ANCHOR, 'UTC', 1)).toEqual(['2026-11-24T12:00:30Z']);
});

test('a rate keeps its distance from its anchor, however long ago that was', () => {
  expect(runs('rate(7 minutes)', '2027-11-23T12:00:00Z', 'UTC', 2)).toEqual([
    '2027-11-23T12:02:30Z',
    '2027-11-23T12:09:30Z',
  ]);
});

// Chicago puts its clocks forward on 2027-03-14 at 2:00 and back on 2027-11-07 at 2:00
test.each<[string, string, string, string[]]>([
  ['America/Chicago', 'cron(0 8 * * ? *)', '2027-03-13T00:00:00Z', ['2027-03-13T14:00Z', '2027-03-14T13:00Z']],
  ['America/Chicago', 'cron(30 2 * * ? *)', '2027-03-13T12:00:00Z', ['2027-03-15T07:30Z', '2027-03-16T07:30Z']],
  ['America/Chicago', 'cron(30 1 * * ? *)', '2027-11-06T12:00:00Z', ['2027-11-07T06:30Z', '2027-11-08T07:30Z']],
  ['America/Chicago', 'cron(30 1 * * ? *)', '2027-11-07T06:45:00Z', ['2027-11-08T07:30Z', '2027-11-09T07:30Z']],
  ['Asia/Kathmandu', 'cron(0 0 * * ? *)', NOW, ['2026-11-23T18:15Z', '2026-11-24T18:15Z']],
  ['Pacific/Kiritimati', 'cron(0 6 24 11 ? *)', NOW, ['2026-11-23T16:00Z', '2027-11-23T16:00Z']],
  ['Australia/Lord_Howe', 'cron(15 2 * * ? *)', '2027-10-01T16:00:00Z', ['2027-10-03T15:15Z', '2027-10-04T15:15Z']],
  ['Pacific/Pago_Pago', 'cron(0 23 22 11 ? *)', '2026-11-22T00:00:00Z', ['2026-11-23T10:00Z', '2027-11-23T10:00Z']],
])('in %s %s after %s', (zone, expression, after, expected) => {
  expect(runs(expression, after, zone, 2)).toEqual(expected);
});

test.each([
  ['', /rate\(\.\.\.\) or cron/],
  ['at(2026-11-23T12:00:00)', /rate\(\.\.\.\) or cron/],
  ['cron(0 10 * * ?)', /six fields.*not 5/],
  ['cron()', /six fields.*not 0/],
  ['cron(0 10 * * * *)', /one of day of month and day of week/],
  ['cron(0 10 ? * ? *)', /one of day of month and day of week/],
  ['cron(60 10 * * ? *)', /minutes: "60"/],
  ['cron(0 24 * * ? *)', /hours: "24"/],
  ['cron(0 0 0 * ? *)', /day of month: "0"/],
  ['cron(0 0 32 * ? *)', /day of month: "32"/],
  ['cron(0 0 1 13 ? *)', /month: "13"/],
  ['cron(0 0 ? * 0 *)', /day of week: "0".*SUN to SAT/],
  ['cron(0 0 ? * 8 *)', /day of week: "8"/],
  ['cron(0 0 ? * MONDAY *)', /day of week: "MONDAY"/],
  ['cron(0 0 ? * 2#6 *)', /behind the #: "6"/],
  ['cron(0 0 ? * 2#1,3#1 *)', /day of week/],
  ['cron(0 0 1 * ? 1969)', /year: "1969"/],
  ['cron(0/0 0 1 * ? *)', /behind the slash/],
  ['cron(1//2 0 1 * ? *)', /behind the slash/],
  ['cron(30-10 0 1 * ? *)', /ends before it begins/],
  ['cron(1,,2 0 1 * ? *)', /minutes: ""/],
  ['cron(1-2-3 0 1 * ? *)', /no range/],
  ['cron(-1 0 1 * ? *)', /minutes: ""/],
  ['cron(0 0 LW * ? *)', /day of month/],
  ['cron(0 0 L-3 * ? *)', /day of month/],
  ['rate(0 minutes)', /rate\(/],
  ['rate(1.5 hours)', /rate\(/],
  ['rate(5 seconds)', /rate\(/],
  ['rate(99999 days)', /rate\(/],
  ['rate(-5 minutes)', /rate\(/],
])('%s is refused, and said why', (expression, why) => {
  expect(() => parseExpression(expression)).toThrow(why);
});

test('expressions are written as EventBridge Scheduler takes them', () => {
  expect(parseExpression(' rate(1  minutes) ').text).toBe('rate(1 minute)');
  expect(parseExpression('rate(2 hour)').text).toBe('rate(2 hours)');
  expect(parseExpression('cron(0   10  * *  ? *)').text).toBe('cron(0 10 * * ? *)');
});

test.each([
  ['UTC', true],
  ['Europe/Berlin', true],
  ['America/Argentina/Buenos_Aires', true],
  ['Etc/GMT+5', true],
  ['+02:00', false],
  ['Mars/Olympus', false],
  ['', false],
  ['UTC; drop', false],
])('%j is a time zone: %s', (name, is) => {
  expect(isTimeZone(name)).toBe(is);
});

test('an expression that never comes true is answered in time', () => {
  const before = performance.now();
  expect(runs('cron(0 0 30 2 ? *)', NOW)).toEqual([]);
  expect(performance.now() - before).toBeLessThan(2000);
});
