import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { routes } from '../../functions/api/routes/index.ts';
import { pages } from '../../functions/web/pages.ts';
import { buildAll, buildFunctions } from '../../infra/build.ts';
import { createApp } from '../../infra/synth.ts';
import { startService } from '../../local/service.ts';
import { CHUNKED, countedPair, expectAppliedOnce } from '../e2e/counted.ts';
import { scratchFolder, startBody, until } from '../e2e/support.ts';
import type { TestPair } from '../support/databases.ts';
import { asked } from './levels.ts';

const { kills } = asked();

/** Every failpoint, the ones of the first steps first: each is reached by some process of each job. */
const NAMES = [
  ...(readFileSync('lib/failpoint.ts', 'utf8').split('export type FailpointHandler')[0] ?? '').matchAll(
    /'([a-z]+\.[a-z]+)'/g,
  ),
].map((m) => m[1] ?? '');

/** The stack with failpoints in its functions; nothing of it is deployed. */
async function assemblyWith(failpointsFile: string, folder: string): Promise<string> {
  await buildAll(); // the pages, which lie beside the functions
  const distDir = join(folder, 'functions');
  await buildFunctions({ outDir: distDir, failpointsFile, limitBytes: 700_000 });
  const outDir = join(folder, 'assembly');
  createApp({ routes: [...routes, ...pages], distDir, outDir }).app.synth();
  return outDir;
}

test('a process killed at each failpoint costs time, and no row', { timeout: 3_600_000 }, async () => {
  using scratch = scratchFolder();
  const orders = join(scratch.path, 'order.json');
  const assembly = await assemblyWith(orders, scratch.path);
  const dataDir = join(scratch.path, 'data');
  mkdirSync(dataDir);
  const service = await startService({ port: 0, dataDir, auth: 'none', assembly });
  const call = async (path: string, body?: unknown) => {
    const init = body
      ? { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
      : {};
    return (await fetch(`${service.url}${path}`, init)).json() as Promise<{ job_id: string; state: string }>;
  };
  await using pairs = new AsyncDisposableStack();
  const jobs: { readonly pair: TestPair; readonly jobId: string; readonly name: string }[] = [];
  try {
    for (let at = 1; at <= kills; at++)
      for (const name of NAMES) {
        const pair = pairs.use(await countedPair());
        const once = /^(plan|batch|msg)/.test(name); // reached once by a process
        writeFileSync(`${orders}.new`, JSON.stringify({ name, at: once ? 1 : at, action: 'kill' }));
        renameSync(`${orders}.new`, orders);
        const { job_id } = await call('/api/sync/full', startBody(pair, CHUNKED));
        jobs.push({ pair, jobId: job_id, name });
        await until(`a process to be killed at ${name}`, () => !existsSync(orders), 60_000);
      }
    for (const { jobId, pair, name } of jobs) {
      const state = await until(
        `the job killed at ${name}`,
        async () => {
          const found = (await call(`/api/sync/status/${jobId}`)).state;
          return /completed|failed|paused/.test(found) ? found : undefined;
        },
        180_000,
        100,
      );
      expect([name, state]).toEqual([name, 'completed']);
      await expectAppliedOnce(pair);
    }
    console.log(`processes killed ${jobs.length}: ${NAMES.length} failpoints x ${kills}`);
    expect(jobs).toHaveLength(NAMES.length * kills);
  } finally {
    await service.stop();
  }
});
