import type { Webhook } from '../../../lib/model/webhook.ts';
import type { WebhookStore } from '../../../lib/ports.ts';
import { calling, isAws } from '../errors.ts';
import { DeleteCommand, GetCommand, PutCommand, UpdateCommand } from './document.ts';
import { type Item, queryAll, type Table } from './table.ts';

const KIND = 'webhook';

/** Webhooks in the registry: kind `webhook`, and their name. */
export function dynamoWebhookStore(table: Table): WebhookStore {
  const call = <T>(work: () => Promise<T>) => calling('registry table', work);
  const keyOf = (name: string) => ({ TableName: table.name(), Key: { kind: KIND, name } });
  const get = async (name: string) => {
    const { Item } = await table.client().send(new GetCommand({ ...keyOf(name), ConsistentRead: true }));
    return Item && webhookOf(Item);
  };
  /** False when the condition does not hold. A retry by the SDK may meet its own first try: what is stored refers to its secret. */
  const onCondition = async (write: () => Promise<unknown>, { name, secret_ref, seq }: Webhook): Promise<boolean> => {
    try {
      await write();
      return true;
    } catch (error) {
      if (!isAws(error, 'ConditionalCheckFailedException')) throw error;
      const stored = await get(name);
      return stored?.secret_ref === secret_ref && stored.seq === seq && stored.updated_at !== undefined;
    }
  };
  return {
    get: (name) => call(() => get(name)),
    list: () =>
      call(async () => {
        const items = await queryAll(table, {
          KeyConditionExpression: '#kind = :kind',
          ExpressionAttributeNames: { '#kind': 'kind' },
          ExpressionAttributeValues: { ':kind': KIND },
          ConsistentRead: true,
        });
        return items.map(webhookOf);
      }),
    create: (webhook) =>
      call(() => {
        const Item = { ...webhook, kind: KIND };
        const put = new PutCommand({
          TableName: table.name(),
          Item,
          ConditionExpression: 'attribute_not_exists(kind)',
        });
        return onCondition(() => table.client().send(put), webhook);
      }),
    advance: (webhook) => call(() => onCondition(() => table.client().send(changeOf(keyOf, webhook)), webhook)),
    remove: (name) =>
      call(async () => {
        await table.client().send(new DeleteCommand(keyOf(name)));
      }),
    note: (name, delivery) =>
      call(async () => {
        const dead = delivery.outcome === 'given_up';
        const update = new UpdateCommand({
          ...keyOf(name),
          UpdateExpression: `set #last = :last${dead ? ' add given_up :one' : ''}`,
          ConditionExpression: 'attribute_exists(kind)',
          ExpressionAttributeNames: { '#last': 'last' },
          ExpressionAttributeValues: { ':last': delivery, ...(dead && { ':one': 1 }) },
        });
        await table
          .client()
          .send(update)
          .catch((error: unknown) => {
            if (!isAws(error, 'ConditionalCheckFailedException')) throw error;
          });
      }),
  };
}

function webhookOf({ kind, ...rest }: Item): Webhook {
  return rest as unknown as Webhook; // an Item is untyped; only this file writes it
}

/** Everything but the key, and what deliveries note by themselves. */
function changeOf(
  keyOf: (name: string) => { TableName: string; Key: Item },
  webhook: Webhook,
): InstanceType<typeof UpdateCommand> {
  const { name, last: _l, given_up: _g, ...fields } = webhook;
  const set = Object.entries(fields).filter(([, value]) => value !== undefined);
  return new UpdateCommand({
    ...keyOf(name),
    UpdateExpression: `set ${set.map((_, i) => `#f${i} = :f${i}`).join(', ')}`,
    ConditionExpression: '#seq = :before',
    ExpressionAttributeNames: { '#seq': 'seq', ...Object.fromEntries(set.map(([field], i) => [`#f${i}`, field])) },
    ExpressionAttributeValues: {
      ':before': webhook.seq - 1,
      ...Object.fromEntries(set.map(([, value], i) => [`:f${i}`, value])),
    },
  });
}
