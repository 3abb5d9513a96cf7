import type { Route } from '../route.ts';
import { cancelResolution } from './cancel-resolution.ts';
import { conflictDetail } from './conflict-detail.ts';
import { resolveAll } from './resolve-all.ts';
import { resolveConflict } from './resolve-conflict.ts';

/** Routes of the `conflicts` function: one line each. */
export const conflictRoutes: readonly Route[] = [conflictDetail, resolveConflict, resolveAll, cancelResolution];
