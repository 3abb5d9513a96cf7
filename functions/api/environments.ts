import { randomUUID } from 'node:crypto';
import { decideApproval } from '../../lib/orchestrator/decide-approval.ts';
import { type KeepPorts, putEnvironment, removeEnvironment } from '../../lib/orchestrator/keep-environments.ts';
import { listTables } from '../../lib/orchestrator/list-tables.ts';
import { testEnvironment } from '../../lib/orchestrator/test-environment.ts';
import { lookingDatabases } from '../../lib/postgres/looking-databases.ts';
import { dynamoClient } from '../aws/clients.ts';
import { dynamoScheduleStore } from '../aws/dynamo/schedule-store.ts';
import { environmentServices } from '../environment-services.ts';
import { auditLog, type CoreServices, coreServices } from '../runtime.ts';
import { serverOptions, surroundings } from '../surroundings.ts';
import { apiHandler } from './handler.ts';
import { environmentRoutes } from './routes/environments.ts';

function ports(core: CoreServices): KeepPorts & ReturnType<typeof environmentServices> {
  return {
    ...surroundings(core, 'command'),
    ...environmentServices(core),
    audit: auditLog(core),
    schedules: dynamoScheduleStore({ name: () => core.settings.registryTable, client: dynamoClient }),
    catalogs: lookingDatabases(serverOptions(core, 'command')),
    newId: randomUUID,
  };
}

/** Lambda handler of the routes that keep environments, and approvals to write to them. */
export const handler = apiHandler({
  serves: environmentRoutes,
  services: coreServices,
  parts: (core) => ({
    ...environmentServices(core),
    putEnvironment: (put) => putEnvironment(put, ports(core)),
    removeEnvironment: (seen) => removeEnvironment(seen, ports(core)),
    testEnvironment: (name, tables) => testEnvironment(name, tables, ports(core)),
    listTables: (said) => listTables(said, ports(core)),
    decideApproval: (decision) => decideApproval(decision, ports(core)),
  }),
});
