import type { Tally } from './tally.ts';

/** Prints how often each class of fault was injected, suite by suite, and what came of all of them. */
export function printTotals(
  level: string,
  tallies: Readonly<Record<string, Tally>>,
  more: readonly string[] = [],
): void {
  const all = Object.values(tallies);
  const lines = Object.entries(tallies).flatMap(([suite, t]) =>
    [...t.faults].sort().map(([fault, n]) => `  ${suite.padEnd(10)} ${fault.padEnd(48)} ${String(n).padStart(8)}`),
  );
  const sum = (key: 'schedules' | 'kills' | 'duplicates' | 'stops' | 'lost' | 'duplicated' | 'wrongEnds') =>
    all.reduce((n, t) => n + t[key], 0);
  const faults = all.reduce((n, t) => n + [...t.faults.values()].reduce((a, b) => a + b, 0), 0);
  console.log(
    [
      `level ${level}: faults by class`,
      ...lines,
      ...more,
      `schedules ${sum('schedules')}, faults ${faults}, kills ${sum('kills')}, duplicate deliveries ${sum('duplicates')}, stops ${sum('stops')}`,
      `lost ${sum('lost')}, duplicated ${sum('duplicated')}, wrong end states ${sum('wrongEnds')}`,
    ].join('\n'),
  );
}
