import {
  CreateTableCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  ResourceNotFoundException,
  type TableDescription,
} from '@aws-sdk/client-dynamodb';
import {
  CreateQueueCommand,
  GetQueueUrlCommand,
  QueueDoesNotExist,
  SetQueueAttributesCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import * as z from 'zod';
import type { StackResource } from './template/stack.ts';

const keys = z.array(z.object({ AttributeName: z.string(), KeyType: z.enum(['HASH', 'RANGE']) }));
const projection = z.object({
  ProjectionType: z.enum(['ALL', 'KEYS_ONLY', 'INCLUDE']),
  NonKeyAttributes: z.array(z.string()).optional(),
});
const index = z.looseObject({ IndexName: z.string(), KeySchema: keys, Projection: projection });
const tableSchema = z.looseObject({
  AttributeDefinitions: z.array(z.object({ AttributeName: z.string(), AttributeType: z.enum(['S', 'N', 'B']) })),
  KeySchema: keys,
  GlobalSecondaryIndexes: z.array(index).optional(),
  LocalSecondaryIndexes: z.array(index).optional(),
});
type Index = z.infer<typeof index>;

/**
 * Creates a table unless it is there from an earlier start. What concerns money, backup and encryption is left out.
 *
 * Throws when the table that is there has other keys or indexes: its data belong to another version of the stack.
 */
export async function ensureTable(client: DynamoDBClient, { name, properties }: StackResource): Promise<void> {
  const wanted = tableSchema.parse(properties);
  const found = await describeTable(client, name);
  if (found) {
    if (shapeOf(found) === shapeOf(wanted)) return;
    throw new Error(
      `Table ${name} was made by another version with other keys. Begin anew: use another --data-dir, or delete the one in use (by default .terrafusion).`,
    );
  }
  const plain = ({ IndexName, KeySchema, Projection }: Index) => ({ IndexName, KeySchema, Projection });
  await client.send(
    new CreateTableCommand({
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: wanted.AttributeDefinitions,
      KeySchema: wanted.KeySchema,
      ...(wanted.GlobalSecondaryIndexes ? { GlobalSecondaryIndexes: wanted.GlobalSecondaryIndexes.map(plain) } : {}),
      ...(wanted.LocalSecondaryIndexes ? { LocalSecondaryIndexes: wanted.LocalSecondaryIndexes.map(plain) } : {}),
    }),
  );
  while ((await describeTable(client, name))?.TableStatus !== 'ACTIVE') await new Promise(setImmediate);
}

async function describeTable(client: DynamoDBClient, name: string): Promise<TableDescription | undefined> {
  try {
    return (await client.send(new DescribeTableCommand({ TableName: name }))).Table;
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined;
    throw error;
  }
}

type Shaped = Pick<TableDescription, 'KeySchema' | 'GlobalSecondaryIndexes' | 'LocalSecondaryIndexes'>;

/** Keys of the table and its indexes, in one text to compare. */
function shapeOf(table: Shaped | z.infer<typeof tableSchema>): string {
  const keyText = (parts: Shaped['KeySchema']) =>
    parts?.map((part) => `${part.KeyType} ${part.AttributeName}`).join(', ');
  const indexes = [...(table.GlobalSecondaryIndexes ?? []), ...(table.LocalSecondaryIndexes ?? [])];
  const lines = indexes.map((one) => `${one.IndexName}: ${keyText(one.KeySchema)}`).sort();
  return [keyText(table.KeySchema), ...lines].join('; ');
}

/** Attributes of a queue that change how it delivers. Encryption and policies are left out. */
const QUEUE_ATTRIBUTES = [
  'VisibilityTimeout',
  'MessageRetentionPeriod',
  'DelaySeconds',
  'ReceiveMessageWaitTimeSeconds',
];

/** Creates a queue unless it is there from an earlier start, and gives it the template's settings. */
export async function ensureQueue(client: SQSClient, { name, properties }: StackResource): Promise<void> {
  const attributes: Record<string, string> = {};
  for (const field of QUEUE_ATTRIBUTES) {
    if (properties[field] !== undefined) attributes[field] = String(properties[field]);
  }
  if (properties.RedrivePolicy) attributes.RedrivePolicy = JSON.stringify(properties.RedrivePolicy);
  try {
    const { QueueUrl } = await client.send(new GetQueueUrlCommand({ QueueName: name }));
    await client.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: attributes }));
  } catch (error) {
    if (!(error instanceof QueueDoesNotExist)) throw error;
    await client.send(new CreateQueueCommand({ QueueName: name, Attributes: attributes }));
  }
}
