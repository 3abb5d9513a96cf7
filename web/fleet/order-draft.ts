import type { PairFilter } from '../../lib/model/fleet.ts';
import type { FleetAction } from '../../lib/model/fleet-order.ts';
import type { JobMode } from '../../lib/model/job.ts';
import { type TimingDraft, usualTiming } from '../timing.ts';

/** An order as somebody fills it in. */
export interface OrderDraft {
  readonly action: FleetAction;
  /** For a start; '': the mode of each pair. */
  readonly mode: '' | JobMode;
  /** For a start; else what the config of each pair says. */
  readonly dryRun: boolean;
  /** For a start. */
  readonly atOnce: string;
  readonly timing: TimingDraft;
}

/** As many as an order has by itself. */
export const USUAL_AT_ONCE = '40';

/** What a form begins with; runs of many schedules are spread, or all of them would start at once. */
export const usualOrder = (): OrderDraft => ({
  action: 'start',
  mode: '',
  dryRun: false,
  atOnce: USUAL_AT_ONCE,
  timing: { ...usualTiming(), flexible_minutes: '15' },
});

/** What is asked for, without a count: a preview. What belongs to another action is left out, or the service would refuse it. */
export function previewBody({ action, mode, dryRun, atOnce, timing }: OrderDraft, filter: PairFilter): object {
  if (action === 'start')
    return {
      action,
      filter,
      ...(mode !== '' && { mode }),
      ...(dryRun && { dry_run: true }),
      ...(atOnce.trim() !== USUAL_AT_ONCE && { at_once: Number(atOnce) }),
    };
  if (action !== 'schedule') return { action, filter };
  const { flexible_minutes, ...rest } = timing;
  return { action, filter, schedule: { ...rest, spread_minutes: Number(flexible_minutes) } };
}
