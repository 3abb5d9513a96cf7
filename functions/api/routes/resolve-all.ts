import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { conflictStrategyNames } from '../../../lib/conflict-resolver/registry.ts';
import { CONFLICT_TYPES } from '../../../lib/model/conflict.ts';
import { resolutionPreview, resolutionStarted } from '../../../lib/model/conflict-answers.ts';
import { problemsError } from '../../../lib/model/errors.ts';
import { IF_MOVED, type ResolutionFilter } from '../../../lib/model/resolution.ts';
import { ageOf, ageProblems } from '../conflict-filter.ts';
import { defineRoute } from '../route.ts';
import { choiceProblems } from './resolve-conflict.ts';

const instant = z.string().max(40);

const filter = z
  .strictObject({
    table: z.string().min(1).max(200).optional(),
    type: z.enum(CONFLICT_TYPES).optional(),
    opened_from: instant.optional().meta({ description: 'Opened at or after this instant (ISO 8601).' }),
    opened_to: instant.optional().meta({ description: 'Opened before this instant (ISO 8601).' }),
  })
  .meta({ description: 'Which open conflicts; all of the job where left out.' });

const body = z
  .strictObject({
    side: z.enum(['source', 'target']).optional().meta({ description: 'The row of this side, for each of them.' }),
    strategy: z
      .enum(conflictStrategyNames as [string, ...string[]])
      .optional()
      .meta({ description: 'What this strategy decides of each; those that it leaves to people stay open.' }),
    filter: filter.optional(),
    if_moved: z.enum(IF_MOVED).optional().meta({
      description:
        'What to do with one of which a side has moved since it was listed: leave it open (default), or decide it as it is now.',
    }),
    preview: z.boolean().optional().meta({ description: 'Only count them.' }),
    expected_count: z
      .int()
      .min(0)
      .max(10_000_000)
      .optional()
      .meta({ description: 'The count of a preview; the order is refused where it has changed.' }),
    note: z.string().max(2000).optional().meta({ description: 'Why; kept with each decision.' }),
  })
  .meta({ id: 'ResolveAllRequest' });
type Body = z.output<typeof body>;

const plain = ({ table, type, ...age }: NonNullable<Body['filter']>): ResolutionFilter => ({
  ...(table !== undefined && { table }),
  ...(type !== undefined && { type }),
  ...ageOf(age),
});

const ageIn = (json: unknown) =>
  ageProblems(z.looseObject({ filter: z.unknown() }).safeParse(json).data?.filter, '/filter/');

export const resolveAll = defineRoute<Body>({
  method: 'POST',
  path: '/api/sync/conflicts/{job_id}/resolve-all',
  role: 'resolver',
  runs: 'conflicts',
  summary: 'Decide many open conflicts alike: first a preview, then an order that runs by itself',
  params: { job_id: z.uuid() },
  body,
  alsoCheck: (json) => [...choiceProblems(json, ['side', 'strategy']), ...ageIn(json)],
  responses: {
    200: { description: 'A preview: nothing was decided.', schema: resolutionPreview },
    202: {
      description: 'The order was accepted; follow status_url.',
      schema: resolutionStarted,
      headers: { location: 'The status of the order.', 'retry-after': 'Seconds to wait before asking for it.' },
    },
  },

  handle: async ({ body, params, actor }, _services, { previewResolution, startResolution }) => {
    const jobId = (params.job_id ?? '').toLowerCase();
    const filter = plain(body.filter ?? {});
    if (body.preview) return { status: 200, body: { preview: true, count: await previewResolution(jobId, filter) } };
    if (body.expected_count === undefined)
      throw problemsError([
        {
          code: 'required',
          message: 'expected a whole number, found nothing',
          field: '/expected_count',
          hint: 'Ask with preview: true first, and repeat its count.',
        },
      ]);
    const { resolution_id, state } = await startResolution({
      resolutionId: randomUUID(),
      jobId,
      filter,
      decision: body.side ? { side: body.side } : { strategy: body.strategy ?? '' },
      ...(body.if_moved !== undefined && { ifMoved: body.if_moved }),
      expectedCount: body.expected_count,
      actor,
      ...(body.note !== undefined && { note: body.note }),
    });
    const location = `/api/sync/conflicts/${jobId}/resolutions/${resolution_id}`;
    return {
      status: 202,
      headers: { location, 'retry-after': '1' },
      body: { resolution_id, state, status_url: location },
    };
  },
});
