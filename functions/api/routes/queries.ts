import type { Route } from '../route.ts';
import { auditEvents } from './audit-events.ts';
import { auditExport } from './audit-export.ts';
import { auditReport } from './audit-report.ts';
import { auditVerify } from './audit-verify.ts';
import { commandRoutes } from './commands.ts';
import { healthRoute } from './health.ts';
import { jobStatus } from './job-status.ts';
import { listJobs } from './list-jobs.ts';
import { openapiRoute } from './openapi.ts';

/** Routes of the `queries` function: one line each. */
export const queryRoutes: readonly Route[] = [
  listJobs,
  jobStatus,
  auditEvents,
  auditReport,
  auditExport,
  auditVerify,
  healthRoute,
  openapiRoute(() => [...commandRoutes, ...queryRoutes]),
];
