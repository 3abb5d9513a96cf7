import { awsDependencies } from '../aws/dependencies.ts';
import { conflictServices, services, withAudit } from '../runtime.ts';
import { apiHandler } from './handler.ts';
import { routes } from './routes/index.ts';
import { queryRoutes } from './routes/queries.ts';

/** Lambda handler of the routes that only read; as the gateway's default it also answers for paths that do not exist. */
export const handler = apiHandler({
  serves: queryRoutes,
  declared: routes,
  services,
  parts: (core) => ({
    ...conflictServices(),
    dependencies: awsDependencies(core.settings),
    audit: withAudit(core).audit,
  }),
});
