import { expect, test } from 'vitest';
import { costOf, dollars, usageText } from '../../../lib/model/cost.ts';
import { PRICE_SOURCES, PRICES, PRICES_DATE, type Price } from '../../../lib/model/prices.ts';
import { addUsage, NO_USAGE, USAGE_FIGURES } from '../../../lib/model/usage.ts';

const used = (some: Partial<typeof NO_USAGE>) => addUsage(NO_USAGE, some);
const prices: readonly (readonly [string, Price])[] = Object.entries(PRICES);

test('every figure has one price, and every price a unit, a page and the day it was gathered', () => {
  expect(prices.flatMap(([, { figures }]) => figures).toSorted()).toEqual([...USAGE_FIGURES].toSorted());
  expect(PRICES_DATE).toMatch(/^20\d\d-[01]\d-[0-3]\d$/);
  expect(Object.keys(PRICE_SOURCES)).toEqual(Object.keys(PRICES));
  for (const [name, { unit, usd, per, scale }] of prices) {
    expect([name, unit]).toEqual([name, expect.stringMatching(/\w/)]);
    expect(usd).toMatch(/^\d+\.\d+$/);
    expect(Number(usd)).toBeGreaterThan(0);
    expect([per, scale].every((n) => Number.isSafeInteger(n) && n > 0)).toBe(true);
  }
  for (const { page, confirmed } of Object.values(PRICE_SOURCES)) {
    expect(new URL(page).hostname).toBe('aws.amazon.com');
    if (confirmed) expect(confirmed.of).toMatch(/^(20\d\d-\d\d-\d\d|undated)$/);
  }
});

test('a price is taken to the last place, whatever the amount', () => {
  const micros = (usd: string) => BigInt(Math.round(Number(usd) * 1e12));
  for (const [, { usd }] of prices)
    expect(`${micros(usd)}`.replace(/0+$/, '')).toBe(usd.replace('.', '').replace(/^0+|0+$/g, ''));
});

test('costs are reckoned without a float, and the total is the sum of the lines', () => {
  const cost = costOf(
    used({
      lambda_mb_ms: 1_024_000 * 100, // 100 GB-seconds
      invocations: 1000,
      state_transitions: 333,
      queue_requests: 5000,
      secret_requests: 400,
      read_units: 1000.5,
      write_units: 2000,
      source_bytes_received: 2 ** 30,
      target_bytes_sent: 2 ** 30,
    }),
  );

  expect(cost.lines.map(({ what, amount, usd }) => [what, amount, usd])).toEqual([
    ['Lambda compute (arm64)', 100, '0.001333'],
    ['Lambda requests', 1000, '0.000200'],
    ['Step Functions', 333, '0.008325'],
    ['SQS', 5000, '0.002000'],
    ['Secrets Manager', 400, '0.002000'],
    ['DynamoDB reads', 1000.5, '0.000125'],
    ['DynamoDB writes', 2000, '0.001250'],
    ['Data between zones', 2, '0.040000'],
  ]);
  expect(cost.usd).toBe('0.055233');
});

test('nothing costs nothing, half a unit rounds half up, and a very large job keeps its last place', () => {
  expect(costOf(NO_USAGE)).toMatchObject({ usd: '0.000000', lines: [] });
  expect(costOf(used({ read_units: 4 })).usd).toBe('0.000001'); // 0.5 millionths
  expect(costOf(used({ read_units: 3.5 })).usd).toBe('0.000000');
  expect(costOf(used({ state_transitions: 40_000_000_001 })).usd).toBe('1000000.000025');
  expect(dollars(12_345_678n)).toBe('12.345678');
});

test('for people it is one line: invocations, GB-seconds, states and the total', () => {
  const figures = used({ lambda_mb_ms: 1_024_000 * 1_234, invocations: 5_678, state_transitions: 9 });

  expect(usageText({ figures, cost: { ...costOf(figures), usd: '0.1', prices: 'a day', region: 'somewhere' } })).toBe(
    '$0.1 (5,678 invocations, 1,234 GB-seconds, 9 state transitions; list prices of a day, somewhere)',
  );
});
