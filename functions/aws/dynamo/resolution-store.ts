import { isDeepStrictEqual } from 'node:util';
import type { FrozenPage, ListedConflict, Resolution } from '../../../lib/model/resolution.ts';
import { hasEnded } from '../../../lib/model/resolution.ts';
import type { ResolutionStore } from '../../../lib/ports.ts';
import { calling, isAws } from '../errors.ts';
import { GetCommand, PutCommand } from './document.ts';
import { type Item, queryAll, type Table } from './table.ts';

/** The list of a job's resolutions, for retention; no list of conflicts is named like it. */
export const ordersOf = (jobId: string): string => `${jobId}#orders`;

/** The one list of resolutions that have not ended. */
const UNFINISHED = 'resolutions#unfinished';

/**
 * Resolutions in the table of the conflicts:
 *
 *     id               item        further
 *     <resolution_id>  resolution  opener "resolutions#unfinished" until it has ended  (index by_opener)
 *                                  seer <job_id>#orders, for good  (index by_seer)
 *     <resolution_id>  page#00012  a page of its frozen list
 */
export function dynamoResolutionStore(table: Table): ResolutionStore {
  const call = <T>(work: () => Promise<T>) => calling('conflicts table', work);
  return {
    create: (resolution) =>
      call(async () => void (await put(table, itemOf(resolution), { condition: 'attribute_not_exists(id)' }))),
    get: (id) =>
      call(async () => {
        const item = await get(table, id, 'resolution');
        return item && resolutionOf(item);
      }),
    advance: (resolution) => call(() => advance(table, resolution)),
    freeze: (id, page, frozen) => call(() => freeze(table, { id, page }, frozen)),
    page: (id, page) => call(async () => frozenIn(await get(table, id, pageName(page))).listed),
    unfinished: () =>
      call(async () => {
        const items = await queryAll(table, {
          IndexName: 'by_opener',
          KeyConditionExpression: 'opener = :list',
          ExpressionAttributeValues: { ':list': UNFINISHED },
        });
        return items.map(resolutionOf);
      }),
  };
}

const pageName = (page: number) => `page#${String(page).padStart(5, '0')}`;

function itemOf(resolution: Resolution): Item {
  return {
    ...resolution,
    id: resolution.resolution_id,
    item: 'resolution',
    place: `${resolution.created_at}#${resolution.resolution_id}`,
    seer: ordersOf(resolution.job_id),
    ...(!hasEnded(resolution) && { opener: UNFINISHED }),
  };
}

function resolutionOf({ id, item, place, opener, seer, ...rest }: Item): Resolution {
  return rest as unknown as Resolution; // an Item is untyped; itemOf wrote it
}

async function get(table: Table, id: string, item: string): Promise<Item | undefined> {
  const Key = { id, item };
  const { Item } = await table.client().send(new GetCommand({ TableName: table.name(), Key, ConsistentRead: true }));
  return Item;
}

/** False when the condition does not hold. */
async function put(table: Table, Item: Item, when: { condition: string; values?: Item }): Promise<boolean> {
  try {
    await table.client().send(
      new PutCommand({
        TableName: table.name(),
        Item,
        ConditionExpression: when.condition,
        ...(when.values && { ExpressionAttributeValues: when.values }),
      }),
    );
    return true;
  } catch (error) {
    if (!isAws(error, 'ConditionalCheckFailedException')) throw error;
    return false;
  }
}

/** A retry by the SDK may meet its own first try: what is stored then is what was to be. */
async function advance(table: Table, resolution: Resolution): Promise<boolean> {
  const values = { ':before': resolution.seq - 1 };
  if (await put(table, itemOf(resolution), { condition: 'seq = :before', values })) return true;
  const stored = await get(table, resolution.resolution_id, 'resolution');
  return stored !== undefined && isDeepStrictEqual(resolutionOf(stored), JSON.parse(JSON.stringify(resolution)));
}

/** One text per page: ids and what was seen, joined; 1,000 of them are some 50 KB. */
const text = (listed: readonly ListedConflict[]) => listed.map((c) => `${c.conflict_id}:${c.seen}`).join(' ');

function frozenIn(item: Item | undefined): FrozenPage {
  const all = String(item?.listed ?? '').split(' ');
  const listed = all.filter(Boolean).map((one) => {
    const [conflict_id = '', seen = ''] = one.split(':');
    return { conflict_id, seen };
  });
  return { listed, ...(item?.cursor !== undefined && { cursor: String(item.cursor) }) };
}

async function freeze(
  table: Table,
  at: { readonly id: string; readonly page: number },
  frozen: FrozenPage,
): Promise<FrozenPage> {
  const { listed, cursor } = frozen;
  const item = { id: at.id, item: pageName(at.page), listed: text(listed), ...(cursor !== undefined && { cursor }) };
  if (await put(table, item, { condition: 'attribute_not_exists(id)' })) return frozen;
  return frozenIn(await get(table, at.id, pageName(at.page)));
}
