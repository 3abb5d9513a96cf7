import * as z from 'zod';

export const PROJECT_ROLES = ['root', 'child', 'parent', 'both'] as const;

/** Why a foreign key was not followed. */
export const PASSED_REASONS = ['excluded', 'not_included', 'depth', 'excluded_parent'] as const;
export type PassedReason = (typeof PASSED_REASONS)[number];

const rows = z.int().nullable();

const via = z.object({
  constraint: z.string(),
  table: z.string().meta({ description: 'The table at the other end.' }),
  as: z
    .enum(['child', 'parent'])
    .meta({ description: 'child: rows that refer there; parent: rows that are referred to from there.' }),
});

const projectTable = z.object({
  name: z.string(),
  role: z.enum(PROJECT_ROLES).meta({
    description: 'both: rows that were descended to, and rows that are there for what refers to them.',
  }),
  from: z.string().optional().meta({ description: 'Of a mapped table: the one of the source that it is made of.' }),
  key: z.array(z.string()),
  path: z.array(z.string()).meta({ description: 'A shortest way from the root, by the names of the foreign keys.' }),
  via: z
    .array(via)
    .meta({ description: 'Every foreign key that brings rows of it; the rows of all of them take part.' }),
  rows: z
    .object({ source: rows, target: rows })
    .meta({ description: 'Rows of the project on each side now; null where counting took too long.' }),
});

/** What a project is made of, before anything runs. */
export const projectPlan = z
  .object({
    root: z.string(),
    parents: z.enum(['insert', 'update']),
    tables: z
      .array(projectTable)
      .meta({ description: 'In the order in which they are written, parents before children.' }),
    excluded: z
      .array(
        z.object({
          table: z.string(),
          constraint: z.string(),
          other: z.string().meta({ description: 'The table of the project at the other end of the foreign key.' }),
          why: z.enum(PASSED_REASONS),
          note: z.string(),
        }),
      )
      .meta({ description: 'Foreign keys that were not followed, and why.' }),
    missing_indexes: z
      .array(
        z.object({
          side: z.enum(['source', 'target']),
          table: z.string(),
          constraint: z.string(),
          columns: z.array(z.string()),
          rows: z
            .int()
            .meta({ description: 'Rows of the table as the server estimates them: 0 before its first ANALYZE.' }),
          remedy: z.string(),
        }),
      )
      .meta({ description: 'Foreign keys without an index: each look at their children reads the whole table.' }),
  })
  .meta({ id: 'ProjectPlan' });
export type ProjectPlanView = z.infer<typeof projectPlan>;
