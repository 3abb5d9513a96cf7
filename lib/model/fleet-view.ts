import * as z from 'zod';
import { PAIR_STATES } from './fleet.ts';
import { FLEET_ACTIONS, ORDER_STATES } from './fleet-order.ts';
import { JOB_MODES, JOB_STATES } from './job.ts';

const instant = z.iso.datetime();

/** A job of a pair. */
export const pairLast = z.object({
  job_id: z.string(),
  state: z.enum(JOB_STATES),
  created_at: instant,
  ended_at: instant.optional(),
  code: z.string().optional().meta({ description: 'Why it failed or waits.' }),
  open_conflicts: z.int(),
  quarantined: z.int(),
});

/** A pair in a list; its config is with the pair itself. */
const summary = {
  name: z.string(),
  description: z.string(),
  groups: z.array(z.string()),
  source_environment: z.string(),
  target_environment: z.string(),
  mode: z.enum(JOB_MODES),
  state: z.enum(PAIR_STATES).meta({ description: 'Of its last job; never: it has none.' }),
  last: pairLast
    .optional()
    .meta({ description: 'The job that was started last for the pair, by an order or its schedule.' }),
  last_success_at: instant.optional().meta({ description: 'When the last of its jobs completed; of the last 20.' }),
  schedule: z
    .object({
      expression: z.string(),
      timezone: z.string(),
      flexible_minutes: z.int(),
      paused: z.boolean(),
      next_run: instant.optional(),
    })
    .optional(),
};
export const pairSummary = z.object(summary).meta({ id: 'PairSummary' });
export type PairSummary = z.infer<typeof pairSummary>;
export type PairLastView = z.infer<typeof pairLast>;

/** A pair with its config; with its jobs where it was asked for, not where it was put. */
export interface PairView extends PairSummary {
  readonly config: Readonly<Record<string, unknown>>;
  readonly actor: string;
  readonly created_at: string;
  readonly updated_at: string;
  readonly jobs?: readonly PairLastView[];
}

export const pairPage = z
  .object({
    pairs: z.array(pairSummary),
    next_token: z.string().optional().meta({
      description:
        'There may be more: ask again with it. A page with filters may hold fewer pairs than limit, or none.',
    }),
  })
  .meta({ id: 'PairPage' });
export type PairPageView = z.infer<typeof pairPage>;

export const fleetPreview = z
  .object({
    preview: z.literal(true),
    count: z.int().meta({ description: 'Pairs that are meant now; repeat it as expected_count.' }),
    pairs: z.array(z.string()).meta({ description: 'The first 20 of them, by name.' }),
  })
  .meta({ id: 'FleetPreview' });
export type FleetPreview = z.infer<typeof fleetPreview>;

export const fleetStarted = z
  .object({ order_id: z.uuid(), state: z.enum(ORDER_STATES), status_url: z.string() })
  .meta({ id: 'FleetStarted' });
export type FleetStarted = z.infer<typeof fleetStarted>;

export const fleetView = z
  .object({
    order_id: z.uuid(),
    action: z.enum(FLEET_ACTIONS),
    state: z
      .enum(ORDER_STATES)
      .meta({ description: 'completed: every pair has been asked; their jobs may still work.' }),
    count: z.int(),
    done: z.int(),
    skipped: z.int().meta({ description: 'There was nothing to do: it works already, or not at all.' }),
    failed: z.int(),
    failures: z
      .array(z.object({ pair: z.string(), code: z.string().optional(), message: z.string().optional() }))
      .meta({ description: 'The first 50.' }),
    actor: z.string(),
    note: z.string().optional(),
    created_at: instant,
    updated_at: instant,
    ended_at: instant.optional(),
    cancelled_by: z.string().optional(),
  })
  .meta({ id: 'FleetOrder' });
export type FleetView = z.infer<typeof fleetView>;
