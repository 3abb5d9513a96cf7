import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isAlive } from './postgres/process.ts';

/** Where everything of one local service lies. */
export interface DataDir {
  readonly root: string;
  path(...parts: readonly string[]): string;
  release(): void;
}

/**
 * Makes the folder (0700) and takes it for this process.
 *
 * Throws when another live service has it. A lock whose process is gone, or whose number now belongs to a program that
 * started later, is taken over.
 */
export function takeDataDir(folder: string): DataDir {
  const root = resolve(folder);
  for (const part of ['', 'logs', 'tmp']) mkdirSync(join(root, part), { recursive: true, mode: 0o700 });
  const lock = join(root, 'service.lock');
  if (!tryLock(lock)) {
    const owner = readOwner(lock);
    if (owner && owner.pid !== process.pid && isAlive(owner.pid) && startOf(owner.pid) === owner.startedAt) {
      throw new Error(`Another service (process ${owner.pid}) uses ${root}. Stop it, or choose another --data-dir.`);
    }
    if (owner?.pid === process.pid) throw new Error(`This process already runs a service in ${root}.`);
    rmSync(lock, { force: true });
    if (!tryLock(lock)) throw new Error(`Another service is just starting in ${root}.`);
  }
  return {
    root,
    path: (...parts) => join(root, ...parts),
    release: () => rmSync(lock, { force: true }),
  };
}

function tryLock(lock: string): boolean {
  try {
    writeFileSync(lock, `${process.pid} ${startOf(process.pid)}`, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false; // writeFile throws system errors only
    throw error;
  }
}

function readOwner(lock: string): { pid: number; startedAt: string } | undefined {
  try {
    const [pid = '', startedAt = ''] = readFileSync(lock, 'utf8').split(' ');
    return Number(pid) > 0 ? { pid: Number(pid), startedAt } : undefined;
  } catch {
    return undefined;
  }
}

/** When a process started, in clock ticks since boot; empty where there is no /proc, and the pid alone must do. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
