import { readFileSync } from 'node:fs';

/** Linux counts in hundredths of a second whatever the kernel's own clock. */
const TICKS_PER_SECOND = 100;

/**
 * CPU seconds that a process, its children and those it has already collected have used; NaN where there is no /proc.
 *
 * On a machine that others use too, the CPU time of a piece of work says more than the time on the wall.
 */
export function cpuSeconds(pid: number): number {
  try {
    const own = ticksOf(pid);
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(/\s+/).filter(Boolean);
    const alive = children.map((child) => cpuSeconds(Number(child))).filter((seconds) => !Number.isNaN(seconds));
    return (own.self + own.collected) / TICKS_PER_SECOND + alive.reduce((a, b) => a + b, 0);
  } catch {
    return Number.NaN;
  }
}

function ticksOf(pid: number): { self: number; collected: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // after the name in parentheses: utime, stime, cutime, cstime are fields 14 to 17 of the whole line
  const field = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const at = (n: number) => Number(field[n - 3]);
  return { self: at(14) + at(15), collected: at(16) + at(17) };
}
