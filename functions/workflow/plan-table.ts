import { tableInput } from '../../lib/model/message.ts';
import { planTable } from '../../lib/orchestrator/table-steps.ts';
import { step } from './step.ts';

export const handler = step(tableInput, planTable);
