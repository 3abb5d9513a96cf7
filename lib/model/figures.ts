const NUMBER = new Intl.NumberFormat('en-US');

/** A whole number for people: `12,345`. */
export function number(n: number): string {
  return NUMBER.format(Math.round(n));
}

/** `1 conflict`, `2,000 conflicts`; a noun whose plural has an s. */
export const counted = (n: number, noun: string): string => `${number(n)} ${noun}${n === 1 ? '' : 's'}`;

/** `0.4 s`, `12 s`, `3 m 05 s`, `2 h 07 m`. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const two = (n: number) => String(n).padStart(2, '0');
  if (whole < 3600) return `${Math.floor(whole / 60)} m ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} m`;
}
