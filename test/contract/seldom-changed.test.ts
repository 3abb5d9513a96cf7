import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { registryItems } from '../../functions/aws/dynamo/registry-items.ts';
import { type Changes, seldomChanged } from '../../functions/aws/dynamo/seldom-changed.ts';
import type { Environment } from '../../lib/model/environment.ts';
import { createTables, startDynamo, type TestDynamo } from './dynamo.ts';
import { sampleEnvironment } from './samples.ts';

let dynamo: TestDynamo;
beforeAll(async () => {
  dynamo = await startDynamo();
});
afterAll(() => dynamo.close());

let now = Date.parse('2026-11-23T10:00:00.000Z');
let container: () => ReturnType<typeof seldomChanged<Environment>>;
beforeEach(async () => {
  const { registry } = await createTables(dynamo);
  const table = { name: () => registry, client: () => dynamo.client };
  container = () =>
    seldomChanged(
      registryItems<Environment>(table, 'environment'),
      registryItems<Changes>(table, 'environment_changes'),
      () => new Date(now),
    );
  await container().put('a', sampleEnvironment({ name: 'a', writable: true }));
});

/** Reads of the whole list that the work made. */
async function listed(work: () => Promise<unknown>) {
  dynamo.calls.length = 0;
  await work();
  return dynamo.calls.filter((call) => call === 'Query').length;
}
const writable = async (c: ReturnType<typeof container>) => (await c.list()).map((e) => e.writable);

test('a list is read once, and again after a change of another container, whose answer is never missed', async () => {
  const [one, other] = [container(), container()];

  expect(await listed(() => one.list())).toBe(1);
  expect(await listed(async () => [await one.list(), await one.list()])).toBe(0);
  await other.put('a', sampleEnvironment({ name: 'a', writable: false, revision: 2 }));
  expect(await writable(one)).toEqual([false]);
  expect(await listed(() => one.list())).toBe(0);
  await other.remove('a', 2);
  expect(await writable(one)).toEqual([]);
});

test('one that died between its change and its note is believed to be at it for a minute; then its change is known', async () => {
  const { registry } = await createTables(dynamo);
  const table = { name: () => registry, client: () => dynamo.client };
  const items = registryItems<Environment>(table, 'environment');
  const changes = registryItems<Changes>(table, 'environment_changes');
  const one = seldomChanged(items, changes, () => new Date(now));
  await one.list();
  await changes.put('all', { open: 1, at: new Date(now).toISOString(), revision: 1 });

  expect(await listed(async () => [await one.list(), await one.list()])).toBe(2);
  await items.put('a', sampleEnvironment({ name: 'a', writable: true }));
  expect(await writable(one)).toEqual([true]);
  now += 61_000;
  expect(await writable(one)).toEqual([true]);
  expect(await listed(() => one.list())).toBe(0);
});

test('nobody goes by a list for more than a minute, should a writer say nothing', async () => {
  const one = container();
  await one.list();
  now += 59_000;
  expect(await listed(() => one.list())).toBe(0);
  now += 2_000;
  expect(await listed(() => one.list())).toBe(1);
});

test('a change is known at once though its writer died before it said that it was done', async () => {
  const { registry } = await createTables(dynamo);
  const table = { name: () => registry, client: () => dynamo.client };
  const items = registryItems<Environment>(table, 'environment');
  const changes = registryItems<Changes>(table, 'environment_changes');
  const one = seldomChanged(items, changes, () => new Date(now));
  await one.list();
  let notes = 0;
  const dies = {
    ...changes,
    put: (name: string, item: Changes) => (++notes > 1 ? Promise.reject(new Error('killed')) : changes.put(name, item)),
  };

  await seldomChanged(items, dies, () => new Date(now)).put('a', sampleEnvironment({ name: 'a', writable: true }));

  expect(notes).toBe(2);
  expect(await writable(one)).toEqual([true]);
});
