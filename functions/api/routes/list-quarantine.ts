import * as z from 'zod';
import { SyncError } from '../../../lib/model/errors.ts';
import { type QuarantinePlace, quarantineFilter, quarantinePage } from '../../../lib/model/quarantine.ts';
import { decodePage, encodePage } from '../page-token.ts';
import { defineRoute } from '../route.ts';

const query = z.strictObject({
  table: quarantineFilter.shape.table.meta({ description: 'Only rows of this table (schema.table).' }),
  code: quarantineFilter.shape.code.meta({ description: 'Only rows that were put aside for this reason.' }),
  rule: quarantineFilter.shape.rule.meta({ description: 'Only rows that the rule of this name did not let pass.' }),
  limit: z.int().min(1).max(500).default(100).meta({ description: 'Most rows on one page.' }),
  next_token: z.string().max(4096).optional().meta({ description: 'From the page before, with the same filters.' }),
});

const place = z.strictObject({ table: z.int().min(0), key: z.array(z.string()) });

/** Reads where a page begins; a token of somebody's own making finds another place, or none. */
function placeIn(of: Readonly<Record<string, unknown>>, token: string): QuarantinePlace {
  const found = place.safeParse(decodePage(of, token));
  if (found.success) return found.data;
  throw new SyncError('cursor_invalid', 'next_token was not issued by this API for this job and these filters');
}

export const listQuarantine = defineRoute<undefined, z.output<typeof query>>({
  method: 'GET',
  path: '/api/sync/quarantine/{job_id}',
  role: 'viewer',
  runs: 'quarantine',
  summary: 'List the rows that a job has put aside, with the rule or reason and masked values',
  params: { job_id: z.uuid() },
  query,
  responses: { 200: { description: 'A page of rows.', schema: quarantinePage } },

  handle: async ({ params, query }, _services, { listQuarantine }) => {
    const jobId = (params.job_id ?? '').toLowerCase();
    const { limit, next_token, ...filter } = query;
    const of = { route: 'quarantine', jobId, ...filter };
    const after = next_token === undefined ? undefined : placeIn(of, next_token);
    const { rows, last } = await listQuarantine({ jobId, filter, limit, ...(after && { after }) });
    return { status: 200, body: { rows, ...(last && { next_token: encodePage(of, last) }) } };
  },
});
