const UNIT_MS: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/** `rate(5 minutes)` -> milliseconds. Throws on `cron(...)` and `at(...)`, which nothing here runs. */
export function rateMs(expression: string): number {
  const found = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression);
  const unit = UNIT_MS[found?.[2] ?? ''];
  if (!found || unit === undefined) throw new Error(`Only rate(...) schedules run locally, not ${expression}`);
  return Number(found[1]) * unit;
}

/**
 * Fires at once and then every `everyMs`; skips a turn while the one before is still at work. Returns what ends it.
 *
 * At once, because a job that a crash interrupted should go on when the service is back, not a minute later.
 */
export function startSchedule(everyMs: number, fire: () => Promise<void>): RunningSchedule {
  let busy = false;
  const turn = async () => {
    if (busy) return;
    busy = true;
    await fire().finally(() => {
      busy = false;
    });
  };
  void turn();
  const timer = setInterval(() => void turn(), everyMs);
  return { fireNow: () => void turn(), end: () => clearInterval(timer) };
}

export interface RunningSchedule {
  /** Fires once more, out of turn; not while it runs. */
  fireNow(): void;
  end(): void;
}
