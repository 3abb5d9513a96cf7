import { isDeepStrictEqual } from 'node:util';
import type { MappingApprovals } from '../../../lib/model/mapping-state.ts';
import type { MappingStore } from '../../../lib/ports.ts';
import { calling, isAws } from '../errors.ts';
import { PutCommand, QueryCommand, UpdateCommand } from './document.ts';
import { approvalsIn, dynamoMappingReader, get, keyOf } from './mapping-reader.ts';
import { type Item, queryAll, type Table } from './table.ts';

/**
 * Mappings in the registry. Approvals have a partition of their own, which the function that talks to a model may not write
 * (infra/constructs/state-tables.ts): whatever it is made to do, it approves nothing.
 *
 *     kind              name      further
 *     mapping           <name>    latest, updated_at: for lists
 *     mapping#<name>    00012     one version, as JSON; sealed once it is approved; or who discarded it
 *     mapping_approval  <name>    rev, approvals
 */
export function dynamoMappingStore(table: Table): MappingStore {
  const call = <T>(work: () => Promise<T>) => calling('registry table', work);
  return {
    ...dynamoMappingReader(table),
    names: () => call(() => names(table)),
    latest: (name) => call(() => latest(table, name)),
    put: (version) => call(() => putVersion(table, version)),
    seal: (name, version) =>
      call(() =>
        update(table, keyOf(name, version), {
          UpdateExpression: 'set sealed = :yes',
          ConditionExpression: 'attribute_exists(body)',
          ExpressionAttributeValues: { ':yes': true },
        }),
      ),
    discard: (name, version, { by, at }) =>
      call(() =>
        update(table, keyOf(name, version), {
          UpdateExpression: 'set discarded_by = :by, discarded_at = :at remove body',
          ConditionExpression: 'attribute_exists(body) and attribute_not_exists(sealed)',
          ExpressionAttributeValues: { ':by': by, ':at': at },
        }),
      ),
    approve: (name, approvals) => call(() => approve(table, name, approvals)),
  };
}

async function names(table: Table) {
  const items = await queryAll(table, {
    KeyConditionExpression: '#kind = :kind',
    ExpressionAttributeNames: { '#kind': 'kind' },
    ExpressionAttributeValues: { ':kind': 'mapping' },
    ConsistentRead: true,
  });
  return items.map(({ name, latest, updated_at }) => ({
    name: String(name),
    latest: Number(latest),
    updated_at: String(updated_at),
  }));
}

async function latest(table: Table, name: string): Promise<number> {
  const { Items } = await table.client().send(
    new QueryCommand({
      TableName: table.name(),
      KeyConditionExpression: '#kind = :kind',
      ExpressionAttributeNames: { '#kind': 'kind', '#name': 'name' },
      ExpressionAttributeValues: { ':kind': `mapping#${name}` },
      ProjectionExpression: '#name',
      ScanIndexForward: false,
      Limit: 1,
      ConsistentRead: true,
    }),
  );
  return Number(Items?.[0]?.name ?? 0);
}

/** The name is listed before its version is there, so that no version is in no list. */
async function putVersion(table: Table, version: Parameters<MappingStore['put']>[0]): Promise<boolean> {
  const { name, version: number, created_at: at } = version;
  await update(
    table,
    { kind: 'mapping', name },
    {
      UpdateExpression: 'set latest = :n, updated_at = :at',
      ConditionExpression: 'attribute_not_exists(latest) or latest < :n',
      ExpressionAttributeValues: { ':n': number, ':at': at },
    },
  );
  const item = { ...keyOf(name, number), body: JSON.stringify(version) };
  if (await put(table, item, 'attribute_not_exists(#kind)', { '#kind': 'kind' })) return true;
  return (await get(table, keyOf(name, number)))?.body === item.body;
}

async function approve(table: Table, name: string, { rev, approvals }: MappingApprovals): Promise<boolean> {
  const item = { kind: 'mapping_approval', name, rev, approvals };
  const condition = rev === 1 ? 'attribute_not_exists(rev)' : 'rev = :before';
  const values = rev === 1 ? undefined : { ':before': rev - 1 };
  if (await put(table, item, condition, undefined, values)) return true;
  const stored = approvalsIn(await get(table, { kind: 'mapping_approval', name }));
  return isDeepStrictEqual(stored, { rev, approvals: JSON.parse(JSON.stringify(approvals)) });
}

/** False when the condition does not hold. */
async function put(
  table: Table,
  Item: Item,
  ConditionExpression: string,
  names?: Record<string, string>,
  values?: Item,
): Promise<boolean> {
  const input = {
    TableName: table.name(),
    Item,
    ConditionExpression,
    ...(names && { ExpressionAttributeNames: names }),
    ...(values && { ExpressionAttributeValues: values }),
  };
  return unlessRefused(() => table.client().send(new PutCommand(input)));
}

async function update(
  table: Table,
  Key: Item,
  how: Pick<
    ConstructorParameters<typeof UpdateCommand>[0],
    'UpdateExpression' | 'ConditionExpression' | 'ExpressionAttributeValues'
  >,
): Promise<boolean> {
  return unlessRefused(() => table.client().send(new UpdateCommand({ TableName: table.name(), Key, ...how })));
}

async function unlessRefused(write: () => Promise<unknown>): Promise<boolean> {
  try {
    await write();
    return true;
  } catch (error) {
    if (!isAws(error, 'ConditionalCheckFailedException')) throw error;
    return false;
  }
}
