import type { Route } from '../route.ts';
import { resumeJob } from './resume-job.ts';
import { startFullSync } from './start-full-sync.ts';
import { startIncrementalSync } from './start-incremental-sync.ts';
import { stopJob } from './stop-job.ts';
import { freshTableValidation } from './validate-table.ts';

/** Routes of the `commands` function: one line each. */
export const commandRoutes: readonly Route[] = [
  startFullSync,
  startIncrementalSync,
  stopJob,
  resumeJob,
  freshTableValidation,
];
