import type { Route } from '../route.ts';
import { resumeJob } from './resume-job.ts';
import { startFullSync } from './start-full-sync.ts';
import { stopJob } from './stop-job.ts';
import { freshTableValidation } from './validate-table.ts';

/** Routes of the `commands` function: one line each. */
export const commandRoutes: readonly Route[] = [startFullSync, stopJob, resumeJob, freshTableValidation];
