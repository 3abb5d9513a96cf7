import * as z from 'zod';
import { JOB_MODES } from './job.ts';

/** Each type of notification, and when it is sent. */
export const NOTIFICATION_MEANINGS = {
  'job.ended': 'A job has ended: as `completed`, `completed_with_issues`, `failed` or `stopped`.',
  'job.paused': 'A job waits for somebody or something; `code` says for what.',
  'job.resumed': 'A job that had failed, was stopped or waited goes on.',
  'conflicts.new': 'A job has ended, and conflicts that it found wait for a decision.',
  'changes.lag': "A job that follows the source's log left more of it than the deployment's thresholds allow.",
  'webhook.test': 'Somebody asked for a test of a webhook. Only to that webhook, never on the bus.',
} as const;

export type NotificationType = keyof typeof NOTIFICATION_MEANINGS;

export const NOTIFICATION_TYPES = /* @__PURE__ */ Object.keys(NOTIFICATION_MEANINGS) as NotificationType[]; // keys of the table

/** What a webhook can ask for: all but the test of itself. */
export const SUBSCRIBABLE = [
  'job.ended',
  'job.paused',
  'job.resumed',
  'conflicts.new',
  'changes.lag',
] as const satisfies readonly NotificationType[];

/** Tables that `conflicts.new` lists at most; the largest numbers first. */
export const MOST_LISTED = 100;

const count = z.int().min(0);

const common = {
  id: z.string().meta({ description: 'The same for every delivery of the same thing: drop what you have had.' }),
  version: z.literal(1).meta({ description: 'Of this shape. Fields may be added to it; none is removed or changed.' }),
  time: z.iso.datetime().meta({ description: 'When it happened; deliveries may come later, and in another order.' }),
};

const job = z
  .object({
    id: z.uuid(),
    mode: z.enum(JOB_MODES),
    epoch: z.int().min(1).meta({ description: 'Grows with each run of the job: orders what is told of it.' }),
    source: z.string().meta({ description: 'Name of the source database.' }),
    target: z.string().meta({ description: 'Name of the target database.' }),
  })
  .meta({ description: 'The job that it is about.' });

const reason = {
  code: z.string().meta({ description: 'Of docs/errors.md.' }),
  meaning: z.string().meta({ description: 'What the code means, in fixed words.' }),
  remedy: z.string().meta({ description: 'What to do about it, in fixed words.' }),
};

const counts = z
  .object({
    read: count,
    inserted: count,
    updated: count,
    deleted: count,
    unchanged: count,
    kept: count,
    conflicts: count,
    quarantined: count,
    skipped: count,
    source_inserted: count.optional(),
    source_updated: count.optional(),
    source_deleted: count.optional(),
  })
  .meta({ description: 'Rows over all tables, as in the status of the job.' });

const typed = <T extends NotificationType, D extends z.ZodType>(type: T, data: D) =>
  z.object({ ...common, type: z.literal(type), job, data }).meta({ description: NOTIFICATION_MEANINGS[type] });

/**
 * What leaves the service when something happened: ids, names, counts and codes. Never a row value, a key, a secret, an
 * address or SQL.
 */
export const notification = z.discriminatedUnion('type', [
  typed(
    'job.ended',
    z.object({
      state: z
        .enum(['completed', 'completed_with_issues', 'failed', 'stopped'])
        .meta({ description: 'How it ended, as in its status.' }),
      dry_run: z.boolean().meta({ description: 'Nothing was written: the counts say what would have been.' }),
      counts,
      open_conflicts: count.meta({ description: 'Conflicts that wait for a decision.' }),
      quarantined: count.meta({ description: 'Rows that were put aside.' }),
      failure: z.object(reason).optional().meta({ description: 'Why it failed.' }),
    }),
  ),
  typed(
    'job.paused',
    z.object({
      ...reason,
      probe_at: z.iso.datetime().optional().meta({
        description: 'When the service looks by itself whether the job can go on; absent: somebody has to resume it.',
      }),
    }),
  ),
  typed('job.resumed', z.object({})),
  typed(
    'conflicts.new',
    z.object({
      open: count.meta({ description: 'Conflicts that the job opened and nobody has decided.' }),
      by_table: z
        .array(z.object({ table: z.string(), type: z.string(), open: count }))
        .max(MOST_LISTED)
        .meta({ description: 'By table and type of conflict, the largest numbers first.' }),
      more: z
        .boolean()
        .meta({ description: 'There are more than were counted or are listed: see the list of conflicts.' }),
    }),
  ),
  typed(
    'changes.lag',
    z.object({
      lag_bytes: count.meta({ description: "Of the source's log, when the job had drained what it could." }),
      lag_seconds: z.number().min(0).meta({ description: 'How old the oldest of that may be.' }),
    }),
  ),
  z
    .object({
      ...common,
      type: z.literal('webhook.test'),
      data: z.object({ webhook: z.string().meta({ description: 'Its name.' }) }),
    })
    .meta({ description: NOTIFICATION_MEANINGS['webhook.test'] }),
]);

export type Notification = z.output<typeof notification>;

/** Of conflicts that a job opened and nobody has decided. `more`: there are further ones that were not counted. */
export interface ConflictTally {
  readonly by_table: readonly { readonly table: string; readonly type: string; readonly open: number }[];
  readonly more: boolean;
}

/** What a deployment calls a lag; 0: that is none, however large. */
export interface LagThresholds {
  readonly bytes: number;
  readonly seconds: number;
}
