import * as z from 'zod';
import { healingView } from '../audit/healing.ts';
import { JOB_ACTIONS } from '../model/answers.ts';
import type { HealingNote } from '../model/audit-event.ts';
import { usageView } from '../model/cost.ts';
import type { SideEnvironments } from '../model/environment.ts';
import { type FollowingView, lagSeconds } from '../model/following.ts';
import {
  addCounts,
  type Counts,
  ENDED_STATES,
  JOB_MODES,
  JOB_STATES,
  type Job,
  type JobTable,
  NO_COUNTS,
  PASSES,
  type Pass,
  type Pause,
  type SegmentProgress,
  TABLE_STATES,
} from '../model/job.ts';
import { WHOLE_REASONS } from '../model/look.ts';
import { type PlannedRule, SEVERITIES } from '../model/rule.ts';
import { countsOfTable, sinceSettled } from '../model/table-counts.ts';
import { USAGE_FIGURES, type UsageRecord } from '../model/usage.ts';
import { VALIDATION_STATES } from '../model/validation.ts';
import { approvalView, givenApproval } from './approval-view.ts';
import { jobConfigSchema } from './config-schema.ts';
import { pairId } from './conflict-plan.ts';
import { allowedActions } from './lifecycle.ts';
import { validationOf } from './validation.ts';

const count = z.int();
export const countsView = z
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
  .meta({
    id: 'Counts',
    description:
      'Rows by what happened to them. read counts each key found on either side once and is the sum of the others.',
  });

const failureView = z
  .object({
    code: z.string(),
    message: z.string(),
    hint: z.string().optional(),
    problems: z
      .array(
        z.object({
          code: z.string(),
          message: z.string(),
          field: z.string().optional(),
          side: z.enum(['source', 'target']).optional(),
          object: z.string().optional(),
          hint: z.string().optional(),
        }),
      )
      .optional(),
  })
  .meta({ id: 'Failure', description: 'Why a job or a table failed.' });

const pauseView = z
  .object({
    ...failureView.shape,
    since: z.iso.datetime(),
    deletes: z.int().optional().meta({
      description: 'Of confirm_required: how many deletes wait; a resume accepts them with confirm_deletes.',
    }),
    probe_at: z.iso.datetime().optional().meta({
      description: 'When the service looks by itself whether the job can go on. Absent: somebody has to resume it.',
    }),
  })
  .meta({ id: 'Pause', description: 'Why a paused job waits, or what a job that is stopping waits for.' });

const databaseView = z
  .object({
    host: z.string(),
    port: z.int(),
    database: z.string(),
    user: z.string(),
    version: z.string().meta({ description: 'PostgreSQL version, for example 18.4.' }),
    environments: z.array(z.string()).optional().meta({
      description: 'Environments that it was when the job started, the one that was asked for first. Absent: none.',
    }),
  })
  .meta({ id: 'Database' });

export const tableView = z
  .object({
    table: z.int().meta({ description: 'Position in the job, from 0.' }),
    name: z.string(),
    state: z.enum(TABLE_STATES),
    validation: z.enum(VALIDATION_STATES).meta({ description: 'What is known of its equality, now.' }),
    level: z.int().meta({ description: 'Foreign-key level; parents have lower ones.' }),
    rows_estimate: z.int(),
    pass: z.enum(PASSES).meta({ description: 'The pass the table is in, or was in last.' }),
    segments: z.object({ total: z.int(), done: z.int() }).meta({ description: 'Segments of this pass.' }),
    counts: countsView,
    window: z
      .object({
        column: z.string(),
        after: z.iso.datetime(),
        key_sweep: z.boolean(),
        indexed: z.boolean().meta({ description: 'Whether an index of the source begins with the column.' }),
      })
      .optional()
      .meta({
        description:
          'Only rows of the source changed since then by this column were looked at, and with key_sweep all keys. Absent: all rows.',
      }),
    whole: z.enum(WHOLE_REASONS).optional().meta({
      description:
        'Why an incremental job looks at all rows of the table. Absent: it does not, or the job is a full one.',
    }),
    untouched: z
      .object({ compared_at: z.iso.datetime(), runs: z.int(), rows: z.int(), kept: z.int() })
      .optional()
      .meta({
        description:
          'Nothing of the table was looked at: no write was counted on either side since a job compared so many rows of it, kept so many as the target has them, and wrote none; so many jobs in a row have relied on that. Absent: it was looked at.',
      }),
    mapping: z
      .object({ from: z.string(), columns: z.int(), notes: z.array(z.string()) })
      .optional()
      .meta({
        description: 'What a mapping makes the table of, and what is to be known of it. Absent: of its namesake.',
      }),
    rules: z
      .array(
        z.object({
          name: z.string(),
          rule: z.string(),
          severity: z.enum(SEVERITIES),
          columns: z.array(z.string()),
          rows: z.int().optional(),
          of: z.int().optional(),
          samples: z.array(z.array(z.string())).optional(),
        }),
      )
      .optional()
      .meta({
        description:
          'Rules of the table. Where rows were counted before any was written: how many do not pass, of how many, and keys of a few.',
      }),
    changed_keys: z.int().optional().meta({
      description:
        "Under cdc: only rows of so many keys that the source's log named were looked at. Absent: all rows, or those of the window.",
    }),
    schema_warnings: z.int().optional().meta({
      description: 'Warnings of the comparison of both catalogs, which GET /api/sync/validate lists. Absent: none.',
    }),
    in_flight: z.int().optional().meta({ description: 'Rows that moved while the job ran and still do.' }),
    unknown_types: z.record(z.string(), z.string()).optional().meta({
      description: 'Columns whose type nothing is known of, with its name; their values travel and compare as text.',
    }),
    samples: z
      .record(z.string(), z.array(z.array(z.string())))
      .optional()
      .meta({ description: 'Keys of a few rows that a dry run would change, by operation.' }),
    failure: failureView.optional(),
  })
  .meta({ id: 'TableStatus' });

