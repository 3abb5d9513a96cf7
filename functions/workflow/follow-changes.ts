import { lookInput } from '../../lib/model/message.ts';
import { followLog } from '../../lib/orchestrator/follow-changes.ts';
import { afterLook } from '../../lib/orchestrator/transitions.ts';
import { followingDatabases } from '../../lib/postgres/following-databases.ts';
import { meteredStep } from '../metered.ts';
import { auditedServices } from '../runtime.ts';
import { serverOptions, surroundings } from '../surroundings.ts';
import { stepOver } from './step-over.ts';

const step = stepOver(lookInput, followLog, () => {
  const services = auditedServices();
  const databases = followingDatabases(serverOptions(services, 'step'));
  return { ...surroundings(services, 'step'), databases, workflow: services.workflow, audit: services.audit };
});

export const handler = meteredStep(step, afterLook);
