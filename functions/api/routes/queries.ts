import type { Route } from '../route.ts';
import { commandRoutes } from './commands.ts';
import { healthRoute } from './health.ts';
import { jobStatus } from './job-status.ts';
import { listJobs } from './list-jobs.ts';
import { openapiRoute } from './openapi.ts';

/** Routes of the `queries` function: one line each. */
export const queryRoutes: readonly Route[] = [
  listJobs,
  jobStatus,
  healthRoute,
  openapiRoute(() => [...commandRoutes, ...queryRoutes]),
];
