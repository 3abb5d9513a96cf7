import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { type Postgres, startPostgres } from '../../../local/postgres.ts';
import { createDatabase } from '../../support/databases.ts';
import { databaseAt, ownServer } from '../../support/elsewhere.ts';
import { differences, onCommits, portsWith } from '../../support/faults.ts';
import { runJob } from '../../support/in-process.ts';

vi.setConfig({ testTimeout: 120_000 }); // servers start and databases are made, on machines that are shared

test('E7: a failover that lost the last commits goes on from the checkpoint that the target has', async () => {
  await using source = await createDatabase();
  await using own = await ownServer();
  const { port } = own.server;
  const url = own.server.url('postgres');
  const table = 'create table t (id int primary key, x text)';
  await source.client.query(`${table}; insert into t select i, 'v' || i from generate_series(1, 1000) i`);
  const before = await databaseAt(url);
  await before.client.query(`${table}; insert into t select i, 'old' from generate_series(1, 1000, 2) i`);
  await before.client.end();
  const pair = { source, target: before, [Symbol.asyncDispose]: async () => undefined };

  const [cluster, older] = [join(own.server.home, 'cluster'), join(own.server.home, 'older')];
  let server: Postgres = own.server;
  const whileDown = async (work: () => void) => {
    await server.stop();
    work();
    server = await startPostgres({ dataDir: own.folder, port, settings: { fsync: 'off' } });
  };
  let commits = 0;
  const losing = onCommits(async (n, commit) => {
    await commit();
    commits = n;
    if (n === 5) await whileDown(() => execFileSync('cp', ['-a', cluster, older]));
    if (n === 12) {
      await whileDown(() => {
        rmSync(cluster, { recursive: true });
        execFileSync('cp', ['-a', older, cluster]);
      });
    }
  });

  const { job, counts } = await runJob(pair, { batch_size: 50 }, {}, portsWith({}, losing));
  const after = await databaseAt(url);
  const left = await differences({ ...pair, target: after });
  await after.client.end();
  await server.stop();

  expect(job.failure).toBeUndefined();
  expect(job.state).toBe('completed');
  expect(commits).toBeGreaterThan(26); // 20 chunks of changes, seven of them twice
  expect(counts).toMatchObject({ read: 1000, inserted: 500, updated: 500 });
  expect(left).toEqual({});
});
