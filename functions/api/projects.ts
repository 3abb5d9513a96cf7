import { checkPair } from '../../lib/orchestrator/check-pair.ts';
import { planProject } from '../../lib/orchestrator/plan-project.ts';
import { projectDatabases } from '../../lib/postgres/project-databases.ts';
import { environmentServices } from '../environment-services.ts';
import { connectionsOf } from '../named-connections.ts';
import { bareServices } from '../runtime.ts';
import { startConfig } from '../start-config.ts';
import { patienceOf, serverOptions } from '../surroundings.ts';
import { apiHandler } from './handler.ts';
import type { LookRequest } from './route.ts';
import { projectRoutes } from './routes/projects.ts';

/** Lambda handler of the routes that plan projects and check pairs. It starts and keeps nothing. */
export const handler = apiHandler({
  serves: projectRoutes,
  services: bareServices,
  parts: (core) => {
    const ports = () => ({
      clock: core.clock,
      patience: patienceOf('command'),
      databases: projectDatabases(serverOptions(core, 'command')),
    });
    const requestOf = async ({ jobId, config, ...said }: LookRequest) => ({
      jobId,
      pair: await connectionsOf(said, core),
      config: await startConfig(config),
    });
    return {
      planProject: async (request) => planProject(await requestOf(request), ports()),
      checkPair: async (request) => {
        const { environments } = environmentServices(core);
        const named = request.environments && { environments: request.environments };
        return checkPair({ ...(await requestOf(request)), ...named }, { ...ports(), environments });
      },
    };
  },
});
