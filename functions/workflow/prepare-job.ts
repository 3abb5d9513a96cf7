import { jobInput } from '../../lib/model/message.ts';
import { prepareJob } from '../../lib/orchestrator/prepare-job.ts';
import { planningDatabases } from '../../lib/postgres/planning-databases.ts';
import { auditedServices } from '../runtime.ts';
import { serverOptions, surroundings } from '../surroundings.ts';
import { stepOver } from './step-over.ts';

export const handler = stepOver(jobInput, prepareJob, () => {
  const services = auditedServices();
  const databases = planningDatabases(serverOptions(services, 'step'));
  return { ...surroundings(services, 'step'), databases, workflow: services.workflow, audit: services.audit };
});
