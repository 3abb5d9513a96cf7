import { setTimeout } from 'node:timers/promises';
import type {
  BatchGetCommandInput,
  BatchGetCommandOutput,
  BatchWriteCommandInput,
  BatchWriteCommandOutput,
  DynamoDBDocumentClient,
  QueryCommandInput,
} from '@aws-sdk/lib-dynamodb';
import { SyncError } from '../../../lib/model/errors.ts';
import { BatchGetCommand, BatchWriteCommand, QueryCommand } from './document.ts';

/** One table: its name and the client are asked for at each use, so that building a store needs neither. */
export interface Table {
  readonly name: () => string;
  readonly client: () => DynamoDBDocumentClient;
}

export type Item = Record<string, unknown>;

/** All items of a query, over as many 1 MB pages as it takes. */
export async function queryAll(table: Table, query: Omit<QueryCommandInput, 'TableName'>): Promise<Item[]> {
  const items: Item[] = [];
  let start: Item | undefined;
  do {
    const page = await table
      .client()
      .send(new QueryCommand({ ...query, TableName: table.name(), ...(start && { ExclusiveStartKey: start }) }));
    items.push(...(page.Items ?? []));
    start = page.LastEvaluatedKey;
  } while (start);
  return items;
}

/** Most items one BatchWriteItem takes. */
const BATCH = 25;
/** 8 rounds with doubling pauses from 50 ms wait some 6 s in all; throttling that lasts longer is an outage. */
const ROUNDS = 8;

/** Puts all items, replacing what is there; sends again what DynamoDB left unprocessed. */
export async function putAll(table: Table, items: readonly Item[]): Promise<void> {
  for (let i = 0; i < items.length; i += BATCH) await putBatch(table, items.slice(i, i + BATCH));
}

async function putBatch(table: Table, items: readonly Item[]): Promise<void> {
  let open: NonNullable<BatchWriteCommandInput['RequestItems']> = {
    [table.name()]: items.map((Item) => ({ PutRequest: { Item } })),
  };
  for (let round = 0; round < ROUNDS; round++) {
    if (round > 0) await setTimeout(Math.random() * 50 * 2 ** (round - 1));
    const answer: BatchWriteCommandOutput = await table.client().send(new BatchWriteCommand({ RequestItems: open }));
    open = answer.UnprocessedItems ?? {};
    if (Object.keys(open).length === 0) return;
  }
  throw new SyncError('unavailable', 'the table takes no more writes for now');
}

/** Most keys one BatchGetItem takes. */
const KEYS = 100;

/** Batches that are asked for side by side: some 1,600 items a second and more, whatever the way to the table takes. */
const BATCHES = 8;

/** Items of these keys, strongly consistent, in no order; those that are not there are left out. */
export async function getAll(table: Table, keys: readonly Item[]): Promise<Item[]> {
  const items: Item[] = [];
  for (let i = 0; i < keys.length; i += KEYS * BATCHES) {
    const starts = Array.from({ length: BATCHES }, (_, n) => i + n * KEYS).filter((from) => from < keys.length);
    const batches = await Promise.all(starts.map((from) => getBatch(table, keys.slice(from, from + KEYS))));
    items.push(...batches.flat());
  }
  return items;
}

async function getBatch(table: Table, keys: readonly Item[]): Promise<Item[]> {
  const items: Item[] = [];
  let open: NonNullable<BatchGetCommandInput['RequestItems']> = {
    [table.name()]: { Keys: [...keys], ConsistentRead: true },
  };
  for (let round = 0; round < ROUNDS; round++) {
    if (round > 0) await setTimeout(Math.random() * 50 * 2 ** (round - 1));
    const answer: BatchGetCommandOutput = await table.client().send(new BatchGetCommand({ RequestItems: open }));
    const found = answer.Responses?.[table.name()] ?? [];
    items.push(...found);
    open = answer.UnprocessedKeys ?? {};
    if (Object.keys(open).length === 0) return items;
  }
  throw new SyncError('unavailable', 'the table gives no more items for now');
}
