import { expect, test } from 'vitest';
import type { Progress } from '../../../lib/model/checkpoint.ts';
import { NO_COUNTS } from '../../../lib/model/job.ts';
import type { TablePlan } from '../../../lib/model/table.ts';
import { jobConfigSchema } from '../../../lib/orchestrator/config-schema.ts';
import { guardDeletes } from '../../../lib/orchestrator/plan.ts';
import { deletesIn } from '../../../web/job/deletes.ts';

test('the number of rows is found in the reason that the service gives', () => {
  const plan = { table: 1, target: { schema: 'public', name: 't' } } as TablePlan;
  const done = { table: 1, pass: 'apply', counts: { ...NO_COUNTS, unchanged: 1 }, toDelete: 2000 } as Progress;
  let reason = '';
  try {
    guardDeletes([plan], [done], jobConfigSchema.parse({}));
  } catch (error) {
    reason = (error as Error).message;
  }

  expect(deletesIn(reason)).toBe(2000);
  expect(deletesIn('The target does not answer.')).toBeUndefined();
});
