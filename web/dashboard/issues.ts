import type { JobStatus, JobSummary } from '../../lib/model/answers.ts';
import { duration, number } from '../../lib/model/figures.ts';

export interface Issue {
  readonly about: 'conflicts' | 'rows';
  readonly text: string;
}

/** What a job had left for people when it ended. */
export function issuesOf({
  open_conflicts = 0,
  quarantined = 0,
}: Pick<JobSummary, 'open_conflicts' | 'quarantined'>): Issue[] {
  const counted = (n: number, one: string, many: string) => `${number(n)} ${n === 1 ? one : many}`;
  const conflicts = { about: 'conflicts' as const, text: counted(open_conflicts, 'conflict', 'conflicts') };
  const rows = { about: 'rows' as const, text: counted(quarantined, 'row put aside', 'rows put aside') };
  return [...(open_conflicts > 0 ? [conflicts] : []), ...(quarantined > 0 ? [rows] : [])];
}

/** Rows, their speed and what is left of a job at work, as far as that is known. */
export function speedOf({
  counts,
  rows_per_second,
  eta_seconds,
}: Pick<JobStatus, 'counts' | 'rows_per_second' | 'eta_seconds'>): string {
  return [
    `${number(counts.read)} rows`,
    ...(rows_per_second === undefined ? [] : [`${number(rows_per_second)} rows/s`]),
    ...(eta_seconds === undefined ? [] : [`${duration(eta_seconds)} left`]),
    ...issuesOf({ open_conflicts: counts.conflicts, quarantined: counts.quarantined }).map(({ text }) => text),
  ].join(' · ');
}
