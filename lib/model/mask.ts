import * as z from 'zod';

/** How the values of a column with personal data are replaced. The same value under the same key always becomes the same. */
export const maskSchema = z.discriminatedUnion('kind', [z.strictObject({ kind: z.literal('null') })]);
export type MaskSpec = z.infer<typeof maskSchema>;
