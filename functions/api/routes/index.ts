import type { Route } from '../route.ts';
import { commandRoutes } from './commands.ts';
import { conflictRoutes } from './conflicts.ts';
import { quarantineRoutes } from './quarantine.ts';
import { queryRoutes } from './queries.ts';
import { scheduleRoutes } from './schedules.ts';

/** Every route of the API: API Gateway, OpenAPI, the local gateway and the README table derive from it. */
export const routes: readonly Route[] = [
  ...commandRoutes,
  ...conflictRoutes,
  ...quarantineRoutes,
  ...scheduleRoutes,
  ...queryRoutes,
];
