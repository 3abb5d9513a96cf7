import { readFileSync } from 'node:fs';

/** Resident memory of a process: now, and the most it ever was. */
export interface ResidentMemory {
  readonly nowBytes: number;
  readonly peakBytes: number;
}

/**
 * Reads /proc. Undefined where the process is gone, and on every system without /proc (macOS, Windows): there a
 * function's memory is neither measured nor limited, apart from the heap limit in its own NODE_OPTIONS.
 */
export function residentMemory(pid: number): ResidentMemory | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return { nowBytes: kibibytes(status, 'VmRSS'), peakBytes: kibibytes(status, 'VmHWM') };
  } catch {
    return undefined;
  }
}

function kibibytes(status: string, field: string): number {
  const found = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status);
  return Number(found?.[1] ?? 0) * 1024;
}
