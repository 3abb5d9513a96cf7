import { listQuarantine } from '../../lib/orchestrator/list-quarantine.ts';
import { readmit } from '../../lib/orchestrator/named-pair.ts';
import { retryQuarantine } from '../../lib/orchestrator/retry-quarantine.ts';
import { quarantineDatabases } from '../../lib/postgres/quarantine-databases.ts';
import { environmentServices } from '../environment-services.ts';
import { startServices as services } from '../runtime.ts';
import { serverOptions, surroundings } from '../surroundings.ts';
import { apiHandler } from './handler.ts';
import { quarantineRoutes } from './routes/quarantine.ts';

/** Lambda handler of the routes about rows that were put aside. */
export const handler = apiHandler({
  serves: quarantineRoutes,
  services,
  parts: () => {
    const ports = () => {
      const own = services();
      const databases = quarantineDatabases(serverOptions(own, 'command'));
      return { ...surroundings(own, 'command'), databases, workflow: own.workflow };
    };
    return {
      listQuarantine: (request) => listQuarantine(request, ports()),
      retryQuarantine: async (request) => {
        await readmit(request.jobId, { ...ports(), ...environmentServices(services()) });
        return retryQuarantine(request, ports());
      },
    };
  },
});
