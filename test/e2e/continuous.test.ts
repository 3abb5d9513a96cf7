import { expect, test } from 'vitest';
import { compareDatabases, summary } from '../support/compare.ts';
import { connect, createPair } from '../support/databases.ts';
import { BANK, bankRows, startWriters, WRITES_SEEN, WRITTEN_TWICE } from '../support/writers.ts';
import { type E2eService, scratchFolder, startService, until } from './support.ts';

const CONFIG = { detection_strategy: 'cdc', continuous: true, max_delete_percent: 100 } as const;

const following = async (service: E2eService, jobId: string) => (await service.status(jobId)).following;

/** The job to have ended so many rounds since it had `from`, or to be quiet behind everything that was written. */
const rounds = (service: E2eService, jobId: string, least: number) =>
  until(`${least} rounds`, async () => {
    const status = await service.status(jobId);
    if (!['created', 'preparing', 'running'].includes(status.state))
      throw new Error(JSON.stringify(status.failure ?? status.pause));
    return (status.following?.round ?? 0) >= least;
  });

test('follows the log under writers over the whole service, also over a crash of it, until it is stopped in the middle of a wait', async () => {
  await using pair = await createPair();
  for (const db of [pair.source, pair.target]) await db.client.query(BANK);
  await pair.source.client.query(bankRows(1000));
  await pair.target.client.query(WRITES_SEEN);
  using folder = scratchFolder();
  await using writers = startWriters(() => connect(pair.source.name), {
    connections: 2,
    accounts: 1000,
    everyMs: 50,
    seed: 7,
  });

  const first = await startService({ dataDir: folder.path });
  const jobId = await first.startIncremental(pair, CONFIG);
  await rounds(first, jobId, 1);
  await first.end('SIGKILL', 'all');
  await using second = await startService({ dataDir: folder.path });
  const before = (await following(second, jobId))?.round ?? 0;
  await rounds(second, jobId, before + 1);
  const committed = await writers.stop();
  const written = Date.now(); // one machine, one clock
  const quiet = await until('everything to be applied', async () => {
    const status = await second.status(jobId);
    const { quiet_since: since, lag_seconds: lag = Number.POSITIVE_INFINITY } = status.following ?? {};
    const asOf = Date.now() - lag * 1000;
    return since !== undefined && asOf > written && status;
  });
  const begun = Date.now();
  const stopped = await second.call(`/api/sync/stop/${jobId}`, { method: 'POST' });

  expect(stopped.body).toMatchObject({ state: 'stopped' });
  expect(Date.now() - begun).toBeLessThan(10_000);
  expect(quiet).toMatchObject({
    state: 'running',
    following: { working: false, applied: expect.stringContaining('/') },
  });
  expect(committed).toBeGreaterThan(50);
  expect((await pair.target.client.query(WRITTEN_TWICE)).rows).toEqual([]);
  await pair.target.client.query('drop schema seen cascade');
  expect(summary(await compareDatabases(pair.source.client, pair.target.client))).toEqual({});
}, 180_000);
