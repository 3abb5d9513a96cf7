import { number } from './figures.ts';
import { PRICE_REGION, PRICES, PRICES_DATE, type Price, type PriceName } from './prices.ts';
import type { Usage, UsageRecord } from './usage.ts';

/** One line of a bill: so much of a unit, and what it costs. Dollars are decimal text with six places. */
export interface CostLine {
  readonly what: string;
  readonly amount: number;
  readonly unit: string;
  readonly usd: string;
}

/** What usage costs at the list prices of a day and a region. */
export interface Cost {
  readonly usd: string;
  readonly prices: string;
  readonly region: string;
  readonly lines: readonly CostLine[];
}

/** Figures with what they cost. */
export interface PricedUsage {
  readonly figures: Usage;
  readonly cost: Cost;
}

/** What a job has used. `estimate`: of a dry run, what the same job would use that writes. */
export interface UsageView extends PricedUsage {
  readonly estimate?: PricedUsage;
}

/** Millionths of a dollar as decimal text. */
export function dollars(micros: bigint): string {
  const digits = String(micros).padStart(7, '0');
  return `${digits.slice(0, -6)}.${digits.slice(-6)}`;
}

/** Whole arithmetic: figures come in halves at the finest, prices in millionths of a millionth. Rounded once, half up. */
function microsOf({ scale, usd, per }: Price, counted: number): bigint {
  const whole = 2n * BigInt(scale) * BigInt(per) * 1_000_000n;
  return (BigInt(Math.round(counted * 2)) * BigInt(Math.round(Number(usd) * 1e12)) + whole / 2n) / whole;
}

/** Lines that cost nothing are left out; the total is the sum of the lines as they stand. Pure. */
export function costOf(usage: Usage): Cost {
  let total = 0n;
  const lines: CostLine[] = [];
  for (const what of Object.keys(PRICES) as PriceName[]) {
    const price: Price = PRICES[what];
    const counted = price.figures.reduce((sum, figure) => sum + usage[figure], 0);
    if (counted === 0) continue;
    const micros = microsOf(price, counted);
    total += micros;
    const amount = Math.round((counted / price.scale) * 1000) / 1000;
    lines.push({ what, amount, unit: price.unit, usd: dollars(micros) });
  }
  return { usd: dollars(total), prices: PRICES_DATE, region: PRICE_REGION, lines };
}

const priced = (figures: Usage): PricedUsage => ({ figures, cost: costOf(figures) });

export const usageView = ({ used, estimate }: UsageRecord): UsageView => ({
  ...priced(used),
  ...(estimate && { estimate: priced(estimate) }),
});

/** The figures that matter most, and the total, for people. */
export function usageText({ figures, cost }: PricedUsage): string {
  const seconds = number(Math.round(figures.lambda_mb_ms / 1_024_000));
  const parts = `${number(figures.invocations)} invocations, ${seconds} GB-seconds, ${number(figures.state_transitions)} state transitions`;
  return `$${cost.usd} (${parts}; list prices of ${cost.prices}, ${cost.region})`;
}
