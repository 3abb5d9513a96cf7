import { randomUUID } from 'node:crypto';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { documentClient } from '../../functions/aws/dynamo/document.ts';
import { dynamoJobStore } from '../../functions/aws/dynamo/job-store.ts';
import { dynamoUsage } from '../../functions/aws/dynamo/usage-store.ts';
import { countUnits, takeCounted } from '../../functions/aws/meter.ts';
import { addUsage, NO_USAGE } from '../../lib/model/usage.ts';
import { createTables, startDynamo, type TestDynamo } from './dynamo.ts';
import { sampleJob, sampleTable } from './samples.ts';

let dynamo: TestDynamo;
let table: { name: () => string; client: () => DynamoDBDocumentClient };
beforeAll(async () => {
  dynamo = await startDynamo();
  const { jobs } = await createTables(dynamo);
  const low = new DynamoDBClient({
    endpoint: dynamo.url,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  const client = documentClient(countUnits(low));
  table = { name: () => jobs, client: () => client };
});
afterAll(() => dynamo.close());
beforeEach(() => void takeCounted());

test('what invocations used adds up, at once and in any order; of a job that used nothing nothing is known', async () => {
  const usage = dynamoUsage(table, 60_000);
  const job = randomUUID();

  await Promise.all(
    Array.from({ length: 30 }, (_, i) => usage.add(job, { invocations: 1, lambda_mb_ms: 1000 + i, read_units: 0.5 })),
  );

  const used = addUsage(NO_USAGE, { invocations: 30, lambda_mb_ms: 30_435, read_units: 15 });
  expect(await usage.of(job)).toEqual({ used });
  expect(await usage.of(randomUUID())).toBeUndefined();
});

test('an estimate stands beside what was used, and what comes later leaves it alone', async () => {
  const usage = dynamoUsage(table, 60_000);
  const job = randomUUID();
  const estimate = addUsage(NO_USAGE, { invocations: 7, state_transitions: 40 });

  await usage.add(job, { invocations: 1 });
  await usage.estimate(job, estimate);
  await usage.add(job, { invocations: 1, write_units: 3 });

  expect(await usage.of(job)).toEqual({ used: addUsage(NO_USAGE, { invocations: 2, write_units: 3 }), estimate });
});

test('what DynamoDB says that requests consumed is counted: reads apart from writes, refused conditions too', async () => {
  const jobs = dynamoJobStore(table);
  const job = sampleJob();
  const counted = async (work: () => Promise<unknown>) => {
    takeCounted();
    await work();
    return takeCounted();
  };

  expect(await counted(() => jobs.create(job))).toEqual({ write_units: expect.any(Number) });
  expect(await counted(() => jobs.get(job.job_id))).toEqual({ read_units: 1 });
  expect(await counted(() => jobs.tables(job.job_id))).toEqual({ read_units: expect.any(Number) });
  const batch = await counted(() => jobs.putTables([0, 1, 2].map((n) => sampleTable(job.job_id, { table: n }))));
  expect(batch).toEqual({ write_units: 3 });
  const refused = await counted(() => jobs.heartbeat(job.job_id, 99, '2030-01-01T00:00:00.000Z'));
  expect(refused).toEqual({ write_units: 1 });
});
