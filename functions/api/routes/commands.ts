import type { Route } from '../route.ts';
import { startFullSync } from './start-full-sync.ts';

/** Routes of the `commands` function: one line each. */
export const commandRoutes: readonly Route[] = [startFullSync];
