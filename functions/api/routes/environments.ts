import type { Route } from '../route.ts';
import { approvalRoutes } from './approvals.ts';
import { listEnvironments, showEnvironment } from './list-environments.ts';
import { listTablesRoute } from './list-tables.ts';
import { deleteEnvironment, putEnvironmentRoute } from './put-environment.ts';
import { testEnvironmentRoute } from './test-environment.ts';

/** Routes of the `environments` function: one line each. */
export const environmentRoutes: readonly Route[] = [
  listEnvironments,
  showEnvironment,
  putEnvironmentRoute,
  deleteEnvironment,
  testEnvironmentRoute,
  listTablesRoute,
  ...approvalRoutes,
];
