import * as z from 'zod';
import { defineRoute } from '../route.ts';
import { scheduleView, viewOf } from '../schedule-view.ts';

const list = z.object({ schedules: z.array(scheduleView) }).meta({ id: 'ScheduleList' });

export const listSchedules = defineRoute({
  method: 'GET',
  path: '/api/sync/schedules',
  role: 'operator',
  runs: 'schedules',
  summary: 'List schedules, with what they have done and when they run next',
  responses: { 200: { description: 'All schedules, in name order.', schema: list } },

  handle: async (_request, { clock }, { schedules }) => {
    const now = clock();
    return { status: 200, body: { schedules: (await schedules.list()).map((s) => viewOf(s, now)) } };
  },
});
