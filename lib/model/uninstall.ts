import * as z from 'zod';

const count = z.int().min(0);

/** What the service keeps in a database. */
export const databaseTraces = z.object({
  schema: z.boolean(),
  bytes: count,
  jobs: count,
  quarantined: count,
  baselines: count.meta({ description: 'Tables of which is known which rows came from their source.' }),
  conflicts: count,
  open_conflicts: count,
  slots: z.array(z.object({ slot: z.string(), retained_bytes: count, active: z.boolean() })),
  publications: z.array(z.object({ publication: z.string(), owned: z.boolean() })),
  streams: z.array(z.string()).meta({ description: 'Slots and publications in sources of this database. They stay.' }),
});
export type DatabaseTraces = z.infer<typeof databaseTraces>;

/** Something that could not be removed, and why. */
const left = z.object({ what: z.string(), code: z.string(), message: z.string(), hint: z.string() });
export type Left = z.infer<typeof left>;

/** A database that says the same of itself as this one, and is not known to be it. */
const copy = z.object({
  host: z.string(),
  port: z.int(),
  database: z.string(),
  is: z.enum(['another', 'unknown']).meta({
    description: '`unknown`: it did not answer, nobody has its credentials any more, or one of both is a standby.',
  }),
  environments: z.array(z.string()),
  jobs: count.meta({ description: 'Jobs over it that are not over, or whose connections are kept.' }),
});

/** The answer to a look at what is kept of a database, and to removing it. */
export const uninstallView = z
  .object({
    database: z.object({ host: z.string(), port: z.int(), database: z.string() }),
    confirmed: z.boolean(),
    complete: z.boolean().meta({ description: 'Nothing of the service is left in the database.' }),
    had: databaseTraces,
    jobs_under_way: z.array(z.string()).meta({ description: 'Jobs over the database that are not over.' }),
    job_secrets: count.meta({ description: 'Ended jobs whose connections are kept.' }),
    environments: z.array(z.string()),
    schedules: z
      .array(z.string())
      .optional()
      .meta({ description: 'Schedules over the database: the next job of each makes everything anew. Absent: none.' }),
    mask_keys: count,
    copies: z.array(copy).meta({
      description:
        'Databases that say the same of themselves, as a restored copy does, and are not known to be this one. What is theirs stays. While there are any, keys of masks stay too: a copy and its original have them in common.',
    }),
    left: z.array(left).meta({ description: 'What could not be removed.' }),
  })
  .meta({ id: 'Uninstall' });
export type Uninstall = z.infer<typeof uninstallView>;
