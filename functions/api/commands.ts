import { randomUUID } from 'node:crypto';
import { namedPair, readmit } from '../../lib/orchestrator/named-pair.ts';
import { resumeJob } from '../../lib/orchestrator/resume-job.ts';
import { startJob } from '../../lib/orchestrator/start-job.ts';
import { stopJob } from '../../lib/orchestrator/stop-job.ts';
import { validateTable } from '../../lib/orchestrator/validate-table.ts';
import { dynamoClient } from '../aws/clients.ts';
import { registryItems } from '../aws/dynamo/registry-items.ts';
import { commandPorts } from '../command-ports.ts';
import { environmentServices } from '../environment-services.ts';
import { metered } from '../metered.ts';
import { startServices as services } from '../runtime.ts';
import { startConfig } from '../start-config.ts';
import { apiHandler } from './handler.ts';
import { type KeptCall, once } from './idempotency.ts';
import { movedJob } from './moved-job.ts';
import { commandRoutes } from './routes/commands.ts';

const ports = () => ({ ...commandPorts(services()), ...environmentServices(services()) });

const answer = apiHandler({
  serves: commandRoutes,
  services,
  once: (call, work) => {
    const table = { name: () => services().settings.registryTable, client: dynamoClient };
    const calls = registryItems<KeptCall>(table, 'idempotency');
    return once(call, { calls, now: services().clock, newId: randomUUID }, work);
  },
  parts: () => ({
    startJob: async (request) => {
      const own = ports();
      const pair = await namedPair(request.pair, request.environments, own);
      return startJob({ ...request, pair, config: await startConfig(request.config) }, own);
    },
    stopJob: (request) => stopJob(request, commandPorts(services())),
    validateTable: (jobId, table) => validateTable(jobId, table, commandPorts(services())),
    resumeJob: async (request) => {
      await readmit(request.jobId, ports());
      return resumeJob(request, commandPorts(services()));
    },
  }),
});

/** Lambda handler of the routes that change state. */
export const handler = metered(answer, movedJob);
