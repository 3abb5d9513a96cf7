import * as z from 'zod';

const item = z.object({
  code: z.string(),
  message: z.string(),
  side: z.enum(['source', 'target']).optional(),
  object: z.string().optional(),
  field: z.string().optional(),
  hint: z.string().optional(),
});

/** One end, as the deployment reaches it. */
const side = z.object({
  host: z.string(),
  port: z.int(),
  database: z.string(),
  user: z.string(),
  answers: z.boolean().meta({ description: 'Name, TCP, TLS and sign-in, from where workers run.' }),
  connect_ms: z.int().meta({ description: 'Until it was signed in to and answered, or until it was given up.' }),
  version: z.string().optional().meta({ description: 'PostgreSQL version.' }),
  connections: z
    .object({ limit: z.int(), in_use: z.int() })
    .optional()
    .meta({ description: 'What the role may have on the server or in the database, and what all sessions have now.' }),
  statements: z
    .array(z.string())
    .meta({ description: 'What an owner runs to give the role what it lacks, each once.' }),
});
export type SideCheck = z.infer<typeof side>;

/** What the deployment says about itself, the caller, and whether a job between two databases would be accepted. */
export const pairCheck = z
  .object({
    version: z.string(),
    actor: z.string(),
    roles: z.array(z.string()).meta({ description: 'Of the caller, by the token.' }),
    connection_budget: z.int(),
    source: side.optional(),
    target: side.optional(),
    problems: z.array(item).meta({ description: 'Why a start with this config would be refused.' }),
    warnings: z.array(item).meta({
      description:
        'What would not refuse a start: what it would have to wait for (the approval of a second person, a job that holds one of its tables), and what of the tables may refuse or change rows.',
    }),
    more: z.int().optional().meta({ description: 'Problems beyond those listed.' }),
  })
  .meta({ id: 'PairCheck' });
export type PairCheck = z.infer<typeof pairCheck>;