const pricedShape = z.object({
  figures: z.record(z.enum(USAGE_FIGURES), z.number()),
  cost: z.object({
    usd: z.string(),
    prices: z.string().meta({ description: 'Date of the list prices.' }),
    region: z.string(),
    lines: z.array(z.object({ what: z.string(), amount: z.number(), unit: z.string(), usd: z.string() })),
  }),
});

const usageShape = pricedShape.extend({
  estimate: pricedShape.optional().meta({ description: 'Of a dry run: what the same job would use that writes.' }),
});

/** What a caller may know about a job without its tables: the item of a list. */
export const jobSummary = z
  .object({
    job_id: z.uuid(),
    mode: z.enum(JOB_MODES),
    state: z.enum(JOB_STATES),
    epoch: z.int().meta({ description: 'Raised by each start, resume, stop and takeover.' }),
    source: databaseView,
    target: databaseView,
    actor: z.string().meta({ description: 'Who started it.' }),
    approval: givenApproval.optional(),
    created_at: z.iso.datetime(),
    started_at: z.iso.datetime().optional(),
    ended_at: z.iso.datetime().optional(),
    failure: failureView.optional(),
    pause: pauseView.optional(),
    dry_run: z.literal(true).optional().meta({ description: 'It writes nothing. Absent: it does.' }),
    counts: countsView.optional().meta({
      description: 'Rows by what happened to them, of a dry run by what would. Absent: the job has not completed.',
    }),
    open_conflicts: z.int().optional().meta({
      description:
        'Rows that waited for a decision when it ended; later decisions and jobs do not change it. Absent: none.',
    }),
    quarantined: z.int().optional().meta({ description: 'Rows that were put aside when it ended. Absent: none.' }),
    retry_of: z.uuid().optional().meta({ description: 'The job whose rows put aside are tried again, and no others.' }),
    allowed_actions: z.array(z.enum(JOB_ACTIONS)).meta({ description: 'What may be asked of the job now.' }),
  })
  .meta({ id: 'JobSummary' });
export type JobSummary = z.infer<typeof jobSummary>;

