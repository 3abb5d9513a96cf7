import { isDeepStrictEqual } from 'node:util';
import { calling, isAws } from '../errors.ts';
import { DeleteCommand, GetCommand, PutCommand } from './document.ts';
import { type Item, queryAll, type Table } from './table.ts';

/** An item whose writers must each have seen the revision before. */
interface Revised {
  readonly revision: number;
}

/** Items of one kind in the registry, by name. Reads are strongly consistent. */
export interface RegistryItems<T extends Revised> {
  get(name: string): Promise<T | undefined>;
  /** In name order. */
  list(): Promise<readonly T[]>;
  /** With their names. */
  entries(): Promise<readonly (readonly [name: string, item: T])[]>;
  /** Makes the first revision, or replaces the one before; false when somebody else has. Our own, whose reply was lost, counts. */
  put(name: string, item: T): Promise<boolean>;
  /** False when it is not of this revision any more. */
  remove(name: string, revision: number): Promise<boolean>;
}

export function registryItems<T extends Revised>(table: Table, kind: string): RegistryItems<T> {
  const call = <R>(work: () => Promise<R>) => calling('registry table', work);
  const of = ({ item }: Item) => JSON.parse(String(item)) as T; // put wrote it
  const get = async (name: string) => {
    const Key = { kind, name };
    const { Item } = await table.client().send(new GetCommand({ TableName: table.name(), Key, ConsistentRead: true }));
    return Item && of(Item);
  };
  /** False where the condition does not hold. */
  const when = async (send: () => Promise<unknown>): Promise<boolean> => {
    try {
      await send();
      return true;
    } catch (error) {
      if (!isAws(error, 'ConditionalCheckFailedException')) throw error;
      return false;
    }
  };
  const all = () =>
    queryAll(table, {
      KeyConditionExpression: '#kind = :kind',
      ExpressionAttributeNames: { '#kind': 'kind' },
      ExpressionAttributeValues: { ':kind': kind },
      ConsistentRead: true,
    });
  return {
    get: (name) => call(() => get(name)),
    list: () => call(async () => (await all()).map(of)),
    entries: () => call(async () => (await all()).map((item) => [String(item.name), of(item)] as const)),
    put: (name, item) =>
      call(async () => {
        const { revision } = item;
        const first = revision === 1;
        const stored = JSON.stringify(item);
        const put = new PutCommand({
          TableName: table.name(),
          Item: { kind, name, revision, item: stored },
          ConditionExpression: first ? 'attribute_not_exists(kind)' : 'revision = :before',
          ...(!first && { ExpressionAttributeValues: { ':before': revision - 1 } }),
        });
        return (await when(() => table.client().send(put))) || isDeepStrictEqual(await get(name), JSON.parse(stored));
      }),
    remove: (name, revision) =>
      call(() =>
        when(() =>
          table.client().send(
            new DeleteCommand({
              TableName: table.name(),
              Key: { kind, name },
              ConditionExpression: 'attribute_not_exists(kind) or revision = :seen',
              ExpressionAttributeValues: { ':seen': revision },
            }),
          ),
        ),
      ),
  };
}
