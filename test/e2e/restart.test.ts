import { expect, test } from 'vitest';
import type { TestPair } from '../support/databases.ts';
import { CHUNKED, countedPair, expectAppliedOnce, MIDDLE, progress } from './counted.ts';
import {
  type E2eService,
  type Hold,
  hold,
  runNode,
  scratchFolder,
  startService,
  until,
  untilWaiting,
} from './support.ts';

/** Starts a job and waits until its worker stands in the middle of its work, inside the transaction of a chunk. */
async function startedAndHeld(service: E2eService, pair: TestPair): Promise<{ jobId: string; middle: Hold }> {
  const middle = await hold(pair.target, MIDDLE.insert.sql);
  const jobId = await service.startFull(pair, CHUNKED);
  await untilWaiting(pair.target, jobId, MIDDLE.insert.hangs);
  const { seq = 0, finished } = (await progress(pair)) ?? {};
  expect([seq > 5, finished]).toEqual([true, false]);
  return { jobId, middle };
}

const ends = [
  { how: 'kill -9 of everything', signal: 'SIGKILL', whom: 'all', code: null },
  { how: 'kill -9 of the service alone', signal: 'SIGKILL', whom: 'one', code: null },
  { how: 'SIGTERM', signal: 'SIGTERM', whom: 'one', code: 0 },
] as const;

test.for(ends)(
  'after $how nothing is left running, and the job goes on when the service is back',
  async ({ signal, whom, code }) => {
    using folder = scratchFolder();
    await using pair = await countedPair();
    await using first = await startService({ dataDir: folder.path });
    const { jobId, middle } = await startedAndHeld(first, pair);
    await using _middle = middle;
    expect(first.running().length).toBeGreaterThan(1);

    const exitCode = await first.end(signal, whom);
    await until('its functions to end by themselves', () => first.running().length === 0, 5_000);
    await using second = await startService({ dataDir: folder.path });
    await middle.release();
    const ended = await second.waitForEnd(jobId);

    expect(exitCode).toBe(code);
    expect(ended.failure).toBeUndefined();
    expect(ended).toMatchObject({ state: 'completed', epoch: 2 });
    expect(ended.counts).toMatchObject({ read: 2000, inserted: 1333, updated: 667, unchanged: 0 });
    await expectAppliedOnce(pair);
  },
);

test('an ended job stays as it was over a restart, and its status can still be read', async () => {
  using folder = scratchFolder();
  await using pair = await countedPair();
  const first = await startService({ dataDir: folder.path });
  const jobId = await first.startFull(pair);
  const before = await first.waitForEnd(jobId);
  await first.end('SIGKILL', 'all');

  await using second = await startService({ dataDir: folder.path });
  const after = await second.status(jobId);

  expect(before.state).toBe('completed');
  expect(after).toEqual(before);
  expect((await second.get('/api/sync/jobs')).body.jobs).toHaveLength(1);
});

test('a second service on the same data folder is refused while the first lives', async () => {
  using folder = scratchFolder();
  await using first = await startService({ dataDir: folder.path });

  const second = await runNode(['local/serve.ts', '--port', '0', '--data-dir', folder.path, '--json']);

  expect(second).toMatchObject({ code: 1, stdout: '' });
  expect(second.stderr).toContain(`Another service (process ${first.pid}) uses`);
  expect((await first.get('/api/sync/health')).status).toBe(200);
});
