import type { Route } from '../route.ts';
import { approveMappingRoute, retireMappingRoute } from './approve-mapping.ts';
import { discardMapping } from './discard-mapping.ts';
import { listMappingsRoute } from './list-mappings.ts';
import { mappingVersionRoute, newestMapping } from './mapping-detail.ts';
import { putMapping } from './put-mapping.ts';

/** Routes of the `mappings` function: one line each. */
export const mappingRoutes: readonly Route[] = [
  listMappingsRoute,
  newestMapping,
  mappingVersionRoute,
  putMapping,
  discardMapping,
  approveMappingRoute,
  retireMappingRoute,
];
