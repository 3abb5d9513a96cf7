import type { Route } from '../route.ts';
import { commandRoutes } from './commands.ts';
import { conflictRoutes } from './conflicts.ts';
import { healthRoute } from './health.ts';
import { jobStatus } from './job-status.ts';
import { listConflicts } from './list-conflicts.ts';
import { listJobs } from './list-jobs.ts';
import { openapiRoute } from './openapi.ts';
import { resolutionStatus } from './resolution-status.ts';

/** Routes of the `queries` function: one line each. */
export const queryRoutes: readonly Route[] = [
  listJobs,
  jobStatus,
  listConflicts,
  resolutionStatus,
  healthRoute,
  openapiRoute(() => [...commandRoutes, ...conflictRoutes, ...queryRoutes]),
];
