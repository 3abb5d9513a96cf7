import * as z from 'zod';
import { mappingName } from '../../../lib/model/mapping-name.ts';
import { suggestion } from '../../../lib/model/suggestion.ts';
import { tlsProblems } from '../connection-field.ts';
import { pairFields, pairProblems, saidPair } from '../pair-fields.ts';
import { defineRoute } from '../route.ts';

const body = z
  .strictObject({
    name: mappingName,
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

export const suggestMappingRoute = defineRoute<z.output<typeof body>>({
  method: 'POST',
  path: '/api/sync/mappings/suggest',
  role: 'operator',
  runs: 'suggest',
  summary: 'Propose a mapping for two databases and store it as a draft, which does nothing until a person approves it',
  body,
  responses: {
    201: {
      description: 'The draft, with confidence and reasons of each column, and what a start would say of it.',
      schema: suggestion,
      headers: { location: 'The version.' },
    },
  },

  alsoCheck: (json, { settings }) => [...pairProblems(json), ...tlsProblems(json, settings.tlsPolicy)],

  handle: async ({ body, actor }, _services, { suggestMapping }) => {
    const { name, mask, samples, model, preview_rows, tables, note } = body;
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
