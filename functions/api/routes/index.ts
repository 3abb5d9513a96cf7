import type { Route } from '../route.ts';
import { commandRoutes } from './commands.ts';
import { conflictRoutes } from './conflicts.ts';
import { mappingRoutes } from './mappings.ts';
import { quarantineRoutes } from './quarantine.ts';
import { queryRoutes } from './queries.ts';
import { scheduleRoutes } from './schedules.ts';
import { suggestRoutes } from './suggest.ts';

/** Every route of the API: API Gateway, OpenAPI, the local gateway and the README table derive from it. */
export const routes: readonly Route[] = [
  ...commandRoutes,
  ...conflictRoutes,
  ...quarantineRoutes,
  ...scheduleRoutes,
  ...mappingRoutes,
  ...suggestRoutes,
  ...queryRoutes,
];
