import { createHash } from 'node:crypto';
import type { Context } from 'aws-lambda';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { dynamoFleetOrderStore } from '../../functions/aws/dynamo/fleet-order-store.ts';
import { dynamoJobStore } from '../../functions/aws/dynamo/job-store.ts';
import { dynamoPairStore } from '../../functions/aws/dynamo/pair-store.ts';
import { registryItems } from '../../functions/aws/dynamo/registry-items.ts';
import type { Environment } from '../../lib/model/environment.ts';
import { type FleetOrder, listOf, NO_PAIRS } from '../../lib/model/fleet-order.ts';
import { createTables, startDynamo, type TestDynamo } from './dynamo.ts';
import { type FakeAws, startFakeAws } from './fake-aws.ts';
import { PAIR_ENVIRONMENTS, sampleEnvironment, sampleJob, samplePair } from './samples.ts';

// The function that does a step of an order, over a real table; nothing listens where a database would be.

let dynamo: TestDynamo;
beforeAll(async () => {
  dynamo = await startDynamo();
});
afterAll(() => dynamo.close());

const AT = '2026-11-23T10:00:00.000Z';
const order: FleetOrder = {
  order_id: '0e0e0e0e-0000-4000-8000-000000000001',
  work: { action: 'start' },
  filter: {},
  list: listOf(['one']),
  count: 1,
  pages: 1,
  page: 0,
  at_once: 1,
  working: [],
  state: 'working',
  counts: NO_PAIRS,
  failures: [],
  actor: 'ada',
  created_at: AT,
  updated_at: AT,
  revision: 1,
};

let aws: FakeAws;
let stores: Awaited<ReturnType<typeof open>>;
async function open() {
  const names = await createTables(dynamo);
  const table = (name: 'jobs' | 'registry') => ({ name: () => names[name], client: () => dynamo.client });
  return {
    names,
    jobs: dynamoJobStore(table('jobs')),
    pairs: dynamoPairStore(table('registry')),
    orders: dynamoFleetOrderStore(table('registry')),
    environments: registryItems<Environment>(table('registry'), 'environment'),
  };
}
beforeEach(async () => {
  vi.resetModules();
  aws = await startFakeAws({
    SendMessage: ({ MessageBody }) => ({
      MD5OfMessageBody: createHash('md5').update(String(MessageBody)).digest('hex'),
    }),
  });
  stores = await open();
  for (const [name, value] of Object.entries({
    AWS_ENDPOINT_URL_DYNAMODB: dynamo.url,
    AWS_ENDPOINT_URL_SQS: aws.client.endpoint,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: aws.client.endpoint,
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    JOBS_TABLE: stores.names.jobs,
    REGISTRY_TABLE: stores.names.registry,
    FLEET_QUEUE_URL: `${aws.client.endpoint}/q`,
    SERVICE_VERSION: '1',
    TLS_POLICY: 'as_asked',
    ALLOWED_DATABASE_HOSTS: '*',
    DATABASE_CONNECTION_BUDGET: '20',
    ENVIRONMENT_SECRET_PREFIX: 'tf/environment/',
  }))
    vi.stubEnv(name, value);
  for (const out of [process.stdout, process.stderr]) vi.spyOn(out, 'write').mockReturnValue(true);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  await aws.close();
});

const work = async (...bodies: readonly object[]) => {
  const { handler } = await import('../../functions/worker/run-fleet.ts');
  const Records = bodies.map((body, i) => ({ messageId: `m${i}`, body: JSON.stringify(body) }));
  return handler({ Records }, { getRemainingTimeInMillis: () => 100_000 } as Context);
};
const message = { v: 1, order_id: order.order_id };

test('an order that has to wait is sent again, and a message that nobody can work on is given back', async () => {
  const job = sampleJob({ state: 'running' });
  await stores.jobs.create(job);
  await stores.orders.create({ ...order, working: [job.job_id] }, [{ pair: 'one', outcome: 'pending' }]);

  const answer = await work({ v: 2 }, message);

  expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'm0' }] });
  expect(aws.calls.map(({ operation, input }) => [operation, input.MessageBody, input.DelaySeconds])).toEqual([
    ['SendMessage', JSON.stringify(message), 10],
  ]);
});

test('an order lets no job go on that may no longer write to its environment', async () => {
  const sample = sampleJob();
  const job = sampleJob({
    state: 'paused',
    pause: { code: 'disk_full', message: 'x', since: AT },
    target: { ...sample.target, database_oid: '2' },
    environments: PAIR_ENVIRONMENTS,
  });
  await stores.jobs.create(job);
  await stores.environments.put('production', sampleEnvironment({ name: 'production', identity: job.source }));
  await stores.environments.put('training', sampleEnvironment({ name: 'training', identity: job.target }));
  await stores.pairs.put(samplePair('one'));
  await stores.pairs.note('one', { job_id: job.job_id, at: AT });
  await stores.orders.create({ ...order, work: { action: 'resume' } }, [{ pair: 'one', outcome: 'pending' }]);

  expect(await work(message)).toEqual({ batchItemFailures: [] });

  const { items } = await stores.orders.page(order, 0);
  expect(items).toMatchObject([{ pair: 'one', outcome: 'failed', code: 'environment_read_only' }]);
  expect((await stores.jobs.get(job.job_id))?.state).toBe('paused');
  expect(aws.calls).toEqual([]);
});
