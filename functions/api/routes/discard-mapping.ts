import { SyncError } from '../../../lib/model/errors.ts';
import { discardDraft } from '../../../lib/orchestrator/mappings.ts';
import { defineRoute } from '../route.ts';
import { seenBy, versionParams } from './mapping-etag.ts';

export const discardMapping = defineRoute({
  method: 'DELETE',
  path: '/api/sync/mappings/{name}/versions/{version}',
  role: 'operator',
  runs: 'mappings',
  summary: 'Forget a draft; its number is not used again',
  params: versionParams,
  responses: { 204: { description: 'It is gone. A version that is or was approved stays.' } },

  handle: async ({ params, headers, actor }, { clock }, { mappings }) => {
    const [name, version] = [params.name ?? '', Number(params.version)];
    const seen = seenBy(headers['if-match']);
    if (seen && seen.version !== version)
      throw new SyncError('mapping_changed', `if-match is of version ${seen.version}`);
    await discardDraft({ name, version, actor }, { mappings, clock });
    return { status: 204 };
  },
});
