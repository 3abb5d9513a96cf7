import { startJob } from '../../lib/orchestrator/start-job.ts';
import { postgresDatabases } from '../../lib/postgres/databases.ts';
import { services } from '../runtime.ts';
import { apiHandler } from './handler.ts';
import { commandRoutes } from './routes/commands.ts';

/** Lambda handler of the routes that change state. */
export const handler = apiHandler({
  serves: commandRoutes,
  services,
  parts: ({ settings, jobs, secrets, workflow, clock }) => ({
    startJob: (request) => {
      const databases = postgresDatabases({ tlsPolicy: settings.tlsPolicy, version: settings.version });
      return startJob(request, { jobs, secrets, workflow, databases, clock });
    },
  }),
});
