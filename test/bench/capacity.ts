import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

/** Units by partition and simulated second. DynamoDB gives a partition 1,000 writes and 3,000 reads a second. */
export interface Meter {
  /** The simulated second that calls count for. */
  second: number;
  reset(): void;
  /** The fullest partitions over any one second, most first. */
  hottest(what: Unit, count: number): readonly (readonly [partition: string, units: number])[];
  total(what: Unit): number;
}
export type Unit = 'reads' | 'writes';

type Item = Readonly<Record<string, unknown>>;

interface Input {
  readonly TableName?: string;
  readonly Item?: Item;
  readonly Key?: Item;
  readonly IndexName?: string;
  readonly ConsistentRead?: boolean;
  readonly UpdateExpression?: string;
  readonly KeyConditionExpression?: string;
  readonly ExpressionAttributeValues?: Item;
  readonly RequestItems?: Readonly<Record<string, { readonly Keys?: readonly Item[] }>>;
}

interface Output {
  readonly Items?: readonly Item[];
  readonly Item?: Item;
  readonly Attributes?: Item;
  readonly Responses?: Readonly<Record<string, readonly Item[]>>;
}

const bytes = (item: Item | undefined) => (item ? Buffer.byteLength(JSON.stringify(item)) : 0);
const writesOf = (size: number) => Math.max(1, Math.ceil(size / 1024));
const readsOf = (size: number, consistent: boolean) => Math.max(1, Math.ceil(size / 4096)) * (consistent ? 1 : 0.5);

/** Indexes of the jobs that hold whole items, by the attribute that an item is in them for. */
const WHOLE = { by_start: 'list', by_care: 'care' } as const;

const partitionOf = (key: Item) => String(key.kind ?? key.job_id ?? key.id);

/**
 * Counts what each call of a client would be charged, by the rules of the DynamoDB guide: a write by the size of the item, once more
 * for each index that holds it; a read by what it returns. Sizes are those of the JSON. A refused condition is charged as a write
 * of the table, and reaches no index.
 */
export function meter(client: DynamoDBDocumentClient): Meter {
  const spent = { reads: new Map<string, number>(), writes: new Map<string, number>() };
  const items = new Map<string, Item>();
  const now: Meter = {
    second: 0,
    reset() {
      spent.reads.clear();
      spent.writes.clear();
    },
    hottest(what, count) {
      const most = new Map<string, number>();
      for (const [key, units] of spent[what]) {
        const partition = key.slice(key.indexOf(' ') + 1);
        most.set(partition, Math.max(most.get(partition) ?? 0, units));
      }
      return [...most].sort((a, b) => b[1] - a[1]).slice(0, count);
    },
    total: (what) => [...spent[what].values()].reduce((sum, units) => sum + units, 0),
  };
  const add = (what: Unit, partition: string, units: number) => {
    const key = `${now.second} ${partition}`;
    spent[what].set(key, (spent[what].get(key) ?? 0) + units);
  };
  const write = (table: string, key: Item, after: Item | undefined, refused: boolean) => {
    const id = JSON.stringify([table, key.job_id ?? key.kind ?? key.id, key.item ?? key.name ?? key.position]);
    const before = items.get(id);
    const size = Math.max(bytes(before), bytes(after));
    add('writes', `${table} ${partitionOf(key)}`, writesOf(size));
    if (refused) return;
    for (const [index, attribute] of Object.entries(WHOLE))
      if (before?.[attribute] !== undefined || after?.[attribute] !== undefined)
        add('writes', `${table}/${index} ${String(after?.[attribute] ?? before?.[attribute])}`, writesOf(size));
    if (after) items.set(id, after);
    else items.delete(id);
  };
  const account = (name: string, input: Input, output: Output | undefined) => {
    const table = (input.TableName ?? '').split('-')[0] ?? '';
    const consistent = input.ConsistentRead === true;
    if (name === 'PutCommand') write(table, input.Item ?? {}, input.Item, output === undefined);
    if (name === 'DeleteCommand') write(table, input.Key ?? {}, undefined, output === undefined);
    if (name === 'UpdateCommand') {
      const key = input.Key ?? {};
      const before = items.get(JSON.stringify([table, key.job_id ?? key.kind, key.item ?? key.name]));
      write(table, key, output?.Attributes ?? before ?? key, output === undefined);
    }
    if (name === 'GetCommand')
      add('reads', `${table} ${partitionOf(input.Key ?? {})}`, readsOf(bytes(output?.Item), consistent));
    if (name === 'QueryCommand') {
      const values = Object.values(input.ExpressionAttributeValues ?? {});
      const partition = `${table}${input.IndexName ? `/${input.IndexName}` : ''} ${String(values[0])}`;
      const size = (output?.Items ?? []).reduce((sum, item) => sum + bytes(item), 0);
      add('reads', partition, readsOf(size, consistent));
    }
    if (name === 'BatchGetCommand')
      for (const [long, found] of Object.entries(output?.Responses ?? {}))
        for (const item of found)
          add('reads', `${long.split('-')[0]} ${partitionOf(item)}`, readsOf(bytes(item), true));
  };
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const name = String(context.commandName).replace('ItemCommand', 'Command');
      try {
        const result = await next(args);
        account(name, args.input as Input, (result.output ?? {}) as Output);
        return result;
      } catch (error) {
        account(name, args.input as Input, undefined);
        throw error;
      }
    },
    { step: 'initialize', name: 'meter', priority: 'high' },
  );
  return now;
}
