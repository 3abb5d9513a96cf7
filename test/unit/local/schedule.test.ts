import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { rateMs, startSchedule } from '../../../local/events/schedule.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('a schedule', () => {
  it.each([
    ['rate(1 minute)', 60_000],
    ['rate(2 hours)', 7_200_000],
    ['rate(1 day)', 86_400_000],
  ])('%s fires every %i ms', (expression, ms) => {
    expect(rateMs(expression)).toBe(ms);
  });

  it.each(['cron(0 12 * * ? *)', 'at(2026-11-01T00:00:00)', 'rate(1 fortnight)'])('refuses %s', (expression) => {
    expect(() => rateMs(expression)).toThrow(/rate/);
  });

  it('fires at once, then at its rate, and skips a turn while it is busy', async () => {
    const turns: (() => void)[] = [];
    const { end } = startSchedule(1000, () => new Promise((done) => turns.push(done)));
    await vi.advanceTimersByTimeAsync(2500);
    const whileBusy = turns.length;
    turns[0]?.();
    await vi.advanceTimersByTimeAsync(1000);
    end();
    await vi.advanceTimersByTimeAsync(5000);

    expect(whileBusy).toBe(1);
    expect(turns).toHaveLength(2);
  });
});