export const statusView = z
  .object({
    ...jobSummary.shape,
    guarantee: z.enum(['exactly_once_effect']),
    config: jobConfigSchema,
    masks: z.object({ pair: z.string(), key: z.string() }).optional().meta({
      description:
        'Of a job that masks: the pair of databases whose key it uses, and a print that changes with the key.',
    }),
    seconds: z.number().meta({ description: 'From the start, or before it the creation, until the end or now.' }),
    rows_estimate: z.int(),
    counts: countsView,
    open_conflicts: z.int().optional().meta({
      description:
        'Conflicts of the job that wait for a decision now. Absent: it has not completed, or the conflicts cannot be asked.',
    }),
    rows_per_second: z.number().optional().meta({ description: 'Rows compared per second; absent when unknown.' }),
    eta_seconds: z.int().optional().meta({ description: 'Absent when unknown.' }),
    healing: z
      .array(z.object({ at: z.iso.datetime(), type: z.string(), message: z.string() }))
      .optional()
      .meta({ description: 'The last 20 steps by which the job healed itself, last one first. Absent: none.' }),
    changes: z
      .object({
        slot: z.string().meta({ description: 'Name of the replication slot and of the publication in the source.' }),
        through: z
          .string()
          .meta({ description: 'Place in the log; what committed before it is in what the job looks at.' }),
        transactions: z.int(),
        changes: z.int(),
        lag_bytes: z.int().meta({ description: 'Of the log, left for the next job when this one had drained it.' }),
        lag_seconds: z.int().meta({ description: 'How old the oldest of that may be.' }),
        left_bytes: z.int().optional().meta({ description: 'The same when the job ended.' }),
        warnings: z
          .array(
            z.object({
              slot: z.string(),
              database: z.string(),
              concern: z.string(),
              retained_bytes: z.int(),
              own: z.boolean().meta({ description: 'The slot of this job; else that of another pair on the server.' }),
              remedy: z.string(),
            }),
          )
          .optional()
          .meta({ description: "Slots on the source's server that keep too much log, or that nobody reads." }),
        created: z.boolean().optional().meta({ description: 'This job has created the slot.' }),
      })
      .optional()
      .meta({ description: "Under cdc: what the job has taken over from the source's log." }),
    following: z
      .object({
        round: z.int().meta({ description: 'Rounds that have ended.' }),
        working: z.boolean().meta({ description: 'A round is under way; else the job waits for changes.' }),
        applied: z
          .string()
          .optional()
          .meta({ description: 'Place in the log; what committed before it is in the target.' }),
        rows: z.int().meta({ description: 'Rows that the last round has written.' }),
        quiet_since: z.iso.datetime().optional().meta({ description: 'Since when nothing had to be done.' }),
        lag_bytes: z.int().meta({ description: 'Of the log, not applied when it was looked at last.' }),
        lag_seconds: z.number().optional().meta({
          description: 'How old the oldest change that is not applied may be, now. Absent: no round has ended.',
        }),
      })
      .optional()
      .meta({ description: 'Under continuous: how far the job has come.' }),
    usage: usageShape.optional().meta({
      description: 'What the job has used so far, retries included, and what that costs. Absent: nothing was counted.',
    }),
    tables: z.array(tableView),
  })
  .meta({ id: 'JobStatus' });
export type StatusView = z.infer<typeof statusView>;
export type TableView = z.infer<typeof tableView>;

const streamView = ({ warnings, ...rest }: NonNullable<Job['changes']>) => ({
  ...rest,
  ...(warnings && { warnings: [...warnings] }),
});

export function summarise(job: Job): JobSummary {
  return {
    job_id: job.job_id,
    mode: job.mode,
    state: job.state,
    epoch: job.epoch,
    source: database(job.source, job.environments?.source),
    target: database(job.target, job.environments?.target),
    actor: job.actor,
    ...(job.approval && { approval: approvalView(job.approval) }),
    created_at: job.created_at,
    ...(job.started_at !== undefined && { started_at: job.started_at }),
    ...(job.ended_at !== undefined && { ended_at: job.ended_at }),
    ...(job.failure && { failure: failure(job.failure) }),
    ...(job.config.dry_run && { dry_run: true as const }),
    ...(job.counts && { counts: job.counts }),
    ...(job.open_conflicts !== undefined && { open_conflicts: job.open_conflicts }),
    ...(job.quarantined !== undefined && { quarantined: job.quarantined }),
    ...(job.retry && { retry_of: job.retry.of }),
    ...(job.pause && { pause: pauseOf(job.pause) }),
    allowed_actions: allowedActions(job.state),
  };
}

/**
 * Folds a job, its tables and its segments' progress into what a caller sees. Pure; `now` only matters while the job runs.
 *
 * Counts add up over all passes: `apply` counts a target-only row as kept, and `delete` reports each row it removes as
 * deleted +1 and kept -1.
 */
export function jobStatus(
  job: Job,
  {
    tables,
    progress,
    healing = [],
    usage,
    openConflicts,
  }: {
    readonly tables: readonly JobTable[];
    readonly progress: readonly SegmentProgress[];
    readonly healing?: readonly HealingNote[];
    readonly usage?: UsageRecord | undefined;
    readonly openConflicts?: number | undefined;
  },
  now: Date,
): StatusView {
  const byTable = Map.groupBy(progress, (p) => p.table);
  const views = tables.map((table) => tableStatus(table, byTable.get(table.table) ?? [], hasEnded(job)));
  const counts = sum(views.map((v) => v.counts as Counts)); // made of Counts: no field is undefined
  const rowsEstimate = views.reduce((total, v) => total + v.rows_estimate, 0);
  const seconds = secondsBetween(job.started_at ?? job.created_at, job.ended_at ?? now.toISOString());
  const rate = job.started_at !== undefined && seconds > 0 && counts.read > 0 ? counts.read / seconds : undefined;
  const left = rowsEstimate - counts.read;
  const eta =
    rate !== undefined && job.state === 'running' && !job.following && left > 0 ? Math.ceil(left / rate) : undefined;

  return {
    ...summarise(job),
    guarantee: job.guarantee,
    config: job.config,
    ...(job.mask_key !== undefined && { masks: { pair: pairId(job.source, job.target), key: job.mask_key } }),
    seconds,
    rows_estimate: rowsEstimate,
    counts,
    ...(openConflicts !== undefined && { open_conflicts: openConflicts }),
    ...(rate !== undefined && { rows_per_second: Math.round(rate * 10) / 10 }),
    ...(eta !== undefined && { eta_seconds: eta }),
    ...(healing.length > 0 && { healing: healing.map(healingView) }),
    ...(job.changes && { changes: streamView(job.changes) }),
    ...(job.following && {
      following: followingOf(job.following, hasEnded(job) ? new Date(job.ended_at ?? now) : now),
    }),
    ...(usage && { usage: usageView(usage) as StatusView['usage'] }), // only readonly is lost
    tables: views,
  };
}

