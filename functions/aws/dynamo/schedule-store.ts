import { isDeepStrictEqual } from 'node:util';
import { DeleteCommand, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { Schedule } from '../../../lib/model/schedule.ts';
import type { ScheduleStore } from '../../../lib/ports.ts';
import { calling, isAws } from '../errors.ts';
import { type Item, queryAll, type Table } from './table.ts';

const KIND = 'schedule';

/** Schedules in the registry: kind `schedule`, and their name. */
export function dynamoScheduleStore(table: Table): ScheduleStore {
  const call = <T>(work: () => Promise<T>) => calling('registry table', work);
  return {
    get: (name) => call(() => get(table, name)),
    list: () =>
      call(async () => {
        const items = await queryAll(table, {
          KeyConditionExpression: '#kind = :kind',
          ExpressionAttributeNames: { '#kind': 'kind' },
          ExpressionAttributeValues: { ':kind': KIND },
          ConsistentRead: true,
        });
        return items.map(scheduleOf);
      }),
    create: (schedule) => call(() => put(table, schedule, { condition: 'attribute_not_exists(kind)' })),
    advance: (schedule) =>
      call(() => put(table, schedule, { condition: 'seq = :before', values: { ':before': schedule.seq - 1 } })),
    remove: (name) =>
      call(async () => {
        await table.client().send(new DeleteCommand({ TableName: table.name(), Key: { kind: KIND, name } }));
      }),
  };
}

function scheduleOf({ kind, ...rest }: Item): Schedule {
  return rest as unknown as Schedule; // an Item is untyped; put wrote it
}

async function get(table: Table, name: string): Promise<Schedule | undefined> {
  const Key = { kind: KIND, name };
  const { Item } = await table.client().send(new GetCommand({ TableName: table.name(), Key, ConsistentRead: true }));
  return Item && scheduleOf(Item);
}

/** False when the condition does not hold. A retry by the SDK may meet its own first try: what is stored is what was to be. */
async function put(table: Table, schedule: Schedule, when: { condition: string; values?: Item }): Promise<boolean> {
  try {
    await table.client().send(
      new PutCommand({
        TableName: table.name(),
        Item: { ...schedule, kind: KIND },
        ConditionExpression: when.condition,
        ...(when.values && { ExpressionAttributeValues: when.values }),
      }),
    );
    return true;
  } catch (error) {
    if (!isAws(error, 'ConditionalCheckFailedException')) throw error;
    return isDeepStrictEqual(await get(table, schedule.name), JSON.parse(JSON.stringify(schedule)));
  }
}
