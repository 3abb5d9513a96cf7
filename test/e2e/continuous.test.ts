import { expect, test } from 'vitest';
import { compareDatabases, summary } from '../support/compare.ts';
import { connect, createPair } from '../support/databases.ts';
import { BANK, bankRows, startWriters, WRITES_SEEN, WRITTEN_TWICE } from '../support/writers.ts';
import { type E2eService, startService, until } from './support.ts';

const CONFIG = { detection_strategy: 'cdc', continuous: true, max_delete_percent: 100 } as const;

/** The job to have ended at least so many rounds; it must not end or pause meanwhile. */
const rounds = (service: E2eService, jobId: string, least: number) =>
  until(`${least} rounds`, async () => {
    const status = await service.status(jobId);
    if (!['created', 'preparing', 'running'].includes(status.state))
      throw new Error(JSON.stringify(status.failure ?? status.pause));
    return (status.following?.round ?? 0) >= least;
  });

test('follows the log under writers over the whole service, until it is stopped in the middle of a wait', async () => {
  await using pair = await createPair();
  for (const db of [pair.source, pair.target]) await db.client.query(BANK);
  await pair.source.client.query(bankRows(1000));
  await pair.target.client.query(WRITES_SEEN);
  await using writers = startWriters(() => connect(pair.source.name), {
    connections: 2,
    accounts: 1000,
    everyMs: 50,
    seed: 7,
  });

  await using service = await startService();
  const jobId = await service.startIncremental(pair, CONFIG);
  await rounds(service, jobId, 2);
  const committed = await writers.stop();
  const written = Date.now(); // one machine, one clock
  const quiet = await until('everything to be applied', async () => {
    const status = await service.status(jobId);
    const { quiet_since: since, lag_seconds: lag = Number.POSITIVE_INFINITY } = status.following ?? {};
    const asOf = Date.now() - lag * 1000;
    return since !== undefined && asOf > written && status;
  });
  const begun = Date.now();
  const stopped = await service.call(`/api/sync/stop/${jobId}`, { method: 'POST' });

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
