import * as z from 'zod';

/**
 * Two columns with the same mask and the same domain turn equal values into equal ones, so that they still join; another
 * domain makes them differ on purpose.
 */
const domain = z.string().max(60).default('');

/** What a fake looks like. */
export const FAKES = ['first_name', 'last_name', 'full_name', 'street_address', 'city', 'email', 'phone'] as const;
export type FakeKind = (typeof FAKES)[number];

/**
 * How the values of a column with personal data are replaced. The same value under the same key always becomes the same,
 * in every run and every column of that type. NULL stays NULL.
 */
export const maskSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('keep') }),
  z.strictObject({ kind: z.literal('null') }),
  z.strictObject({ kind: z.literal('constant'), value: z.union([z.string().max(1000), z.number(), z.boolean()]) }),
  z.strictObject({ kind: z.literal('hash'), domain }),
  z.strictObject({ kind: z.literal('digits'), domain }),
  z.strictObject({ kind: z.literal('last4') }),
  z.strictObject({ kind: z.literal('fake'), as: z.enum(FAKES), domain }),
  /** `percent` of a number, or so many days of a date, at most, up or down. */
  z.strictObject({ kind: z.literal('noise'), percent: z.number().min(0.1).max(100), domain }),
  z.strictObject({ kind: z.literal('shift_days'), days: z.int().min(1).max(3650), domain }),
  /** `distance` in units of the geometry's reference system: at most so far along each axis. */
  z.strictObject({ kind: z.literal('jitter'), distance: z.number().min(1e-9).max(1e9), domain }),
]);
export type MaskSpec = z.infer<typeof maskSchema>;
export type MaskKind = MaskSpec['kind'];

/** The setting of a session that holds the key of all masks; empty or absent: no value can be masked, and rows fail. */
export const MASK_KEY_SETTING = 'tfsync.mask_key';
