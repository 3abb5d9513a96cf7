import type { HealingEvent } from '../../lib/model/answers.ts';
import type { AuditReport, Milestone } from '../../lib/model/audit-report.ts';

export interface Moment {
  readonly at: string;
  readonly type: string;
  /** Who or what did it. */
  readonly text: string;
  readonly healing: boolean;
}

const SERVICE = 'terrafusion-sync';

/** What happened to a job, oldest first: its starts, pauses and ends, and what the service healed by itself. */
export function momentsOf(milestones: readonly Milestone[], healing: readonly HealingEvent[]): readonly Moment[] {
  const steps = milestones
    .filter(({ type }) => !type.startsWith('healing.'))
    .map(({ at, type, actor, code }): Moment => {
      const who = actor === SERVICE ? 'by the service itself' : `by ${actor}`;
      return { at, type, text: code === undefined ? who : `${who}: ${code}`, healing: false };
    });
  const healed = healing.map(({ at, type, message }): Moment => ({ at, type, text: message, healing: true }));
  return [...steps, ...healed].sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
}

/** The busiest minute's rows, and each minute's share of them. */
export function minutesOf(minutes: AuditReport['minutes']) {
  const written = minutes.map((m) => ({ ...m, rows: m.inserted + m.updated + m.deleted }));
  const most = Math.max(1, ...written.map(({ rows }) => rows));
  return written.map((m) => ({ ...m, share: m.rows / most }));
}
