import type { Route } from '../route.ts';
import { dropPairRoute } from './drop-pair.ts';
import { listSlotsRoute } from './list-slots.ts';

/** Routes of the `pairs` function: one line each. */
export const pairRoutes: readonly Route[] = [dropPairRoute, listSlotsRoute];
