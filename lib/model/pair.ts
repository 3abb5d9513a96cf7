import * as z from 'zod';
import type { ServerIdentity } from './connection.ts';

/** Name of a pair: that of its slot and its publication, made of what both databases say of themselves. */
export const pairName = z
  .string()
  .regex(/^tfsync_[0-9a-f]{32}$/)
  .meta({ description: 'Name of a pair: that of its slot, as the status of its jobs shows it under changes.' });

/** What is to be found of a pair in its target. */
export interface PairNotes {
  readonly name: string;
  /** The digest in the name. */
  readonly pair: string;
  /** Absent: no key is filed under a source of this pair. */
  readonly source?: Pick<ServerIdentity, 'system_identifier' | 'database_oid'>;
  /** Jobs whose notes and rows are those of the pair. */
  readonly jobs: readonly string[];
}

const count = z.int().min(0);

/** What a target keeps of a pair. */
export const pairTraces = z.object({
  tables: count.meta({ description: 'Tables of which is known which rows came from the source.' }),
  buckets: count.meta({ description: 'Rows of tf_sync.baseline that say so; 5,000,000 are counted at most.' }),
  base_rows: count.meta({ description: 'Rows whose last decision is known; 5,000,000 are counted at most.' }),
  baseline_bytes: count.meta({ description: 'Disk that both take, about.' }),
  changed_keys: count.meta({ description: 'Keys that the log has named and that wait for a job.' }),
  watermarks: count,
  quiet_tables: count.meta({ description: 'Tables that were known to be untouched.' }),
  conflicts: count,
  open_conflicts: count.meta({ description: 'Of them; they are closed as superseded.' }),
  jobs: count.meta({ description: 'Jobs with checkpoints and plans; those that were stopped can be resumed no more.' }),
  quarantined: count.meta({ description: 'Rows that these jobs have put aside.' }),
});
export type PairTraces = z.infer<typeof pairTraces>;

/** What a source keeps for a pair. */
export const pairSourceTraces = z.object({
  slot: z
    .object({
      retained_bytes: count.meta({ description: 'Log that the server keeps for it.' }),
      wal_status: z.string(),
      active: z.boolean().meta({ description: 'Somebody reads it just now.' }),
    })
    .optional(),
  publication: z
    .object({
      tables: count,
      owned: z.boolean().meta({ description: 'The role of the connection may drop it.' }),
    })
    .optional(),
});
export type PairSourceTraces = z.infer<typeof pairSourceTraces>;

/**
 * `found`: this is there. `dropped`: this was there, and nothing is left of it. `left`: something of it is left, and why. `unreachable`:
 * nobody could ask. `not_asked`: there was no connection for it.
 */
export const PAIR_SIDE_STATES = ['found', 'dropped', 'left', 'unreachable', 'not_asked'] as const;

const side = <T extends z.ZodType>(traces: T) =>
  z.object({
    state: z.enum(PAIR_SIDE_STATES),
    had: traces.optional().meta({ description: 'What was there when the call began.' }),
    code: z
      .string()
      .optional()
      .meta({ description: 'Why something is left, or nobody could ask; see docs/errors.md.' }),
    message: z.string().optional(),
    hint: z.string().optional(),
  });

/** The answer to a look at a pair that is to be given up, and to giving it up. */
export const pairDrop = z
  .object({
    pair: pairName,
    confirmed: z.boolean().meta({ description: 'Whether anything was to be dropped; else this is a look.' }),
    complete: z.boolean().meta({
      description: 'Nothing of the pair is left that the given connections lead to. Else the same call again goes on.',
    }),
    source: side(pairSourceTraces),
    target: side(pairTraces),
  })
  .meta({ id: 'PairDrop' });
export type PairDrop = z.infer<typeof pairDrop>;
