import type { Route } from '../route.ts';
import { deleteSchedule } from './delete-schedule.ts';
import { listSchedules } from './list-schedules.ts';
import { putSchedule } from './put-schedule.ts';
import { showSchedule } from './show-schedule.ts';

/** Routes of the `schedules` function: one line each. */
export const scheduleRoutes: readonly Route[] = [listSchedules, showSchedule, putSchedule, deleteSchedule];
