import type { Route } from '../route.ts';
import { commandRoutes } from './commands.ts';
import { conflictRoutes } from './conflicts.ts';
import { mappingRoutes } from './mappings.ts';
import { queryRoutes } from './queries.ts';
import { suggestRoutes } from './suggest.ts';

/** Every route of the API: API Gateway, OpenAPI, the local gateway and the README table derive from it. */
export const routes: readonly Route[] = [
  ...commandRoutes,
  ...conflictRoutes,
  ...mappingRoutes,
  ...suggestRoutes,
  ...queryRoutes,
];
