import * as z from 'zod';
import { expressionSuggestion } from '../../../lib/model/suggestion.ts';
import { tlsProblems } from '../connection-field.ts';
import { saidPair, sourceFields, sourceProblems } from '../pair-fields.ts';
import { defineRoute } from '../route.ts';

const body = z
  .strictObject({
    ...sourceFields,
    table: z.string().min(1).max(200).meta({ description: 'Table of the source, schema.table.' }),
    sentence: z
      .string()
      .min(1)
      .max(1000)
      .meta({ description: 'What the column is to hold.', example: 'first 5 characters of zip' }),
    model: z.boolean().default(true).meta({ description: 'Ask the language model where the rules know nothing.' }),
  })
  .meta({ id: 'SuggestExpressionRequest' });

export const suggestExpressionRoute = defineRoute<z.output<typeof body>>({
  method: 'POST',
  path: '/api/sync/mappings/suggest-expression',
  role: 'operator',
  runs: 'suggest',
  summary: 'An expression for a sentence, checked against a table of the source; stores nothing',
  body,
  responses: {
    200: { description: 'The expression, its type and the columns it reads.', schema: expressionSuggestion },
  },

  alsoCheck: (json, { settings }) => [...sourceProblems(json), ...tlsProblems(json, settings.tlsPolicy)],

  handle: async ({ body }, _services, { suggestExpression }) => {
    const { table, sentence, model } = body;
    return { status: 200, body: await suggestExpression({ table, sentence, model, ...saidPair(body) }) };
  },
});
