import { passInput } from '../../lib/model/message.ts';
import { planPass } from '../../lib/orchestrator/table-steps.ts';
import { afterPlanPass } from '../../lib/orchestrator/transitions.ts';
import { meteredStep } from '../metered.ts';
import { step } from './step.ts';

export const handler = meteredStep(step(passInput, planPass), afterPlanPass);
