import * as z from 'zod';
import { SyncError } from '../../../lib/model/errors.ts';
import { mappingView } from '../../../lib/model/stored-mapping.ts';
import { approveMapping, retireMapping } from '../../../lib/orchestrator/approve-mapping.ts';
import { defineRoute } from '../route.ts';
import { ETAG, shown } from './mapping-detail.ts';
import { mustHaveSeen, nameParam } from './mapping-etag.ts';

const note = z.string().max(2000).optional().meta({ description: 'Why; kept with the approval.' });
const approval = z.strictObject({ version: z.int().min(1).max(99_999), note }).meta({ id: 'ApproveMappingRequest' });
const retirement = z.strictObject({ note }).meta({ id: 'RetireMappingRequest' });

const said = ({ note }: { readonly note?: string | undefined }) => (note === undefined ? {} : { note });

export const approveMappingRoute = defineRoute<z.output<typeof approval>>({
  method: 'POST',
  path: '/api/sync/mappings/{name}/approve',
  role: 'resolver',
  runs: 'mappings',
  summary: 'Make a version the one that jobs use; needs if-match with the etag of that version',
  params: nameParam,
  body: approval,
  responses: { 200: { description: 'It is in force, now or before.', schema: mappingView, headers: ETAG } },

  handle: async ({ body, params, headers, actor }, { clock }, { mappings, audit }) => {
    const seen = mustHaveSeen(headers['if-match']);
    if (seen.version !== body.version)
      throw new SyncError(
        'mapping_changed',
        `if-match is of version ${seen.version}, and version ${body.version} is to be approved`,
      );
    const request = { ...said(body), version: body.version, name: params.name ?? '', replaces: seen.approved, actor };
    return shown(await approveMapping(request, { mappings, audit, clock }));
  },
});

export const retireMappingRoute = defineRoute<z.output<typeof retirement>>({
  method: 'POST',
  path: '/api/sync/mappings/{name}/retire',
  role: 'resolver',
  runs: 'mappings',
  summary: 'Take a mapping out of use until a version is approved again; needs if-match',
  params: nameParam,
  body: retirement,
  bodyOptional: true,
  responses: {
    200: { description: 'No job can be started with it, now or before.', schema: mappingView, headers: ETAG },
  },

  handle: async ({ body, params, headers, actor }, { clock }, { mappings, audit }) => {
    const seen = mustHaveSeen(headers['if-match']);
    const request = { ...said(body), name: params.name ?? '', replaces: seen.approved, actor };
    return shown(await retireMapping(request, { mappings, audit, clock }));
  },
});
