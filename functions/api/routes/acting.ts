import type { Route } from '../route.ts';
import { commandRoutes } from './commands.ts';
import { conflictRoutes } from './conflicts.ts';
import { environmentRoutes } from './environments.ts';
import { fleetRoutes } from './fleet.ts';
import { mappingRoutes } from './mappings.ts';
import { pairRoutes } from './pairs.ts';
import { projectRoutes } from './projects.ts';
import { quarantineRoutes } from './quarantine.ts';
import { scheduleRoutes } from './schedules.ts';
import { suggestRoutes } from './suggest.ts';
import { uninstallRoutes } from './uninstalls.ts';
import { webhookRoutes } from './webhooks.ts';

/** The routes of every function but `queries` and the one that describes them all: a line per function. */
export const actingRoutes: readonly Route[] = [
  ...commandRoutes,
  ...conflictRoutes,
  ...quarantineRoutes,
  ...environmentRoutes,
  ...scheduleRoutes,
  ...webhookRoutes,
  ...mappingRoutes,
  ...suggestRoutes,
  ...pairRoutes,
  ...projectRoutes,
  ...fleetRoutes,
  ...uninstallRoutes,
];
