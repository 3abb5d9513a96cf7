import { dynamoClient } from '../aws/clients.ts';
import { awsDependencies } from '../aws/dependencies.ts';
import { dynamoUsage } from '../aws/dynamo/usage-store.ts';
import { conflictServices, services, withAudit } from '../runtime.ts';
import { apiHandler } from './handler.ts';
import { queryRoutes } from './routes/queries.ts';

/** Lambda handler of the routes that only read. */
export const handler = apiHandler({
  serves: queryRoutes,
  services,
  parts: (core) => ({
    ...conflictServices(),
    dependencies: awsDependencies(core.settings),
    audit: withAudit(core).audit,
    usage: dynamoUsage({ name: () => core.settings.jobsTable, client: dynamoClient }),
  }),
});
