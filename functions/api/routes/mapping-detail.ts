import { type MappingView, mappingView } from '../../../lib/model/stored-mapping.ts';
import { describeMapping } from '../../../lib/orchestrator/mappings.ts';
import { defineRoute, type RouteResponse } from '../route.ts';
import { etagOf, nameParam, versionParams } from './mapping-etag.ts';

export const ETAG = { etag: 'Of what was shown; for if-match of a change.' };

export const shown = (view: MappingView): RouteResponse => ({
  status: 200,
  headers: { etag: etagOf(view) },
  body: view,
});

export const newestMapping = defineRoute({
  method: 'GET',
  path: '/api/sync/mappings/{name}',
  role: 'viewer',
  runs: 'mappings',
  summary: 'The newest version of a stored mapping, and what it changes against the approved one',
  params: nameParam,
  responses: { 200: { description: 'The newest version that was not discarded.', schema: mappingView, headers: ETAG } },

  handle: async ({ params }, _services, { mappings }) =>
    shown(await describeMapping(params.name ?? '', undefined, { mappings })),
});

export const mappingVersionRoute = defineRoute({
  method: 'GET',
  path: '/api/sync/mappings/{name}/versions/{version}',
  role: 'viewer',
  runs: 'mappings',
  summary: 'A version of a stored mapping, and what it changes against the approved one',
  params: versionParams,
  responses: { 200: { description: 'The version; it never changes.', schema: mappingView, headers: ETAG } },

  handle: async ({ params }, _services, { mappings }) =>
    shown(await describeMapping(params.name ?? '', Number(params.version), { mappings })),
});
