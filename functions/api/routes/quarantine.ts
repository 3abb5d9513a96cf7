import type { Route } from '../route.ts';
import { listQuarantine } from './list-quarantine.ts';
import { retryQuarantine } from './retry-quarantine.ts';

/** Routes of the `quarantine` function: one line each. */
export const quarantineRoutes: readonly Route[] = [listQuarantine, retryQuarantine];
