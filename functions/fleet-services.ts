import type { FleetLooks, FleetOrderStore, FleetQueue, PairStore } from '../lib/ports.ts';
import { dynamoClient, queueClient } from './aws/clients.ts';
import { dynamoFleetLooks } from './aws/dynamo/fleet-looks.ts';
import { dynamoFleetOrderStore } from './aws/dynamo/fleet-order-store.ts';
import { dynamoPairStore } from './aws/dynamo/pair-store.ts';
import { awsFleetQueue } from './aws/fleet-queue.ts';
import type { CoreServices } from './runtime.ts';

export interface FleetServices {
  readonly pairs: PairStore;
  readonly orders: FleetOrderStore;
  readonly looks: FleetLooks;
  readonly queue: FleetQueue;
}

/** What keeps pairs and orders over them, for the two functions that do. */
export function fleetServices({ settings }: Pick<CoreServices, 'settings'>): FleetServices {
  const registry = { name: () => settings.registryTable, client: dynamoClient };
  return {
    pairs: dynamoPairStore(registry),
    orders: dynamoFleetOrderStore(registry),
    looks: dynamoFleetLooks({ registry, jobs: { name: () => settings.jobsTable, client: dynamoClient } }),
    queue: awsFleetQueue(queueClient, () => process.env.FLEET_QUEUE_URL ?? ''),
  };
}