function followingOf({ as_of, ...view }: FollowingView, now: Date): NonNullable<StatusView['following']> {
  const seconds = lagSeconds({ ...(as_of !== undefined && { as_of }) }, now);
  return { ...view, ...(seconds !== undefined && { lag_seconds: seconds }) };
}

/** True once nothing more happens unless somebody asks. */
export function hasEnded(view: Pick<JobSummary, 'state'>): boolean {
  return ENDED_STATES.includes(view.state);
}

const keysOf = (samples: NonNullable<JobTable['samples']>) =>
  Object.fromEntries(Object.entries(samples).map(([kind, keys]) => [kind, keys.map((key) => [...key])]));

/** One table of a job, from its own progress. Pure. */
export function tableStatus(table: JobTable, progress: readonly SegmentProgress[], jobEnded: boolean): TableView {
  const pass = passOf(progress);
  const { settled } = table;
  const now = sinceSettled(table, progress);
  const counts = countsOfTable(table, progress);
  const waiting = settled && now.length === 0 ? settled : sum(now.map((p) => p.counts));
  const { state, in_flight: inFlight = 0, failure: { code } = { code: undefined } } = table;
  return {
    table: table.table,
    name: table.name,
    state,
    validation: validationOf({
      state,
      pass,
      jobEnded,
      quarantined: waiting.quarantined,
      conflicts: waiting.conflicts,
      inFlight,
      ...(code !== undefined && { failure: code }),
    }),
    level: table.level,
    rows_estimate: table.rows_estimate,
    pass,
    segments: { total: table.segments, done: progress.filter((p) => p.pass === pass && p.finished).length },
    counts,
    ...(table.window && { window: { ...table.window } }),
    ...(table.whole && { whole: table.whole }),
    ...(table.untouched && { untouched: { ...table.untouched } }),
    ...(table.changed_keys !== undefined && { changed_keys: table.changed_keys }),
    ...(table.whole && { whole: table.whole }),
    ...(table.mapping && { mapping: { ...table.mapping, notes: [...table.mapping.notes] } }),
    ...(table.rules && { rules: table.rules.map(ruleView) }),
    ...(table.schema_warnings !== undefined && { schema_warnings: table.schema_warnings }),
    ...(table.in_flight !== undefined && { in_flight: table.in_flight }),
    ...(table.unknown_types && { unknown_types: { ...table.unknown_types } }),
    ...(table.samples && { samples: keysOf(table.samples) }),
    ...(table.failure && { failure: failure(table.failure) }),
  };
}

const ruleView = ({ columns, samples, ...rule }: PlannedRule) => ({
  ...rule,
  columns: [...columns],
  ...(samples && { samples: samples.map((key) => [...key]) }),
});

/** The pass that a table is in, or was in last. */
const passOf = (progress: readonly SegmentProgress[]): Pass =>
  PASSES.findLast((name) => progress.some((p) => p.pass === name)) ?? PASSES[0];

function sum(all: readonly Counts[]): Counts {
  return all.reduce(addCounts, NO_COUNTS);
}

function database(side: Job['source'], environments: SideEnvironments | undefined) {
  const { host, port, database: name, user, version_num } = side;
  // 180004 is 18.4: since PostgreSQL 10 the last four digits are the minor version.
  const version = `${Math.floor(version_num / 10_000)}.${version_num % 10_000}`;
  return { host, port, database: name, user, version, ...(environments && { environments: [...environments.names] }) };
}

function pauseOf({ since, probe_at, deletes, ...why }: Pause): NonNullable<JobSummary['pause']> {
  return {
    ...failure(why),
    since,
    ...(deletes !== undefined && { deletes }),
    ...(probe_at !== undefined && { probe_at }),
  };
}

function failure(f: NonNullable<Job['failure']>): NonNullable<JobSummary['failure']> {
  return {
    code: f.code,
    message: f.message,
    ...(f.hint !== undefined && { hint: f.hint }),
    ...(f.problems && { problems: f.problems.map((p) => ({ ...p })) }),
  };
}

function secondsBetween(from: string, to: string): number {
  return Math.max(0, Math.round((Date.parse(to) - Date.parse(from)) / 100) / 10);
}
