import { jobInput } from '../../lib/model/message.ts';
import { prepareJob } from '../../lib/orchestrator/prepare-job.ts';
import { step } from './step.ts';

export const handler = step(jobInput, prepareJob);
