import * as z from 'zod';
import { JOB_MODES } from '../../lib/model/job.ts';
import { OVERLAPS, RUN_OUTCOMES, type Schedule } from '../../lib/model/schedule.ts';
import { nextRuns } from '../../lib/model/schedule-expression.ts';
import { approvalView, givenApproval } from '../../lib/orchestrator/approval-view.ts';
import { jobConfigSchema } from '../../lib/orchestrator/config-schema.ts';

/** EventBridge Scheduler takes names of up to 64 of these. */
export const scheduleName = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/);

/** Runs that are shown ahead. */
const AHEAD = 3;

const end = z.object({ host: z.string(), port: z.int(), database: z.string(), user: z.string() });

const run = z
  .object({
    due: z.iso.datetime(),
    at: z.iso.datetime(),
    outcome: z.enum(RUN_OUTCOMES),
    job_id: z.string().optional().meta({ description: 'The job that was started, or that was in the way.' }),
    code: z.string().optional(),
    message: z.string().optional(),
  })
  .meta({ id: 'ScheduleRun' });

export const scheduleView = z
  .object({
    name: z.string(),
    expression: z.string(),
    timezone: z.string(),
    flexible_minutes: z.int(),
    mode: z.enum(JOB_MODES),
    overlap: z.enum(OVERLAPS),
    paused: z.boolean(),
    config: jobConfigSchema,
    source: end,
    target: end,
    environments: z
      .object({ source: z.string().optional(), target: z.string().optional() })
      .optional()
      .meta({ description: 'Sides that go by the connection of an environment, as it is when a run starts.' }),
    approval: givenApproval.optional(),
    next_runs: z.array(z.iso.datetime()).meta({ description: 'The next three; none while it is paused.' }),
    runs: z.array(run).meta({ description: 'What became of the last 20 runs, newest first.' }),
    actor: z.string().meta({ description: 'Who put it last.' }),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
    deleting: z.boolean().optional().meta({ description: 'Its deletion was cut short, and goes on by itself.' }),
  })
  .meta({ id: 'Schedule' });

/** What a caller may know of a schedule: all but its connections' secrets. */
export function viewOf(schedule: Schedule, now: Date): z.output<typeof scheduleView> {
  const { secret_ref: _s, anchor: _a, revision: _r, armed: _m, seq: _q, deleting, source, target, ...rest } = schedule;
  const { environments, approval, ...others } = rest;
  const shown = ({ host, port, database, user }: Schedule['source']) => ({ host, port, database, user });
  return {
    ...others,
    ...(environments && { environments: { ...environments } }),
    ...(approval && { approval: approvalView(approval) }),
    source: shown(source),
    target: shown(target),
    runs: schedule.runs.map((r) => ({ ...r })),
    next_runs: schedule.paused || deleting ? [] : [...nextRuns(schedule, now, AHEAD)],
    ...(deleting && { deleting }),
  };
}
