import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { dynamoResolutionStore } from '../../functions/aws/dynamo/resolution-store.ts';
import type { ResolutionStore } from '../../lib/ports.ts';
import { createTables, startDynamo, type TestDynamo } from './dynamo.ts';
import { memoryResolutionStore } from './memory.ts';
import { sampleResolution } from './samples.ts';

let dynamo: TestDynamo;
beforeAll(async () => {
  dynamo = await startDynamo();
});
afterAll(() => dynamo.close());

async function newDynamoStore(): Promise<ResolutionStore> {
  const { conflicts } = await createTables(dynamo);
  return dynamoResolutionStore({ name: () => conflicts, client: () => dynamo.client });
}

describe.each([
  ['memory', async () => memoryResolutionStore()],
  ['DynamoDB', newDynamoStore],
])('a resolution store in %s', (_name, make) => {
  let store: ResolutionStore;
  const resolution = sampleResolution(randomUUID(), { filter: { table: 'public.parcels' }, note: 'as agreed' });
  const id = resolution.resolution_id;
  beforeEach(async () => {
    store = await make();
    await store.create(resolution);
  });

  it('gives a resolution back, and leaves one that is there', async () => {
    await store.create({ ...resolution, actor: 'eve' });

    expect(await store.get(id)).toEqual(resolution);
    expect(await store.get(randomUUID())).toBeUndefined();
  });

  it('lets one of several steps advance it', async () => {
    const next = (cursor: string) => ({ ...resolution, seq: 2, cursor });

    const won = await Promise.all(['a', 'b', 'c'].map((cursor) => store.advance(next(cursor))));

    expect(won.filter(Boolean)).toHaveLength(1);
    expect((await store.get(id))?.cursor).toBe(['a', 'b', 'c'][won.indexOf(true)]);
    expect(await store.advance({ ...resolution, seq: 2 })).toBe(false);
    expect(await store.advance({ ...resolution, seq: 4 })).toBe(false);
    expect(await store.advance({ ...resolution, seq: 3 })).toBe(true);
    expect(await store.get(id)).toEqual({ ...resolution, seq: 3 }); // the cursor is gone
  });

  it('freezes a page of the list once', async () => {
    const page = Array.from({ length: 1000 }, (_, i) => ({ conflict_id: `c${i}`, seen: `s${i}` }));

    const frozen = { listed: page, cursor: 'next' };
    expect(await store.freeze(id, 0, frozen)).toEqual(frozen);
    expect(await store.freeze(id, 0, { listed: page.slice(0, 3) })).toEqual(frozen);
    expect(await store.freeze(id, 1, { listed: [] })).toEqual({ listed: [] });
    expect(await store.page(id, 0)).toEqual(page);
    expect(await store.page(id, 1)).toEqual([]);
    expect(await store.page(id, 2)).toEqual([]);
  });

  it('lists those that have not ended', async () => {
    const done = sampleResolution(randomUUID());
    await store.create(done);
    expect((await store.unfinished()).map((r) => r.resolution_id).sort()).toEqual([id, done.resolution_id].sort());

    await store.advance({ ...done, seq: 2, state: 'completed' });

    expect(await store.unfinished()).toEqual([resolution]);
  });
});

describe('a resolution store in DynamoDB', () => {
  it('takes an advance whose reply was lost for its own', async () => {
    const store = await newDynamoStore();
    const resolution = sampleResolution(randomUUID());
    await store.create(resolution);
    dynamo.faultNext('PutItem', 'lose reply');

    expect(await store.advance({ ...resolution, seq: 2, state: 'deciding' })).toBe(true);
    expect(await store.advance({ ...resolution, seq: 2, state: 'deciding', step: 'another' })).toBe(false);
    expect(await store.advance({ ...resolution, seq: 2, state: 'refused' })).toBe(false);
  });
});
