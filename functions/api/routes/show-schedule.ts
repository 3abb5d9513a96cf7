import { notFound } from '../../../lib/orchestrator/put-schedule.ts';
import { ETAG, tagOf } from '../entity-tag.ts';
import { defineRoute } from '../route.ts';
import { scheduleName, scheduleView, viewOf } from '../schedule-view.ts';

export const showSchedule = defineRoute({
  method: 'GET',
  path: '/api/sync/schedules/{name}',
  role: 'operator',
  runs: 'schedules',
  summary: 'One schedule',
  params: { name: scheduleName },
  responses: { 200: { description: 'The schedule.', schema: scheduleView, headers: ETAG } },

  handle: async ({ params }, { clock }, { schedules }) => {
    const found = await schedules.get(params.name ?? '');
    if (!found) throw notFound();
    return { status: 200, headers: { etag: tagOf(found) }, body: viewOf(found, clock()) };
  },
});
