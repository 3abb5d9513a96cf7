/** A wall clock's reading: what a clock in some time zone shows, to the minute. */
export interface WallTime {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
}

const DAY_MS = 86_400_000;

const formats = new Map<string, Intl.DateTimeFormat>();

/** Making one costs some 50 µs, and each instant asks for one. */
function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known) return known;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  formats.set(zone, format);
  return format;
}

/** Whether it is a name of the IANA database that is known here, such as `America/Chicago`; offsets are not. */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z_]+(\/[A-Za-z0-9_+-]+)*$/.test(name)) return false;
  try {
    formatOf(name);
    return true;
  } catch {
    return false;
  }
}

/** What a clock in the zone shows at an instant, as if it were UTC, in milliseconds. */
function shownAt(ms: number, zone: string): number {
  const parts = new Map(
    formatOf(zone)
      .formatToParts(ms)
      .map((p) => [p.type, Number(p.value)]),
  );
  const [year = 0, month = 0, day = 0] = (['year', 'month', 'day'] as const).map((t) => parts.get(t));
  const [hour = 0, minute = 0, second = 0] = (['hour', 'minute', 'second'] as const).map((t) => parts.get(t));
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/** What a clock in the zone shows at an instant. */
export function wallTime(ms: number, zone: string): WallTime {
  const at = new Date(shownAt(ms, zone));
  return {
    year: at.getUTCFullYear(),
    month: at.getUTCMonth() + 1,
    day: at.getUTCDate(),
    hour: at.getUTCHours(),
    minute: at.getUTCMinutes(),
  };
}

/**
 * The instant at which a clock in the zone shows this; undefined where it never does, because it is put forward over it. The
 * first one where it does twice, because it is put back.
 */
export function instantOf({ year, month, day, hour, minute }: WallTime, zone: string): number | undefined {
  const wanted = Date.UTC(year, month - 1, day, hour, minute);
  // no zone changes its offset twice within two days
  const offsets = [wanted - DAY_MS, wanted + DAY_MS].map((ms) => shownAt(ms, zone) - ms);
  const found = offsets.map((offset) => wanted - offset).filter((ms) => shownAt(ms, zone) === wanted);
  return found.length > 0 ? Math.min(...found) : undefined;
}
