import type { Figures } from '../model/metrics.ts';
import type { Notification } from '../model/notification.ts';

/** Notifications of a job as metrics: each counts where it is told, so what is told once counts once. Pure. */
export function notificationFigures(told: readonly Notification[]): Figures {
  const count = (is: (n: Notification) => boolean) => told.filter(is).length;
  const ended = (state: string) => count((n) => n.type === 'job.ended' && n.data.state === state);
  return {
    JobsCompleted: ended('completed'),
    JobsCompletedWithIssues: ended('completed_with_issues'),
    JobsFailed: ended('failed'),
    JobsStopped: ended('stopped'),
    JobsPaused: count((n) => n.type === 'job.paused'),
    JobsResumed: count((n) => n.type === 'job.resumed'),
    ConflictsOpened: told.reduce((n, one) => n + (one.type === 'conflicts.new' ? one.data.open : 0), 0),
  };
}
