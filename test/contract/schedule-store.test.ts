import { waitUntilTableExists } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PutCommand } from '../../functions/aws/dynamo/document.ts';
import { dynamoScheduleStore } from '../../functions/aws/dynamo/schedule-store.ts';
import type { ScheduleStore } from '../../lib/ports.ts';
import { createTables, startDynamo, type TestDynamo } from './dynamo.ts';
import { memoryScheduleStore } from './memory.ts';
import { sampleSchedule } from './samples.ts';

let dynamo: TestDynamo;
beforeAll(async () => {
  dynamo = await startDynamo();
});
afterAll(() => dynamo.close());

async function newTable() {
  const { registry } = await createTables(dynamo);
  await waitUntilTableExists(
    { client: dynamo.client, maxWaitTime: 10, minDelay: 0.01, maxDelay: 0.1 },
    { TableName: registry },
  );
  return { name: () => registry, client: () => dynamo.client };
}
const newDynamoStore = async (): Promise<ScheduleStore> => dynamoScheduleStore(await newTable());

describe.each([
  ['memory', async () => memoryScheduleStore()],
  ['DynamoDB', newDynamoStore],
])('a schedule store in %s', (_name, make) => {
  let store: ScheduleStore;
  const schedule = sampleSchedule();
  beforeEach(async () => {
    store = await make();
    await store.create(schedule);
  });

  it('gives a schedule back, and a name to one only', async () => {
    expect(await store.create(sampleSchedule({ actor: 'eve' }))).toBe(false);
    expect(await store.get('nightly')).toEqual(schedule);
    expect(await store.get('weekly')).toBeUndefined();
  });

  it('lets one of several writers advance it', async () => {
    const won = await Promise.all(
      ['a', 'b', 'c'].map((actor) => store.advance({ ...schedule, actor, seq: schedule.seq + 1 })),
    );

    expect(won.filter(Boolean)).toHaveLength(1);
    expect((await store.get('nightly'))?.actor).toBe(['a', 'b', 'c'][won.indexOf(true)]);
    expect(await store.advance({ ...schedule, actor: 'late', seq: schedule.seq + 1 })).toBe(false);
  });

  it('lists those that want care, also where the writer before is late or has died', async () => {
    const tended = async () => (await store.listToTend()).map((s) => s.name);
    expect(await tended()).toEqual([]);
    const run = { due: 'd', at: 'a', job_id: 'j' };
    await store.advance({ ...schedule, seq: 3, runs: [{ ...run, outcome: 'starting' }] });
    expect(await tended()).toEqual(['nightly']);
    await store.advance({ ...schedule, seq: 4, runs: [{ ...run, outcome: 'started' }] });
    expect(await tended()).toEqual([]);
    await store.create({ ...schedule, name: 'unarmed', revision: 2 });
    expect(await tended()).toEqual(['unarmed']);
    await store.advance({ ...schedule, name: 'unarmed', revision: 2, seq: 3, deleting: true });
    expect(await tended()).toEqual(['unarmed']);
    await store.remove('unarmed');
    expect(await tended()).toEqual([]);
  });

  it('lists by name and forgets what is removed, again and again', async () => {
    for (const name of ['b', 'a']) await store.create({ ...schedule, name });

    expect((await store.list()).map((s) => s.name)).toEqual(['a', 'b', 'nightly']);
    await store.remove('a');
    await store.remove('a');
    expect((await store.list()).map((s) => s.name)).toEqual(['b', 'nightly']);
    expect(await store.advance({ ...schedule, name: 'a', seq: 3 })).toBe(false);
  });
});

it('a write whose answer is lost, and which the SDK sends again, has been done', async () => {
  const store = await newDynamoStore();
  dynamo.faultNext('PutItem', 'lose reply');
  expect(await store.create(sampleSchedule())).toBe(true);
  dynamo.faultNext('PutItem', 'lose reply');
  expect(await store.advance(sampleSchedule({ seq: 3 }))).toBe(true);
});

it('a note that a schedule wants care stays when a writer before the one that made it is late', async () => {
  const table = await newTable();
  const store = dynamoScheduleStore(table);
  await store.create(sampleSchedule());
  const note = { kind: 'schedule_care', name: 'nightly', seq: 9 };
  await dynamo.client.send(new PutCommand({ TableName: table.name(), Item: note }));

  await store.advance(sampleSchedule({ seq: 3 }));

  expect((await store.listToTend()).map((s) => s.name)).toEqual(['nightly']);
});
