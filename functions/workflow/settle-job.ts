import { settleInput } from '../../lib/model/message.ts';
import { settleJob } from '../../lib/orchestrator/settle-job.ts';
import { step } from './step.ts';

export const handler = step(settleInput, settleJob);
