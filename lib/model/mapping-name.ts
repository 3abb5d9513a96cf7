import * as z from 'zod';

/** Names of routes under /api/sync/mappings are none of a mapping. */
export const mappingName = z
  .string()
  .regex(/^(?!suggest)[a-z0-9][a-z0-9_-]{0,62}$/)
  .meta({
    description: 'Lower-case letters, digits, - and _; not beginning with suggest.',
    example: 'county-to-training',
  });

/** How a job names a stored mapping: the version in force, or a version that must be it. */
export const mappingReference = z.string().regex(/^(?!suggest)[a-z0-9][a-z0-9_-]{0,62}(@[1-9]\d{0,4})?$/);
