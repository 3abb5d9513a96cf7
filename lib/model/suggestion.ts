import * as z from 'zod';
import { proposal, proposalFinding } from './proposal.ts';

/** Some rows as a mapping would make them. */
export const mappingPreview = z
  .object({
    table: z.string(),
    columns: z.array(z.string()),
    rows: z.array(z.array(z.string().nullable())).meta({
      description:
        'Values as text, cut to 200 characters, in the order of columns. Masks are made with a key that is thrown away.',
    }),
    hidden: z
      .array(z.string())
      .meta({ description: 'Columns with personal data that would arrive unmasked: not shown.' }),
  })
  .meta({ id: 'MappingPreview' });
export type MappingPreview = z.infer<typeof mappingPreview>;

/** A proposal as it was checked and stored: a draft, which does nothing until a person approves it. */
export const suggestion = proposal
  .extend({
    name: z.string(),
    version: z.int(),
    state: z.literal('draft'),
    model: z.string().nullable().meta({ description: 'The language model that was asked; null: none.' }),
    preview: z.array(mappingPreview),
  })
  .meta({ id: 'MappingSuggestion' });
export type Suggestion = z.infer<typeof suggestion>;

/** What two databases say of a mapping that somebody has at hand. Nothing of it was stored. */
export const mappingCheck = z
  .object({
    findings: z.array(proposalFinding).meta({
      description:
        'What a start with it would say. error: it would be refused; warning: it would be refused without allow_lossy.',
    }),
    preview: z.array(mappingPreview),
  })
  .meta({ id: 'MappingCheck' });
export type MappingCheck = z.infer<typeof mappingCheck>;

/** An expression for a sentence. It is in no mapping until somebody puts it there. */
export const expressionSuggestion = z
  .object({
    expression: z.string(),
    type: z.string().meta({ description: 'Of what it comes to.' }),
    columns: z.array(z.string()).meta({ description: 'Columns of the source that it reads.' }),
    proposer: z.enum(['rules', 'model']),
    reason: z.string(),
  })
  .meta({ id: 'ExpressionSuggestion' });
export type ExpressionSuggestion = z.infer<typeof expressionSuggestion>;
