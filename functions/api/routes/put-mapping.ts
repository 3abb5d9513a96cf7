import * as z from 'zod';
import { SyncError } from '../../../lib/model/errors.ts';
import { mapping } from '../../../lib/model/mapping.ts';
import { mappingView } from '../../../lib/model/stored-mapping.ts';
import { describeMapping, storeDraft } from '../../../lib/orchestrator/mappings.ts';
import { defineRoute } from '../route.ts';
import { ETAG } from './mapping-detail.ts';
import { etagOf, nameParam, seenBy } from './mapping-etag.ts';

const body = z
  .strictObject({
    mapping,
    note: z.string().max(2000).optional().meta({ description: 'Why; kept with the version.' }),
  })
  .meta({ id: 'MappingDraft' });

export const putMapping = defineRoute<z.output<typeof body>>({
  method: 'PUT',
  path: '/api/sync/mappings/{name}',
  role: 'operator',
  runs: 'mappings',
  summary: 'Store a new version of a mapping, as a draft; if-match, or if-none-match: * for a new name',
  params: nameParam,
  body,
  responses: {
    201: {
      description: 'The draft. It was not compared with any database; a start does that.',
      schema: mappingView,
      headers: { location: 'The version.', ...ETAG },
    },
  },

  handle: async ({ body, params, headers, actor }, { clock }, { mappings }) => {
    const name = params.name ?? '';
    const isNew = headers['if-none-match'];
    if (isNew !== undefined && isNew.trim() !== '*')
      throw new SyncError('mapping_changed', 'if-none-match can only be *');
    const expected = isNew === undefined ? seenBy(headers['if-match'])?.latest : 0;
    const { version } = await storeDraft(
      {
        name,
        mapping: body.mapping,
        checks: [],
        origin: 'person',
        author: actor,
        ...(body.note !== undefined && { note: body.note }),
        ...(expected !== undefined && { expectedVersion: expected }),
      },
      { mappings, clock },
    );
    const view = await describeMapping(name, version, { mappings });
    const location = `/api/sync/mappings/${name}/versions/${version}`;
    return { status: 201, headers: { location, etag: etagOf(view) }, body: view };
  },
});
