import { NO_USAGE } from '../../../lib/model/usage.ts';
import type { UsageLedger } from '../../../lib/ports.ts';
import { calling } from '../errors.ts';
import type { Counted } from '../meter.ts';
import { GetCommand, UpdateCommand } from './document.ts';
import type { Table } from './table.ts';

/** Beside the job's own item, which indexes hold: a write here costs one unit, and readers of the job pay for none of it. */
const key = (jobId: string) => ({ job_id: jobId, item: 'usage' });

/** Nobody waits longer for figures. */
const PATIENCE_MS = 1_000;

/**
 * What jobs used: one item each in the table of jobs, to which every invocation adds. A reply that was lost and sent again is
 * counted twice.
 */
export function dynamoUsage(
  table: Table,
  patienceMs = PATIENCE_MS,
): UsageLedger & { add(jobId: string, used: Counted): Promise<void> } {
  return {
    async add(jobId, used) {
      const figures = Object.entries(used).filter(([, n]) => n > 0);
      await table.client().send(
        new UpdateCommand({
          TableName: table.name(),
          Key: key(jobId),
          UpdateExpression: `add ${figures.map((_, i) => `#f${i} :f${i}`).join(', ')}`,
          ExpressionAttributeNames: Object.fromEntries(figures.map(([name], i) => [`#f${i}`, name])),
          ExpressionAttributeValues: Object.fromEntries(figures.map(([, n], i) => [`:f${i}`, n])),
        }),
        { abortSignal: AbortSignal.timeout(patienceMs) },
      );
    },
    of: (jobId) =>
      calling('jobs table', async () => {
        const { Item } = await table
          .client()
          .send(new GetCommand({ TableName: table.name(), Key: key(jobId), ConsistentRead: true }));
        if (!Item) return undefined;
        const { job_id, item, estimate, ...used } = Item;
        return { used: { ...NO_USAGE, ...used }, ...(estimate && { estimate }) }; // written by this file alone
      }),
    estimate: (jobId, estimate) =>
      calling('jobs table', async () => {
        await table.client().send(
          new UpdateCommand({
            TableName: table.name(),
            Key: key(jobId),
            UpdateExpression: 'set estimate = :estimate',
            ExpressionAttributeValues: { ':estimate': estimate },
          }),
        );
      }),
  };
}
