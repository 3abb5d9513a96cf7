import { dropPair } from '../../lib/orchestrator/drop-pair.ts';
import { listSlots } from '../../lib/orchestrator/list-slots.ts';
import { pairDatabases } from '../../lib/postgres/pair-databases.ts';
import { sidesOf, sourceOf } from '../named-connections.ts';
import { type CoreServices, conflictWriter, coreServices, withAudit } from '../runtime.ts';
import { patienceOf, serverOptions } from '../surroundings.ts';
import { apiHandler } from './handler.ts';
import { pairRoutes } from './routes/pairs.ts';

const ports = (core: CoreServices) => ({
  jobs: core.jobs,
  clock: core.clock,
  patience: patienceOf('command'),
  databases: pairDatabases(serverOptions(core, 'command')),
});

/** Lambda handler of the routes that look after pairs of databases. It opens connections that it is given, or those of environments. */
export const handler = apiHandler({
  serves: pairRoutes,
  services: coreServices,
  parts: (core) => ({
    listSlots: async (said) => listSlots(await sourceOf(said, core), ports(core)),
    dropPair: async ({ said, ...request }) =>
      dropPair(
        { ...request, ...(await sidesOf(said, core)) },
        { ...ports(core), conflicts: conflictWriter(), audit: withAudit(core).audit },
      ),
  }),
});
