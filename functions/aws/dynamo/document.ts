import {
  type AttributeValue,
  BatchGetItemCommand,
  BatchWriteItemCommand,
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand as QueryItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type * as lib from '@aws-sdk/lib-dynamodb';
import { fromItem, toItem } from './items.ts';

type Stored = Record<string, AttributeValue>;
type Convert = (item: object) => object;
/** Where items lie in an input or output, and what to do there. */
type Part = (value: never, convert: Convert) => unknown;

const one: Part = (item: object, convert) => convert(item);
const list: Part = (items: readonly object[], convert) => items.map(convert);

const eachValue = (of: object, change: (value: never) => unknown) =>
  Object.fromEntries(Object.entries(of).map(([name, value]) => [name, change(value as never)]));

/** Items to be read, by table: their keys. */
const keysByTable: Part = (tables: object, convert) =>
  eachValue(tables, ({ Keys, ...rest }: { Keys: object[] }) => ({ ...rest, Keys: Keys.map(convert) }));

/** Items to be written, by table. */
const writesByTable: Part = (tables: object, convert) =>
  eachValue(tables, (writes: readonly object[]) =>
    writes.map((write) => eachValue(write, (request: object) => eachValue(request, convert))),
  );

const itemsByTable: Part = (tables: object, convert) =>
  eachValue(tables, (items: readonly object[]) => items.map(convert));

/** One name, two shapes: a list of writes by table, or keys by table. */
const requestItems: Part = (tables: object, convert) =>
  (Object.values(tables).some(Array.isArray) ? writesByTable : keysByTable)(tables as never, convert);

const PARTS: Readonly<Record<string, Part>> = {
  Item: one,
  Key: one,
  ExclusiveStartKey: one,
  LastEvaluatedKey: one,
  Attributes: one,
  ExpressionAttributeValues: one,
  Items: list,
  Responses: itemsByTable,
  RequestItems: requestItems,
  UnprocessedKeys: keysByTable,
  UnprocessedItems: writesByTable,
};

function converted(data: object, convert: Convert): object {
  return Object.fromEntries(
    Object.entries(data).map(([name, value]) => {
      const part = value === undefined ? undefined : PARTS[name];
      return [name, part ? part(value as never, convert) : value];
    }),
  );
}

/** Makes a client of items one of data. Calls that have no items (of a table, for example) go through as they are. */
export function documentClient(client: DynamoDBClient): lib.DynamoDBDocumentClient {
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next({ ...args, input: converted(args.input, toItem) as typeof args.input });
      return {
        ...result,
        output: converted(result.output, (item) => fromItem(item as Stored)) as typeof result.output,
      };
    },
    { step: 'initialize', name: 'itemsAsData' },
  );
  return client as unknown as lib.DynamoDBDocumentClient;
}

export const GetCommand = GetItemCommand as unknown as typeof lib.GetCommand;
export const PutCommand = PutItemCommand as unknown as typeof lib.PutCommand;
export const UpdateCommand = UpdateItemCommand as unknown as typeof lib.UpdateCommand;
export const DeleteCommand = DeleteItemCommand as unknown as typeof lib.DeleteCommand;
export const QueryCommand = QueryItemsCommand as unknown as typeof lib.QueryCommand;
export const BatchGetCommand = BatchGetItemCommand as unknown as typeof lib.BatchGetCommand;
export const BatchWriteCommand = BatchWriteItemCommand as unknown as typeof lib.BatchWriteCommand;
