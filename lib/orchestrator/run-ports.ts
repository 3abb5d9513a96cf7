import { SyncError } from '../model/errors.ts';
import type { Job } from '../model/job.ts';
import type { JobInput } from '../model/message.ts';
import type {
  AuditLog,
  Clock,
  ConnectionPair,
  Database,
  Databases,
  JobStore,
  Log,
  SecretStore,
  TargetDatabase,
  Workflow,
} from '../ports.ts';

/** What the steps of a running job need. */
export interface RunPorts {
  readonly jobs: JobStore;
  readonly secrets: SecretStore;
  readonly workflow: Workflow;
  readonly databases: Databases;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly log: Log;
}

/** The job, if this run is still its current one. Throws `epoch_superseded`, `job_not_found`. */
export async function currentJob(input: JobInput, jobs: JobStore): Promise<Job> {
  const job = await jobs.get(input.job_id);
  if (!job) throw new SyncError('job_not_found', 'There is no such job.');
  if (job.epoch !== input.epoch) throw new SyncError('epoch_superseded', 'A newer run of this job has taken over.');
  return job;
}

/** Runs `work` with the target open, and closes it whatever happens. */
export async function withTarget<T>(
  job: Job,
  ports: RunPorts,
  statementTimeoutMs: number,
  work: (target: TargetDatabase, pair: ConnectionPair) => Promise<T>,
): Promise<T> {
  const pair = await ports.secrets.get(job.secret_ref);
  const target = await ports.databases.target(pair.target, { name: `${job.job_id}/${job.epoch}`, statementTimeoutMs });
  try {
    return await work(target, pair);
  } finally {
    await target.close();
  }
}

/** Runs `work` with both ends open. */
export function withBoth<T>(
  job: Job,
  ports: RunPorts,
  statementTimeoutMs: number,
  work: (source: Database, target: TargetDatabase) => Promise<T>,
): Promise<T> {
  return withTarget(job, ports, statementTimeoutMs, async (target, pair) => {
    const source = await ports.databases.source(pair.source, {
      name: `${job.job_id}/${job.epoch}`,
      statementTimeoutMs,
    });
    try {
      return await work(source, target);
    } finally {
      await source.close();
    }
  });
}
