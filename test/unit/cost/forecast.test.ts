import { expect, test } from 'vitest';
import type { Progress } from '../../../lib/model/checkpoint.ts';
import type { TablePlan } from '../../../lib/model/table.ts';
import { addUsage, NO_USAGE } from '../../../lib/model/usage.ts';
import { jobConfigSchema } from '../../../lib/orchestrator/config-schema.ts';
import { forecast } from '../../../lib/orchestrator/forecast.ts';

const plan = { table: 0, level: 0, references: [], rowBytesEstimate: 500 } as unknown as TablePlan; // what is reckoned with
const job = { mode: 'full' as const, config: jobConfigSchema.parse({ dry_run: true }) };
const applied = (counts: Progress['counts']) =>
  ({ table: 0, segment: 0, pass: 'apply', counts }) as unknown as Progress;
const used = addUsage(NO_USAGE, {
  invocations: 5,
  target_bytes_sent: 1_000,
  lambda_mb_ms: 2_000,
  queue_requests: 1_000,
});
const foreseen = (counts: Progress['counts']) => forecast({ job, plans: [plan], progress: [applied(counts)], used });

test('a run that finds nothing to write uses what the dry run used; rows add their bytes, their time and a second look', () => {
  const nothing = foreseen({ read: 100_000 });
  const much = foreseen({ read: 100_000, inserted: 30_000, updated: 9_000, deleted: 1_000 });

  expect(nothing.target_bytes_sent).toBe(1_000);
  expect(much.invocations).toBeGreaterThan(nothing.invocations);
  expect(much.state_transitions).toBeGreaterThan(nothing.state_transitions);
  const share = much.queue_requests / nothing.queue_requests;
  expect(share).toBeGreaterThan(1);
  expect(much.target_bytes_sent).toBe(Math.round(1_000 * share) + 40_000 * 500);
  expect(much.lambda_mb_ms).toBe(Math.round(2_000 * share) + 2_000 * 256); // 20,000 rows a second, 256 MB
});
