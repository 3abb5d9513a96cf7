import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { dynamoMappingStore } from '../../functions/aws/dynamo/mapping-store.ts';
import type { MappingStore } from '../../lib/ports.ts';
import { createTables, startDynamo, type TestDynamo } from './dynamo.ts';
import { memoryMappingStore } from './memory.ts';
import { sampleApproval, sampleMapping } from './samples.ts';

let dynamo: TestDynamo;
beforeAll(async () => {
  dynamo = await startDynamo();
});
afterAll(() => dynamo.close());

async function newDynamoStore(): Promise<MappingStore> {
  const { registry } = await createTables(dynamo);
  return dynamoMappingStore({ name: () => registry, client: () => dynamo.client });
}

const by = { by: 'ada', at: '2026-11-23T12:00:00.000Z' };

describe.each([
  ['memory', async () => memoryMappingStore()],
  ['DynamoDB', newDynamoStore],
])('a mapping store in %s', (_name, make) => {
  let store: MappingStore;
  beforeEach(async () => {
    store = await make();
    await store.put(sampleMapping(1));
  });

  it('gives a version back as it was put, and never another one under its number', async () => {
    expect(await store.put(sampleMapping(1, { author: 'eve' }))).toBe(false);
    expect(await store.put(sampleMapping(1))).toBe(true);

    expect(await store.get('county', 1)).toEqual(sampleMapping(1));
    expect(await store.get('county', 2)).toBeUndefined();
    expect(await store.get('other', 1)).toBeUndefined();
  });

  it('lets one of several writers have a number', async () => {
    const won = await Promise.all(['a', 'b', 'c', 'd'].map((author) => store.put(sampleMapping(2, { author }))));

    expect(won.filter(Boolean)).toHaveLength(1);
    expect((await store.get('county', 2))?.author).toBe(['a', 'b', 'c', 'd'][won.indexOf(true)]);
  });

  it('lists names with their newest version', async () => {
    await store.put(sampleMapping(2));
    await store.put(sampleMapping(1, { name: 'another' }));

    expect(await store.latest('county')).toBe(2);
    expect(await store.latest('none')).toBe(0);
    expect(await store.names()).toEqual([
      { name: 'another', latest: 1, updated_at: sampleMapping(1).created_at },
      { name: 'county', latest: 2, updated_at: sampleMapping(2).created_at },
    ]);
  });

  it('forgets a draft and keeps its number, but never one that is sealed', async () => {
    await store.put(sampleMapping(2));
    expect(await store.seal('county', 1)).toBe(true);

    expect(await store.discard('county', 1, by)).toBe(false);
    expect(await store.discard('county', 2, by)).toBe(true);

    expect(await store.get('county', 1)).toEqual(sampleMapping(1));
    expect(await store.get('county', 2)).toBeUndefined();
    expect(await store.latest('county')).toBe(2);
    expect(await store.seal('county', 2)).toBe(false);
    expect(await store.seal('county', 9)).toBe(false);
    expect(await store.discard('county', 9, by)).toBe(false);
    expect(await store.put(sampleMapping(2))).toBe(false);
  });

  it('lets one of several approvers be next', async () => {
    expect(await store.approvals('county')).toEqual({ rev: 0, approvals: [] });
    const next = (version: number) => ({ rev: 1, approvals: [sampleApproval(version)] });

    const won = await Promise.all([1, 2, 3].map((version) => store.approve('county', next(version))));

    expect(won.filter(Boolean)).toHaveLength(1);
    const stored = await store.approvals('county');
    expect(stored).toEqual(next([1, 2, 3][won.indexOf(true)] ?? 0));
    const second = { rev: 2, approvals: [...stored.approvals, sampleApproval(2)] };
    expect(await store.approve('county', { ...second, rev: 3 })).toBe(false);
    expect(await store.approve('county', second)).toBe(true);
    expect(await store.approvals('county')).toEqual(second);
  });
});

describe('a mapping store in DynamoDB', () => {
  it('takes writes whose reply was lost for its own', async () => {
    const store = await newDynamoStore();
    dynamo.faultNext('PutItem', 'lose reply');
    expect(await store.put(sampleMapping(1))).toBe(true);
    dynamo.faultNext('PutItem', 'lose reply');
    expect(await store.approve('county', { rev: 1, approvals: [sampleApproval(1)] })).toBe(true);
    expect(await store.approve('county', { rev: 1, approvals: [sampleApproval(2)] })).toBe(false);
  });
});
