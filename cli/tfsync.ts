#!/usr/bin/env node
import { setTimeout as pause } from 'node:timers/promises';
import { run } from './program.ts';

const interruption = new AbortController();
// Ctrl-C ends the waiting in good order; a second one ends at once
process.once('SIGINT', () => interruption.abort());
// `tfsync jobs | head` closes our output early: that is not an error
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

process.exitCode = await run(process.argv.slice(2), {
  env: process.env,
  cwd: process.cwd(),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  fetch: globalThis.fetch,
  now: () => performance.now(),
  pause: (ms) => pause(ms, undefined, { signal: interruption.signal }).catch(() => {}),
  interrupted: interruption.signal,
});
