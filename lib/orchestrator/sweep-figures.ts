import { isContinuous, lagSeconds } from '../model/following.ts';
import { ENDED_STATES, type Job } from '../model/job.ts';
import type { Figures } from '../model/metrics.ts';

/** One job as the sweeper found it. */
export interface Swept {
  readonly job: Job;
  /** What was done about it; `failed`: that did not work. */
  readonly decision: string;
  /** An open conflict was seen last by this job. */
  readonly needed: boolean;
}

const most = (numbers: readonly number[]) => Math.max(0, ...numbers);

/**
 * What a round of the sweeper says of all jobs: each minute the same metrics, 0 where there is nothing, so that silence has
 * one meaning. Pure.
 */
export function sweepFigures(swept: readonly Swept[], now: Date): Figures {
  const count = (is: (s: Swept) => boolean) => swept.filter(is).length;
  const paused = swept.filter(({ job }) => job.state === 'paused').map(({ job }) => job);
  const atWork = swept.flatMap(({ job }) => (ENDED_STATES.includes(job.state) || job.state === 'paused' ? [] : [job]));
  const following = [...atWork, ...paused].filter(({ config }) => isContinuous(config));
  return {
    Sweeps: 1,
    JobsNotSwept: count(({ decision }) => decision === 'failed'),
    Takeovers: count(({ decision }) => decision === 'take_over'),
    JobsAtWork: atWork.length,
    JobsWaiting: paused.filter(({ pause }) => pause?.probe_at).length,
    JobsWaitingForPerson: paused.filter(({ pause }) => !pause?.probe_at).length,
    OldestHeartbeatSeconds: most(
      atWork.map((job) => Math.round((now.getTime() - Date.parse(job.heartbeat_at)) / 1000)),
    ),
    ConflictsOpen: swept.reduce((n, { job, needed }) => n + (needed ? (job.open_conflicts ?? 0) : 0), 0),
    TrailsNotSealed: count(({ job }) => ENDED_STATES.includes(job.state) && !job.audit_root),
    ReplicationLagBytes: most(following.map(({ following: f }) => f?.lag_bytes ?? 0)),
    ReplicationLagSeconds: most(following.map(({ following: f }) => (f && lagSeconds(f, now)) ?? 0)),
  };
}
