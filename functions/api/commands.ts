import { approvedMappings } from '../../lib/orchestrator/approved-mappings.ts';
import { resumeJob } from '../../lib/orchestrator/resume-job.ts';
import { startJob } from '../../lib/orchestrator/start-job.ts';
import { stopJob } from '../../lib/orchestrator/stop-job.ts';
import { withStoredMapping } from '../../lib/orchestrator/stored-start.ts';
import { validateTable } from '../../lib/orchestrator/validate-table.ts';
import { commandPorts } from '../command-ports.ts';
import { approvableMappings, services } from '../runtime.ts';
import { apiHandler } from './handler.ts';
import { commandRoutes } from './routes/commands.ts';

/** Lambda handler of the routes that change state. */
export const handler = apiHandler({
  serves: commandRoutes,
  services,
  parts: () => ({
    startJob: async (request) => {
      const config = await withStoredMapping(request.config, () => approvedMappings(approvableMappings()));
      return startJob({ ...request, config }, commandPorts(services()));
    },
    stopJob: (request) => stopJob(request, commandPorts(services())),
    validateTable: (jobId, table) => validateTable(jobId, table, commandPorts(services())),
    resumeJob: (request) => resumeJob(request, commandPorts(services())),
  }),
});
