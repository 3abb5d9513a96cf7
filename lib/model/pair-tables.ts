import * as z from 'zod';

/** A table as one side has it. */
const side = z.object({
  kind: z.enum(['table', 'partitioned', 'view', 'materialized_view', 'foreign_table']),
  rows_estimate: z.int().optional().meta({ description: 'By the statistics; absent: there are none yet.' }),
  bytes: z.int().meta({ description: 'Heap and TOAST.' }),
  key: z.array(z.string()).optional().meta({ description: 'What identifies a row; absent: nothing does.' }),
});
export type SideTable = z.infer<typeof side>;

const item = z.object({
  code: z.string(),
  message: z.string(),
  side: z.enum(['source', 'target']).optional(),
  object: z.string().optional(),
  hint: z.string().optional(),
});

/** One end, as it answers now. */
const end = z.object({
  host: z.string(),
  port: z.int(),
  database: z.string(),
  user: z.string(),
  version: z.string().meta({ description: 'PostgreSQL version.' }),
  problems: z.array(item).meta({ description: 'What its role lacks for the tables that both sides have.' }),
  grants: z.array(z.string()).meta({ description: 'The statements that grant what is missing, each once.' }),
  more: z.int().optional().meta({ description: 'Problems beyond those listed.' }),
});
export type PairEnd = z.infer<typeof end>;

/** Tables of two databases, next to each other. */
export const pairTables = z
  .object({
    source: end,
    target: end,
    tables: z
      .array(z.object({ name: z.string(), source: side.optional(), target: side.optional() }))
      .meta({ description: 'By name (schema.table); a side that does not have it is absent.' }),
    more: z.int().optional().meta({ description: 'Tables beyond those listed.' }),
  })
  .meta({ id: 'PairTables' });
export type PairTables = z.infer<typeof pairTables>;
export type TableOfPair = PairTables['tables'][number];
