import { connectionOf } from '../../lib/orchestrator/named-pair.ts';
import { uninstall } from '../../lib/orchestrator/uninstall.ts';
import { uninstallDatabases } from '../../lib/postgres/uninstall.ts';
import { dynamoClient, secretsClient } from '../aws/clients.ts';
import { dynamoScheduleStore } from '../aws/dynamo/schedule-store.ts';
import { awsMaskKeys } from '../aws/mask-keys.ts';
import { environmentServices } from '../environment-services.ts';
import { auditLog, type CoreServices, coreServices } from '../runtime.ts';
import { serverOptions, surroundings } from '../surroundings.ts';
import { apiHandler } from './handler.ts';
import { uninstallRoutes } from './routes/uninstalls.ts';

const ports = (core: CoreServices) => ({
  ...surroundings(core, 'command'),
  ...environmentServices(core),
  audit: auditLog(core),
  schedules: dynamoScheduleStore({ name: () => core.settings.registryTable, client: dynamoClient }),
  maskKeys: awsMaskKeys(secretsClient, () => core.settings.maskKeyPrefix),
  databases: uninstallDatabases(serverOptions(core, 'command')),
});

/** Lambda handler of the route that takes the service out of a database. */
export const handler = apiHandler({
  serves: uninstallRoutes,
  services: coreServices,
  parts: (core) => ({
    uninstall: async ({ connection, environment = '', ...request }) =>
      uninstall(
        {
          ...request,
          connection: connection ?? (await connectionOf(environment, 'target', environmentServices(core))),
        },
        ports(core),
      ),
  }),
});
