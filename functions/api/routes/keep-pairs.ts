import * as z from 'zod';
import { PAIR_STATES } from '../../../lib/model/fleet.ts';
import { pairPage } from '../../../lib/model/fleet-view.ts';
import { JOB_MODES } from '../../../lib/model/job.ts';
import { jobConfigSchema } from '../../../lib/orchestrator/config-schema.ts';
import { noPair } from '../../../lib/orchestrator/keep-pairs.ts';
import { ETAG, seenIn, tagOf } from '../entity-tag.ts';
import { environmentName } from '../environment-name.ts';
import { fleetOf } from '../fleet-parts.ts';
import { decodePage, encodePage } from '../page-token.ts';
import { groupField, pairNameField, pairView, summaryOf, viewOf } from '../pair-view.ts';
import { defineRoute } from '../route.ts';

/** Which pairs: of the list, and of an order. */
export const pairFilter = {
  group: groupField.optional().meta({ description: 'Only pairs of this group.' }),
  prefix: z.string().min(1).max(63).optional().meta({ description: 'Only pairs whose name begins so.' }),
  state: z
    .enum(PAIR_STATES)
    .optional()
    .meta({ description: 'Only pairs whose last job is so; never: that have none.' }),
  overdue_hours: z.int().min(1).max(8_760).optional().meta({
    description: 'Only pairs of which no job has completed for so many hours, or none ever.',
  }),
};

const query = z.strictObject({
  ...pairFilter,
  limit: z.int().min(1).max(100).default(50).meta({ description: 'Most pairs on one page.' }),
  next_token: z.string().max(512).optional().meta({ description: 'From the page before.' }),
});

const placeOf = z.strictObject({ after: pairNameField });

export const listPairs = defineRoute<undefined, z.output<typeof query>>({
  method: 'GET',
  path: '/api/sync/pairs',
  role: 'viewer',
  runs: 'fleet',
  summary: 'List pairs that are kept, with their last job and next run',
  query,
  responses: { 200: { description: 'A page of pairs, in name order.', schema: pairPage } },

  handle: async ({ query: { limit, next_token, ...filter } }, _services, parts) => {
    const of = { list: 'pairs', ...filter };
    const after = next_token === undefined ? undefined : placeOf.parse(decodePage(of, next_token)).after;
    const page = await fleetOf(parts).find(filter, { limit, after });
    const next = page.after === undefined ? {} : { next_token: encodePage(of, { after: page.after }) };
    return { status: 200, body: { pairs: page.pairs.map(summaryOf), ...next } };
  },
});

export const showPair = defineRoute({
  method: 'GET',
  path: '/api/sync/pairs/{name}',
  role: 'viewer',
  runs: 'fleet',
  summary: 'One pair, with its config and its last jobs',
  params: { name: pairNameField },
  responses: { 200: { description: 'The pair.', schema: pairView, headers: ETAG } },

  handle: async ({ params: { name = '' } }, _services, parts) => {
    const fleet = fleetOf(parts);
    const { pairs } = await fleet.find({ prefix: name, names: [name] }, { limit: 1 });
    const [found] = pairs;
    if (!found) throw noPair();
    return { status: 200, headers: { etag: tagOf(found.pair) }, body: viewOf(found, await fleet.jobs(found.pair)) };
  },
});

const body = z
  .strictObject({
    source_environment: environmentName.meta({ description: 'Name of an environment.', example: 'production' }),
    target_environment: environmentName.meta({ description: 'Name of an environment.', example: 'training' }),
    description: z.string().max(500).default(''),
    groups: z.array(groupField).max(20).default([]).meta({ description: 'What it is listed and worked on by.' }),
    mode: z.enum(JOB_MODES).default('incremental').meta({ description: 'Mode of its jobs.' }),
    config: jobConfigSchema.prefault({}),
  })
  .meta({ id: 'PutPair' });

export const putPair = defineRoute<z.output<typeof body>>({
  method: 'PUT',
  path: '/api/sync/pairs/{name}',
  role: 'operator',
  runs: 'fleet',
  summary: 'Keep a pair, or put another in its place; needs if-match where it is there',
  params: { name: pairNameField },
  body,
  responses: {
    200: { description: 'It was changed.', schema: pairView, headers: ETAG },
    201: { description: 'It is new.', schema: pairView, headers: { location: 'The pair.', ...ETAG } },
  },

  handle: async ({ params: { name = '' }, body, headers, actor }, _services, parts) => {
    const { groups, ...said } = body;
    const seen = seenIn(headers);
    const put = { ...said, groups: [...new Set(groups)].sort(), name, actor, seen };
    const { pair, created } = await fleetOf(parts).put(put);
    const location = `/api/sync/pairs/${name}`;
    return {
      status: created ? 201 : 200,
      headers: { etag: tagOf(pair), ...(created && { location }) },
      body: viewOf({ pair }),
    };
  },
});

export const deletePair = defineRoute({
  method: 'DELETE',
  path: '/api/sync/pairs/{name}',
  role: 'operator',
  runs: 'fleet',
  summary: 'Keep a pair no longer; its jobs and its schedule go on; needs if-match',
  params: { name: pairNameField },
  responses: { 204: { description: 'It is kept no longer. No database was touched.' } },

  handle: async ({ params: { name = '' }, headers }, _services, parts) => {
    await fleetOf(parts).remove(name, seenIn(headers));
    return { status: 204 };
  },
});
