import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { takeDataDir } from '../../../local/data-dir.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tf-dir-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('the data folder', () => {
  it('is for its owner only, and free again after its release', () => {
    const taken = takeDataDir(join(folder, 'new'));

    expect(statSync(taken.root).mode & 0o777).toBe(0o700);
    expect(() => takeDataDir(taken.root)).toThrow(/already runs/);
    taken.release();
    takeDataDir(taken.root).release();
  });

  it('is refused while another live process has it', () => {
    const parent = takeDataDir(folder);
    parent.release();
    writeFileSync(join(folder, 'service.lock'), lockOf(process.ppid));

    expect(() => takeDataDir(folder)).toThrow(`process ${process.ppid}`);
  });

  it.runIf(process.platform === 'linux')(
    'is taken over from a process that is gone, or whose number another program has now',
    () => {
      for (const owner of ['999999999 1', `${process.ppid} 1`]) {
        writeFileSync(join(folder, 'service.lock'), owner);
        takeDataDir(folder).release();

        expect(existsSync(join(folder, 'service.lock'))).toBe(false);
      }
    },
  );
});

/** What a service with this number would have written. */
function lockOf(pid: number): string {
  const stat = process.platform === 'linux' ? readStat(pid) : '';
  return `${pid} ${stat}`;
}

function readStat(pid: number): string {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}
