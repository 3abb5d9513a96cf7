import { settleTableInput } from '../../lib/model/message.ts';
import { giveUpTable } from '../../lib/orchestrator/give-up-table.ts';
import { settleTable } from '../../lib/orchestrator/table-steps.ts';
import { afterSettleTable } from '../../lib/orchestrator/transitions.ts';
import { meteredStep } from '../metered.ts';
import { step } from './step.ts';

const settle = step(settleTableInput, async ({ error, ...table }, ports) =>
  error ? giveUpTable({ ...table, error }, ports) : settleTable(table, ports),
);

export const handler = meteredStep(settle, afterSettleTable);
