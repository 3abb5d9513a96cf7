import * as z from 'zod';
import { CONFLICT_STATES, CONFLICT_TYPES } from '../../../lib/model/conflict.ts';
import { conflictPage } from '../../../lib/model/conflict-answers.ts';
import { SyncError } from '../../../lib/model/errors.ts';
import { viewOf } from '../../../lib/orchestrator/conflict-detail.ts';
import type { ConflictStore } from '../../../lib/ports.ts';
import { ageOf, ageProblems } from '../conflict-filter.ts';
import { defineRoute } from '../route.ts';

const instant = z.string().max(40);

const query = z.strictObject({
  table: z.string().min(1).max(200).optional().meta({ description: 'Only conflicts of this table (schema.table).' }),
  type: z.enum(CONFLICT_TYPES).optional().meta({ description: 'Only conflicts of this type.' }),
  status: z.enum(CONFLICT_STATES).optional().meta({ description: 'Only conflicts in this state.' }),
  opened_from: instant.optional().meta({ description: 'Opened at or after this instant (ISO 8601).' }),
  opened_to: instant.optional().meta({ description: 'Opened before this instant (ISO 8601).' }),
  counts: z.enum(['true']).optional().meta({ description: 'Also how many conflicts there are, whatever the filters.' }),
  limit: z.int().min(1).max(500).default(100).meta({ description: 'Most conflicts on one page.' }),
  next_token: z.string().max(512).optional().meta({ description: 'From the page before, with the same filters.' }),
});

/** Counting reads all that is counted; people who decide one by one need no exact number above this. */
const MOST_COUNTED = 1000;

async function countsOf(job_id: string, conflicts: Pick<ConflictStore, 'count'>) {
  const [open, all] = await Promise.all([
    conflicts.count({ job_id, state: 'open' }, MOST_COUNTED),
    conflicts.count({ job_id }, MOST_COUNTED),
  ]);
  const more = all >= MOST_COUNTED;
  return { open: Math.min(open, MOST_COUNTED), all: Math.min(all, MOST_COUNTED), ...(more && { more }) };
}

export const listConflicts = defineRoute<undefined, z.output<typeof query>>({
  method: 'GET',
  path: '/api/sync/conflicts/{job_id}',
  role: 'viewer',
  runs: 'queries',
  summary: 'List the conflicts that a job opened or saw last, oldest first',
  params: { job_id: z.uuid() },
  query,
  alsoCheckQuery: (given) => ageProblems(given, '/'),
  responses: { 200: { description: 'A page of conflicts.', schema: conflictPage } },

  handle: async ({ params, query }, { jobs }, { conflicts }) => {
    const job_id = (params.job_id ?? '').toLowerCase();
    if (!(await jobs.get(job_id))) throw new SyncError('job_not_found', 'there is no job with this id');
    const { status, counts, limit, next_token, opened_from: _, opened_to: __, ...filter } = query;
    const counted = counts ? countsOf(job_id, conflicts) : undefined;
    const found = await conflicts.list({
      job_id,
      limit,
      ...(filter.table !== undefined && { table: filter.table }),
      ...(filter.type !== undefined && { type: filter.type }),
      ...(status !== undefined && { state: status }),
      ...ageOf(query),
      ...(next_token !== undefined && { cursor: next_token }),
    });
    return {
      status: 200,
      body: {
        conflicts: found.conflicts.map(viewOf),
        ...(found.cursor !== undefined && { next_token: found.cursor }),
        ...(counted && { counts: await counted }),
      },
    };
  },
});
