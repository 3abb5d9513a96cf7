import { seenIn } from '../entity-tag.ts';
import { defineRoute } from '../route.ts';
import { scheduleName } from '../schedule-view.ts';

export const deleteSchedule = defineRoute({
  method: 'DELETE',
  path: '/api/sync/schedules/{name}',
  role: 'operator',
  runs: 'schedules',
  summary: 'Delete a schedule; jobs that it has started go on',
  params: { name: scheduleName },
  responses: { 204: { description: 'It starts nothing any more.' } },

  handle: async ({ params, headers }, _services, { removeSchedule }) => {
    await removeSchedule(params.name ?? '', seenIn(headers));
    return { status: 204 };
  },
});
