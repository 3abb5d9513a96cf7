import { jobInput } from '../../lib/model/message.ts';
import { prepareJob } from '../../lib/orchestrator/prepare-job.ts';
import { afterPrepare } from '../../lib/orchestrator/transitions.ts';
import { planningDatabases } from '../../lib/postgres/planning-databases.ts';
import { meteredStep } from '../metered.ts';
import { coreServices, withAudit } from '../runtime.ts';
import { serverOptions, surroundings } from '../surroundings.ts';
import { stepOver } from './step-over.ts';

const step = stepOver(jobInput, prepareJob, () => {
  const services = withAudit(coreServices());
  const databases = planningDatabases(serverOptions(services, 'step'));
  return { ...surroundings(services, 'step'), databases, audit: services.audit };
});

export const handler = meteredStep(step, afterPrepare);
