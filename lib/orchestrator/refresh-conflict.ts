import { jobEvent } from '../audit/job-event.ts';
import { classify } from '../conflict-resolver/classify.ts';
import { previewOf } from '../conflict-resolver/preview.ts';
import type { ConflictRefresh } from '../ports.ts';
import { changedIn, printOfRow, type Sight, sidesOf } from './conflict-sight.ts';

/** Whether a side is no longer what the queue says of it. */
export const hasMoved = (sight: Sight): boolean => {
  const [now, { prints }] = [sidesOf(sight), sight.conflict];
  return now.source !== prints.source || now.target !== prints.target;
};

/**
 * How a conflict is to be shown from now on, from both rows as they were just read: closed where they have come to agree, else
 * open with what they are. One that is none any more for another reason (a side went back) stays open until a job says so: a
 * job alone knows what its rules make of it. Pure.
 */
export function refreshOf(sight: Sight, actor: string): ConflictRefresh {
  const { conflict, plan, source, target, base } = sight;
  const { conflict_id, table } = conflict;
  const prints = { ...conflict.prints, ...sidesOf(sight) };
  const named = { conflict_id, version: conflict.version };
  if (prints.source === prints.target) {
    const event = jobEvent('conflict.closed', actor, { conflict_id, table, state: 'converged' });
    return { ...named, state: 'converged', data: { prints, changed: [], preview: [] }, event };
  }
  const changed = changedIn(sight);
  const shown = source && target ? changed : plan.columns.map((c) => c.name);
  const at = (name: string) => plan.columns.findIndex((c) => c.name === name);
  const preview = previewOf(
    shown.map((column) => ({
      column,
      source: source?.values[at(column)] ?? null,
      target: target?.values[at(column)] ?? null,
    })),
    plan.conflicts.masks,
  );
  const verdict = classify(base, printOfRow(source), printOfRow(target));
  const type = verdict.kind === 'conflict' && conflict.object === undefined ? verdict.type : conflict.type;
  const reason =
    type === conflict.type ? {} : { type, reason: `Was ${conflict.type} until a side moved after it was opened.` };
  const event = jobEvent('conflict.refreshed', actor, { conflict_id, table, type, prints });
  return { ...named, state: 'open', data: { prints, changed, preview, ...reason }, event };
}
