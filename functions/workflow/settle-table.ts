import { settleTableInput } from '../../lib/model/message.ts';
import { giveUpTable } from '../../lib/orchestrator/give-up-table.ts';
import { settleTable } from '../../lib/orchestrator/table-steps.ts';
import { step } from './step.ts';

export const handler = step(settleTableInput, async ({ error, ...table }, ports) =>
  error ? giveUpTable({ ...table, error }, ports) : settleTable(table, ports),
);
