import { randomUUID } from 'node:crypto';
import { findPairs, lastJobsOf } from '../../lib/orchestrator/find-pairs.ts';
import { cancelFleet, orderFleet, previewFleet } from '../../lib/orchestrator/fleet-order.ts';
import { putPair, removePair } from '../../lib/orchestrator/keep-pairs.ts';
import { dynamoClient } from '../aws/clients.ts';
import { registryItems } from '../aws/dynamo/registry-items.ts';
import { environmentServices } from '../environment-services.ts';
import { fleetServices } from '../fleet-services.ts';
import { bareServices } from '../runtime.ts';
import { apiHandler } from './handler.ts';
import { type KeptCall, once } from './idempotency.ts';
import { fleetRoutes } from './routes/fleet.ts';

/** Lambda handler of the routes that keep pairs and take orders over many of them. It opens no database and starts nothing. */
export const handler = apiHandler({
  serves: fleetRoutes,
  services: bareServices,
  once: (call, work) => {
    const { settings, clock } = bareServices();
    const calls = registryItems<KeptCall>({ name: () => settings.registryTable, client: dynamoClient }, 'idempotency');
    return once(call, { calls, now: clock, newId: randomUUID }, work);
  },
  parts: (core) => {
    const kept = { ...fleetServices(core), ...environmentServices(core), clock: core.clock };
    return {
      fleet: {
        pairs: kept.pairs,
        orders: kept.orders,
        find: (filter, page) => findPairs(filter, page, kept),
        jobs: (pair) => lastJobsOf(pair, kept),
        put: (pair) => putPair(pair, kept),
        remove: (name, seen) => removePair(name, seen, kept),
        preview: (filter) => previewFleet(filter, kept),
        order: (request) => orderFleet(request, kept),
        cancel: (request) => cancelFleet(request, kept),
      },
    };
  },
});
