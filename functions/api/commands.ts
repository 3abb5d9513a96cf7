import { resumeJob } from '../../lib/orchestrator/resume-job.ts';
import { startJob } from '../../lib/orchestrator/start-job.ts';
import { stopJob } from '../../lib/orchestrator/stop-job.ts';
import { validateTable } from '../../lib/orchestrator/validate-table.ts';
import { commandPorts } from '../command-ports.ts';
import { services } from '../runtime.ts';
import { apiHandler } from './handler.ts';
import { commandRoutes } from './routes/commands.ts';

/** Lambda handler of the routes that change state. */
export const handler = apiHandler({
  serves: commandRoutes,
  services,
  parts: () => ({
    startJob: (request) => startJob(request, commandPorts(services())),
    stopJob: (request) => stopJob(request, commandPorts(services())),
    validateTable: (jobId, table) => validateTable(jobId, table, commandPorts(services())),
    resumeJob: (request) => resumeJob(request, commandPorts(services())),
  }),
});
