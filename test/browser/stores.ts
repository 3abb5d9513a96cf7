import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { dynamoConflictStore } from '../../functions/aws/dynamo/conflict-store.ts';
import { documentClient } from '../../functions/aws/dynamo/document.ts';
import { dynamoJobStore } from '../../functions/aws/dynamo/job-store.ts';
import { dynamoScheduleStore } from '../../functions/aws/dynamo/schedule-store.ts';

/** The service's own stores over its emulated DynamoDB: what would take long to come about is put there in its own shape. */
export async function openStores(dynamodbUrl: string) {
  const low = new DynamoDBClient({
    endpoint: dynamodbUrl,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  const client = documentClient(low);
  const { TableNames = [] } = await low.send(new ListTablesCommand({}));
  const table = (part: RegExp) => ({
    name: () => TableNames.find((name) => part.test(name)) ?? '',
    client: () => client,
  });
  return {
    jobs: dynamoJobStore(table(/jobs/i)),
    conflicts: dynamoConflictStore(table(/conflicts/i)),
    schedules: dynamoScheduleStore(table(/registry/i)),
    [Symbol.dispose]: () => low.destroy(),
  };
}

export type Stores = Awaited<ReturnType<typeof openStores>>;
