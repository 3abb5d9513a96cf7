import { describe, expect, test } from 'vitest';
import { compareDatabases, rowVersions, summary } from '../support/compare.ts';
import { createPair } from '../support/databases.ts';
import { runJob } from '../support/in-process.ts';
import { mutatePagila, pagilaMissing, pagilaRows, pagilaSchema } from '../support/pagila.ts';

describe.skipIf(pagilaMissing)(`pagila ${pagilaMissing ?? ''}`, () => {
  test('fills its empty schema', { timeout: 60_000 }, async () => {
    await using pair = await createPair({ source: pagilaRows, target: pagilaSchema });

    const { job } = await runJob(pair, { triggers: 'suppress' });

    expect(job.failure).toBeUndefined();
    expect(job.state).toBe('completed');
    expect(summary(await compareDatabases(pair.source.client, pair.target.client))).toEqual({});
  });

  test('repairs 1 % of changes; keeps what only the target has until it is to be a mirror', {
    timeout: 60_000,
  }, async () => {
    await using pair = await createPair({ template: pagilaRows });
    const done = await mutatePagila(pair.target.client, { percent: 1, seed: 7 });
    const added = Object.fromEntries(
      Object.entries(done)
        .filter(([, m]) => m.added > 0)
        .map(([name, m]) => [name, { missing: 0, extra: m.added, different: 0 }]),
    );

    const tracked = await runJob(pair, { triggers: 'suppress' });
    const afterTracked = summary(await compareDatabases(pair.source.client, pair.target.client));
    const mirror = await runJob(pair, { triggers: 'suppress', delete_mode: 'mirror', max_delete_percent: 60 });
    const versions = await rowVersions(pair.target.client);
    const again = await runJob(pair, { triggers: 'suppress', delete_mode: 'mirror' });

    expect(tracked.job.failure).toBeUndefined();
    expect(afterTracked).toEqual(added);
    expect(tracked.counts.kept).toBe(Object.values(done).reduce((n, m) => n + m.added, 0));
    expect(mirror.job.state).toBe('completed');
    expect(summary(await compareDatabases(pair.source.client, pair.target.client))).toEqual({});
    expect(again.job.state).toBe('completed');
    expect(await rowVersions(pair.target.client)).toEqual(versions);
  });
});
