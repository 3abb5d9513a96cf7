import * as z from 'zod';
import { type Problem, SyncError } from '../../../lib/model/errors.ts';
import { mapping } from '../../../lib/model/mapping.ts';
import { mappingName } from '../../../lib/model/mapping-name.ts';
import { mappingCheck, suggestion } from '../../../lib/model/suggestion.ts';
import { tlsProblems } from '../connection-field.ts';
import { pairFields, pairProblems, saidPair } from '../pair-fields.ts';
import { defineRoute } from '../route.ts';

const body = z
  .strictObject({
    name: mappingName.optional(),
    mapping: mapping.optional().meta({
      description:
        'In place of name: a mapping that is there. It is checked and previewed as it is, and nothing is stored; of the other fields both sides and preview_rows count.',
    }),
    ...pairFields,
    tables: z
      .array(z.string().min(1).max(200))
      .min(1)
      .max(500)
      .optional()
      .meta({ description: 'Tables of the target (schema.table) that are asked for. Default all.' }),
    mask: z.boolean().default(true).meta({ description: 'Mask columns that seem to hold personal data.' }),
    samples: z.boolean().default(false).meta({
      description: 'Look at values of both databases, for what they look like. No value is sent to a language model.',
    }),
    preview_rows: z.int().min(0).max(5).default(3).meta({ description: 'Rows shown of each table; 0: none is read.' }),
    model: z.boolean().default(true).meta({ description: 'Ask the language model of this deployment, if it has one.' }),
    note: z.string().max(2000).optional().meta({ description: 'Why; kept with the version.' }),
  })
  .meta({ id: 'SuggestMappingRequest' });

/** Something is proposed under a name, or what is at hand is checked. */
function nameProblems(json: unknown): Problem[] {
  const { name, mapping } = z.looseObject({}).safeParse(json).data ?? {};
  const field = '/name';
  if (name === undefined && mapping === undefined)
    return [{ code: 'required', field, message: 'expected a string, found nothing' }];
  if (name === undefined || mapping === undefined) return [];
  return [{ code: 'invalid_request', field, message: 'expected name or mapping, found both' }];
}

export const suggestMappingRoute = defineRoute<z.output<typeof body>>({
  method: 'POST',
  path: '/api/sync/mappings/suggest',
  role: 'operator',
  runs: 'suggest',
  summary:
    'Propose a mapping for two databases and store it as a draft, which does nothing until a person approves it; or check one that is at hand',
  body,
  responses: {
    200: {
      description: 'Of a mapping that was at hand: what a start would say of it. Nothing is stored.',
      schema: mappingCheck,
    },
    201: {
      description: 'The draft, with confidence and reasons of each column, and what a start would say of it.',
      schema: suggestion,
      headers: { location: 'The version.' },
    },
  },

  alsoCheck: (json, { settings }) => [
    ...nameProblems(json),
    ...pairProblems(json),
    ...tlsProblems(json, settings.tlsPolicy),
  ],

  handle: async ({ body, actor }, _services, { suggestMapping, checkMapping }) => {
    const { name, mapping, mask, samples, model, preview_rows, tables, note } = body;
    if (mapping)
      return { status: 200, body: await checkMapping({ mapping, previewRows: preview_rows, ...saidPair(body) }) };
    if (name === undefined) throw new SyncError('internal', 'neither a name nor a mapping');
    const found = await suggestMapping({
      ...{ name, mask, samples, model },
      ...saidPair(body),
      previewRows: preview_rows,
      actor,
      ...(tables && { tables }),
      ...(note !== undefined && { note }),
    });
    const location = `/api/sync/mappings/${found.name}/versions/${found.version}`;
    return { status: 201, headers: { location }, body: found };
  },
});
