import type { Route } from '../route.ts';
import { suggestExpressionRoute } from './suggest-expression.ts';
import { suggestMappingRoute } from './suggest-mapping.ts';

/** Routes of the `suggest` function: one line each. */
export const suggestRoutes: readonly Route[] = [suggestMappingRoute, suggestExpressionRoute];
