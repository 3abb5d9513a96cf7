import { execFileSync } from 'node:child_process';

/** What the tests of examples/python need of the machine and do not find; undefined where all is there. */
export const pythonMissing: string | undefined = (() => {
  try {
    execFileSync('python3', ['-c', 'import requests'], { stdio: 'pipe' });
    return undefined;
  } catch {
    return '(skipped: python3 with the package requests is not on this machine)';
  }
})();
