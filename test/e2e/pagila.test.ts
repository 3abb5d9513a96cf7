import { expect, type TestContext, test } from 'vitest';
import { compareDatabases, rowVersions, summary } from '../support/compare.ts';
import { createPair, type TestPair } from '../support/databases.ts';
import { type Mutations, mutatePagila, pagilaMissing, pagilaRows, pagilaSchema } from '../support/pagila.ts';
import { type Finished, runNode, scratchFolder } from './support.ts';

/** `npm start -- --source ... --target ... --triggers suppress --exit`. */
function sync(pair: TestPair, folder: string, flags: readonly string[] = []): Promise<Finished> {
  const ends = ['--source', pair.source.url, '--target', pair.target.url];
  const always = ['--port', '0', '--data-dir', folder, '--triggers', 'suppress', '--exit'];
  return runNode(['local/start.ts', ...ends, ...always, ...flags]);
}

const difference = async (pair: TestPair) => summary(await compareDatabases(pair.source.client, pair.target.client));

const requirePagila = ({ skip }: TestContext) => skip(pagilaMissing !== undefined, pagilaMissing);

/** The rows that only the target has: what `tracked` keeps. */
function addedRows(done: Mutations): {
  readonly tables: Awaited<ReturnType<typeof difference>>;
  readonly rows: number;
} {
  const added = Object.entries(done).filter(([, { added }]) => added > 0);
  return {
    tables: Object.fromEntries(added.map(([name, { added: extra }]) => [name, { missing: 0, extra, different: 0 }])),
    rows: added.reduce((sum, [, { added: extra }]) => sum + extra, 0),
  };
}

test('npm start fills the empty schema of Pagila', async (context) => {
  requirePagila(context);
  using folder = scratchFolder();
  await using pair = await createPair({ source: pagilaRows, target: pagilaSchema });

  const { code, stdout } = await sync(pair, folder.path);

  expect([code, stdout]).toEqual([0, expect.stringContaining('Completed')]);
  expect(await difference(pair)).toEqual({});
});

test('npm start repairs a changed Pagila, keeps and reports rows that only the target has, and removes them in a mirror', async (context) => {
  requirePagila(context);
  using folder = scratchFolder();
  await using pair = await createPair({ template: pagilaRows });
  const added = addedRows(await mutatePagila(pair.target.client, { percent: 1, seed: 7 }));
  expect(added.rows).toBeGreaterThan(100);

  const tracked = await sync(pair, folder.path);
  const afterTracked = await difference(pair);
  const mirror = await sync(pair, folder.path, ['--delete-mode', 'mirror', '--max-delete-percent', '60']);
  const versions = await rowVersions(pair.target.client);
  const again = await sync(pair, folder.path, ['--delete-mode', 'mirror']);

  expect(tracked.code).toBe(0);
  expect(afterTracked).toEqual(added.tables);
  expect(tracked.stdout).toContain(`${added.rows} rows exist only in the target and stay there`);
  expect(mirror.code).toBe(0);
  expect(mirror.stdout).toContain(`${added.rows} deleted`);
  expect(await difference(pair)).toEqual({});
  expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining('0 new, 0 changed, 0 deleted') });
  expect(await rowVersions(pair.target.client)).toEqual(versions);
});
