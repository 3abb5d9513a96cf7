import type { Route } from '../route.ts';
import { actingRoutes } from './acting.ts';
import { queryRoutes } from './queries.ts';

/** Every route of the API: API Gateway, OpenAPI, the local gateway and the README table derive from it. */
export const routes: readonly Route[] = [...actingRoutes, ...queryRoutes];
