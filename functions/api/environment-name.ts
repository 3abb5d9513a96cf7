import * as z from 'zod';

/** A name of an environment: it is part of a secret's name. */
export const environmentName = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/);
