import { waitUntilTableExists } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { registryItems } from '../../functions/aws/dynamo/registry-items.ts';
import type { Approval } from '../../lib/model/approval.ts';
import type { Environment } from '../../lib/model/environment.ts';
import type { ApprovalStore, EnvironmentStore } from '../../lib/ports.ts';
import { createTables, startDynamo, type TestDynamo } from './dynamo.ts';
import { memoryApprovalStore, memoryEnvironmentStore } from './memory.ts';
import { sampleApprovalRequest, sampleEnvironment } from './samples.ts';

let dynamo: TestDynamo;
beforeAll(async () => {
  dynamo = await startDynamo();
});
afterAll(() => dynamo.close());

interface Stores {
  readonly environments: EnvironmentStore;
  readonly approvals: ApprovalStore;
}

async function newDynamoStores(): Promise<Stores> {
  const { registry } = await createTables(dynamo);
  await waitUntilTableExists(
    { client: dynamo.client, maxWaitTime: 10, minDelay: 0.01, maxDelay: 0.1 },
    { TableName: registry },
  );
  const table = { name: () => registry, client: () => dynamo.client };
  const environments = registryItems<Environment>(table, 'environment');
  const approvals = registryItems<Approval>(table, 'approval');
  return {
    environments: { ...environments, put: (e) => environments.put(e.name, e) },
    approvals: { ...approvals, put: (a) => approvals.put(a.id, a) },
  };
}

describe.each([
  ['memory', async () => ({ environments: memoryEnvironmentStore(), approvals: memoryApprovalStore() })],
  ['DynamoDB', newDynamoStores],
])('stores of environments and approvals in %s', (_name, make) => {
  let stores: Stores;
  const one = sampleEnvironment();
  beforeEach(async () => {
    stores = await make();
    await stores.environments.put(one);
  });

  it('give back what was put, by name, and each kind apart', async () => {
    await stores.environments.put(sampleEnvironment({ name: 'a' }));
    await stores.approvals.put(sampleApprovalRequest({ id: 'production' }));

    expect(await stores.environments.get('production')).toEqual(one);
    expect((await stores.environments.list()).map((e) => e.name)).toEqual(['a', 'production']);
    expect(await stores.approvals.get('production')).toEqual(sampleApprovalRequest({ id: 'production' }));
    expect(await stores.approvals.list()).toHaveLength(1);
    expect(await stores.environments.get('nothing')).toBeUndefined();
  });

  it('take the next revision from one writer alone, and the same write twice', async () => {
    const won = await Promise.all(
      ['a', 'b', 'c'].map((actor) => stores.environments.put({ ...one, actor, revision: 2 })),
    );

    expect(won.filter(Boolean)).toHaveLength(1);
    const now = await stores.environments.get('production');
    expect(now?.actor).toBe(['a', 'b', 'c'][won.indexOf(true)]);
    expect(await stores.environments.put(now as Environment)).toBe(true); // whose reply was lost
    expect(await stores.environments.put({ ...one, actor: 'late', revision: 2 })).toBe(false);
    expect(await stores.environments.put({ ...one, actor: 'early', revision: 9 })).toBe(false);
    expect(await stores.environments.put({ ...one, actor: 'anew' })).toBe(false);
  });

  it('forget what was seen as it is, and that again', async () => {
    await stores.environments.put({ ...one, revision: 2 });

    expect(await stores.environments.remove('production', 1)).toBe(false);
    expect(await stores.environments.remove('production', 2)).toBe(true);
    expect(await stores.environments.remove('production', 2)).toBe(true);
    expect(await stores.environments.list()).toEqual([]);
  });
});
