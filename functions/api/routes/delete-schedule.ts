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

  handle: async ({ params }, _services, { removeSchedule }) => {
    await removeSchedule(params.name ?? '');
    return { status: 204 };
  },
});
