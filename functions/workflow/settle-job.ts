import { settleInput } from '../../lib/model/message.ts';
import { settleJob } from '../../lib/orchestrator/settle-job.ts';
import { afterSettleJob } from '../../lib/orchestrator/transitions.ts';
import { meteredStep } from '../metered.ts';
import { usageLedger } from '../usage.ts';
import { step } from './step.ts';

export const handler = meteredStep(
  step(settleInput, (input, ports) => settleJob(input, { ...ports, usage: usageLedger() })),
  afterSettleJob,
);
