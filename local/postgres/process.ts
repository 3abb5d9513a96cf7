import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/** True while a process runs; a zombie that its parent has not collected yet counts as ended. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false; // kill throws nothing else than system errors
  }
  if (process.platform !== 'linux') return true;
  try {
    // the state follows the command name, which is in parentheses and may hold anything
    return !/\) Z [^)]*$/.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}

/**
 * Processes of the cluster in `folder`: a postmaster, its children, and children that outlived a killed postmaster.
 *
 * Every PostgreSQL process has the cluster's folder as its working directory, which Linux shows in /proc. Elsewhere only
 * `candidate` (the number in postmaster.pid) is looked at, by its command line: numbers are reused.
 */
export function processesOf(folder: string, candidate: number | undefined): readonly number[] {
  if (process.platform === 'linux') {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && workingFolder(name) === folder)
      .map(Number)
      .filter((pid) => pid !== process.pid && isAlive(pid) && isPostgres(pid));
  }
  if (candidate === undefined || !isAlive(candidate)) return [];
  return commandOf(candidate).includes(folder) ? [candidate] : [];
}

// The postmaster is called by its path, its children call themselves `postgres: checkpointer` and the like. An editor
// that somebody runs in the folder is neither.
function isPostgres(pid: number): boolean {
  return /^postgres: |(^|\/)postgres$/.test(commandOf(pid).split('\0')[0] ?? '');
}

function workingFolder(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined; // ended meanwhile, or another user's
  }
}

function commandOf(pid: number): string {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
  } catch {
    return '';
  }
}

/** Sends a signal; a process that has ended already is fine. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // kill throws nothing else than system errors
  }
}

/** Waits until `done` holds; false when `limitMs` passed first. Looks every 10 ms. */
export async function until(done: () => boolean, limitMs: number): Promise<boolean> {
  const end = Date.now() + limitMs;
  while (!done()) {
    if (Date.now() > end) return false;
    await pause(10);
  }
  return true;
}
