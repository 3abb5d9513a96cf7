import type { Route } from '../route.ts';
import { auditEvents } from './audit-events.ts';
import { auditExport } from './audit-export.ts';
import { auditReport } from './audit-report.ts';
import { auditVerify } from './audit-verify.ts';
import { healthRoute } from './health.ts';
import { jobStatus } from './job-status.ts';
import { jobTable } from './job-table.ts';
import { listConflicts } from './list-conflicts.ts';
import { listJobs } from './list-jobs.ts';
import { projectViews } from './project-views.ts';
import { resolutionStatus } from './resolution-status.ts';
import { servicesStatusRoute } from './services-status.ts';
import { storedTableValidation } from './validate-table.ts';

/** Routes of the `queries` function: one line each. */
export const queryRoutes: readonly Route[] = [
  listJobs,
  jobStatus,
  jobTable,
  listConflicts,
  resolutionStatus,
  storedTableValidation,
  auditEvents,
  auditReport,
  auditExport,
  auditVerify,
  ...projectViews,
  servicesStatusRoute,
  healthRoute,
];
