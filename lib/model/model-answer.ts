import * as z from 'zod';
import { PERSONAL_KINDS } from './proposal.ts';

/** Longer expressions of people may be right; those of a model are not waited for. */
const LONGEST_EXPRESSION = 500;
const name = z.string().min(1).max(200);
const reason = z.string().max(2000);

const answeredColumn = z.strictObject({
  column: name,
  /** One of the source's columns, or an expression over them. */
  source: name.nullable(),
  expression: z.string().min(1).max(LONGEST_EXPRESSION).nullable(),
  personal: z.enum(PERSONAL_KINDS).nullable(),
  confidence: z.number().min(0).max(1),
  reason,
});
export type AnsweredColumn = z.infer<typeof answeredColumn>;

/**
 * All that a language model may say of a mapping: which table from which, which column from which or by which expression, and
 * whose values tell who somebody is. No constant, no table to look values up in, no mask of its own making, no approval.
 */
export const modelAnswer = z.strictObject({
  tables: z
    .array(z.strictObject({ table: name, from: name, reason, columns: z.array(answeredColumn).max(2000) }))
    .max(500),
});
export type ModelAnswer = z.infer<typeof modelAnswer>;

export const modelExpression = z.strictObject({
  expression: z.string().min(1).max(LONGEST_EXPRESSION).nullable(),
  reason,
});

const closed = (properties: Readonly<Record<string, object>>) => ({
  type: 'object',
  additionalProperties: false,
  required: Object.keys(properties),
  properties,
});
const text = { type: 'string' };
const maybe = { type: ['string', 'null'] };

/** The same as a JSON Schema, in the words that structured output of all models knows: no bounds, nothing optional. */
export const MODEL_ANSWER_JSON_SCHEMA = closed({
  tables: {
    type: 'array',
    items: closed({
      table: text,
      from: text,
      reason: text,
      columns: {
        type: 'array',
        items: closed({
          column: text,
          source: maybe,
          expression: maybe,
          personal: { anyOf: [{ type: 'string', enum: [...PERSONAL_KINDS] }, { type: 'null' }] },
          confidence: { type: 'number' },
          reason: text,
        }),
      },
    }),
  },
});

export const MODEL_EXPRESSION_JSON_SCHEMA = closed({ expression: maybe, reason: text });
