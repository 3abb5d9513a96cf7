import { isDeepStrictEqual } from 'node:util';
import { type Schedule, wantsCare } from '../../../lib/model/schedule.ts';
import type { ScheduleStore } from '../../../lib/ports.ts';
import { calling, isAws } from '../errors.ts';
import { DeleteCommand, GetCommand, PutCommand } from './document.ts';
import { getAll, type Item, queryAll, type Table } from './table.ts';

const KIND = 'schedule';
/** A note beside each schedule that wants care, so that the look at them each minute need not read them all. */
const CARE = 'schedule_care';

/** Schedules in the registry: kind `schedule`, and their name; kind `schedule_care`, while they want it. */
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
    listToTend: () => call(() => listToTend(table)),
    create: (schedule) => call(() => put(table, schedule, { condition: 'attribute_not_exists(kind)' })),
    advance: (schedule) =>
      call(() => put(table, schedule, { condition: 'seq = :before', values: { ':before': schedule.seq - 1 } })),
    remove: (name) =>
      call(async () => {
        await table.client().send(new DeleteCommand({ TableName: table.name(), Key: { kind: KIND, name } }));
        await table.client().send(new DeleteCommand({ TableName: table.name(), Key: { kind: CARE, name } }));
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

async function listToTend(table: Table): Promise<readonly Schedule[]> {
  const notes = await queryAll(table, {
    KeyConditionExpression: '#kind = :kind',
    ExpressionAttributeNames: { '#kind': 'kind' },
    ExpressionAttributeValues: { ':kind': CARE },
    ConsistentRead: true,
  });
  const items = await getAll(
    table,
    notes.map(({ name }) => ({ kind: KIND, name })),
  );
  return items.map(scheduleOf);
}

/**
 * Before a schedule is written that wants care, it is noted; after one is written that does not, the note goes, unless a later writer
 * has noted it. One that dies in between leaves a note too many.
 */
async function note(table: Table, { name, seq }: Schedule, wants: boolean): Promise<void> {
  const where = { TableName: table.name(), ExpressionAttributeValues: { ':seq': seq } };
  const send = () =>
    wants
      ? table.client().send(
          new PutCommand({
            ...where,
            Item: { kind: CARE, name, seq },
            ConditionExpression: 'attribute_not_exists(kind) or seq < :seq',
          }),
        )
      : table.client().send(
          new DeleteCommand({
            ...where,
            Key: { kind: CARE, name },
            ConditionExpression: 'attribute_not_exists(kind) or seq <= :seq',
          }),
        );
  try {
    await send();
  } catch (error) {
    if (!isAws(error, 'ConditionalCheckFailedException')) throw error;
  }
}

/** False when the condition does not hold. A retry by the SDK may meet its own first try: what is stored is what was to be. */
async function put(table: Table, schedule: Schedule, when: { condition: string; values?: Item }): Promise<boolean> {
  const wants = wantsCare(schedule);
  try {
    if (wants) await note(table, schedule, true);
    await table.client().send(
      new PutCommand({
        TableName: table.name(),
        Item: { ...schedule, kind: KIND },
        ConditionExpression: when.condition,
        ...(when.values && { ExpressionAttributeValues: when.values }),
      }),
    );
    if (!wants) await note(table, schedule, false);
    return true;
  } catch (error) {
    if (!isAws(error, 'ConditionalCheckFailedException')) throw error;
    return isDeepStrictEqual(await get(table, schedule.name), JSON.parse(JSON.stringify(schedule)));
  }
}
