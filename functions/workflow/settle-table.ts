import { tableInput } from '../../lib/model/message.ts';
import { settleTable } from '../../lib/orchestrator/table-steps.ts';
import { step } from './step.ts';

export const handler = step(tableInput, settleTable);
