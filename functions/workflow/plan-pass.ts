import { passInput } from '../../lib/model/message.ts';
import { planPass } from '../../lib/orchestrator/table-steps.ts';
import { step } from './step.ts';

export const handler = step(passInput, planPass);
