import { tableInput } from '../../lib/model/message.ts';
import { planTable } from '../../lib/orchestrator/table-steps.ts';
import { afterPlanTable } from '../../lib/orchestrator/transitions.ts';
import { meteredStep } from '../metered.ts';
import { step } from './step.ts';

export const handler = meteredStep(step(tableInput, planTable), afterPlanTable);
