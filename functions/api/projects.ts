import { planProject } from '../../lib/orchestrator/plan-project.ts';
import { projectDatabases } from '../../lib/postgres/project-databases.ts';
import { connectionsOf } from '../named-connections.ts';
import { bareServices } from '../runtime.ts';
import { startConfig } from '../start-config.ts';
import { patienceOf, serverOptions } from '../surroundings.ts';
import { apiHandler } from './handler.ts';
import { projectRoutes } from './routes/projects.ts';

/** Lambda handler of the routes that plan projects. It starts and keeps nothing. */
export const handler = apiHandler({
  serves: projectRoutes,
  services: bareServices,
  parts: (core) => ({
    planProject: async ({ jobId, config, ...said }) =>
      planProject(
        { jobId, pair: await connectionsOf(said, core), config: await startConfig(config) },
        {
          clock: core.clock,
          patience: patienceOf('command'),
          databases: projectDatabases(serverOptions(core, 'command')),
        },
      ),
  }),
});
