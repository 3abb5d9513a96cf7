import type { Route } from '../route.ts';
import { actingRoutes } from './acting.ts';
import { openapiRoute } from './openapi.ts';
import { queryRoutes } from './queries.ts';

/** The route of the `openapi` function. */
export const describing: readonly Route[] = [openapiRoute(() => routes)];

/** Every route of the API: API Gateway, OpenAPI, the local gateway and docs/api.md derive from it. */
export const routes: readonly Route[] = [...actingRoutes, ...queryRoutes, ...describing];
