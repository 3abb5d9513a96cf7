import * as z from 'zod';
import { JOB_MODES } from '../../../lib/model/job.ts';
import { OVERLAPS } from '../../../lib/model/schedule.ts';
import { jobConfigSchema } from '../../../lib/orchestrator/config-schema.ts';
import { tlsProblems } from '../connection-field.ts';
import { ETAG, seenIn, tagOf } from '../entity-tag.ts';
import { pairFields, pairProblems, saidPair } from '../pair-fields.ts';
import { defineRoute } from '../route.ts';
import { scheduleName, scheduleView, viewOf } from '../schedule-view.ts';
import { timingFields } from '../timing-fields.ts';

const body = z
  .strictObject({
    ...timingFields,
    flexible_minutes: z.int().min(0).max(1440).default(0).meta({ description: 'A run may come so many minutes late.' }),
    mode: z.enum(JOB_MODES).default('incremental').meta({ description: 'What is started.' }),
    overlap: z.enum(OVERLAPS).default('skip').meta({
      description:
        'A run that is due while the one before works, or another job holds its tables: it is left out, or waits.',
    }),
    paused: z.boolean().default(false).meta({ description: 'Nothing is started while it is.' }),
    ...pairFields,
    config: jobConfigSchema.prefault({}),
  })
  .meta({
    id: 'PutSchedule',
    description:
      'Each side is a connection or the name of an environment. Without any of them a schedule keeps those that it has; a new one needs them.',
  });

export const putSchedule = defineRoute<z.output<typeof body>>({
  method: 'PUT',
  path: '/api/sync/schedules/{name}',
  role: 'operator',
  runs: 'schedules',
  summary: 'Make a schedule, or put another in its place; if-match, or if-none-match: *',
  params: { name: scheduleName },
  body,
  responses: {
    200: { description: 'It was changed.', schema: scheduleView, headers: ETAG },
    201: { description: 'It is new.', schema: scheduleView, headers: { location: 'The schedule.', ...ETAG } },
  },

  alsoCheck: (json, { settings }) => [...tlsProblems(json, settings.tlsPolicy), ...pairProblems(json, true)],

  handle: async ({ params, body, headers, actor, subject }, { clock }, parts) => {
    const { source_connection, target_connection, source_environment, target_environment, ...said } = body;
    const asked = saidPair({ source_connection, target_connection, source_environment, target_environment });
    const keeps = asked.environments === undefined && Object.keys(asked.pair).length === 0;
    const { schedule, created } = await parts.putSchedule({
      ...said,
      ...(!keeps && asked),
      name: params.name ?? '',
      actor,
      seen: seenIn(headers),
      ...(subject !== undefined && { subject }),
    });
    return {
      status: created ? 201 : 200,
      headers: { etag: tagOf(schedule), ...(created && { location: `/api/sync/schedules/${schedule.name}` }) },
      body: viewOf(schedule, clock()),
    };
  },
});
