import { type JobConfig, writesBoth } from '../model/config.ts';
import { SyncError } from '../model/errors.ts';
import type { Job } from '../model/job.ts';
import type { JobInput } from '../model/message.ts';
import type {
  AuditLog,
  Clock,
  ConflictStore,
  ConnectAs,
  ConnectionPair,
  Database,
  Databases,
  EpochMove,
  JobStore,
  Log,
  SecretStore,
  SourceWriter,
  TargetDatabase,
  Workflow,
} from '../ports.ts';
import { type Patience, whenThereIsRoom } from './connections.ts';

/** What the steps of a running job need. */
export interface RunPorts {
  readonly jobs: JobStore;
  readonly secrets: SecretStore;
  readonly workflow: Workflow;
  readonly databases: Databases;
  readonly audit: AuditLog;
  /** Where people find conflicts; without it they wait in the target alone. */
  readonly conflicts?: Pick<ConflictStore, 'put'>;
  readonly clock: Clock;
  readonly log: Log;
  /** How long to wait for connections where a server has none to spare; absent: not at all. */
  readonly patience?: Patience;
}

/** What a command about a job needs: its events wait in the target's outbox. */
export type CommandPorts = Omit<RunPorts, 'audit'>;

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
  ports: Pick<RunPorts, 'secrets' | 'databases' | 'patience'>,
  statementTimeoutMs: number,
  work: (target: TargetDatabase) => Promise<T>,
): Promise<T> {
  const pair = await ports.secrets.get(job.secret_ref);
  const as = { name: `${job.job_id}/${job.epoch}`, statementTimeoutMs };
  const target = await whenThereIsRoom(() => ports.databases.target(pair.target, as), ports.patience);
  try {
    return await work(target);
  } finally {
    await target.close();
  }
}

/** The source as the job needs it: one that is written to has a writer. */
export const openSource = (
  { source }: Pick<ConnectionPair, 'source'>,
  as: ConnectAs,
  { databases, config }: { readonly databases: Databases; readonly config: JobConfig },
): Promise<Database> => databases.source(source, writesBoth(config) ? { ...as, writes: true } : as);

/** Both ends, or neither. */
async function openBoth(
  pair: ConnectionPair,
  as: ConnectAs,
  how: { readonly databases: Databases; readonly config: JobConfig },
): Promise<readonly [Database, TargetDatabase]> {
  const target = await how.databases.target(pair.target, as);
  try {
    return [await openSource(pair, as, how), target];
  } catch (error) {
    await target.close();
    throw error;
  }
}

/** Runs `work` with both ends open. */
export async function withBoth<T>(
  job: Job,
  ports: Pick<RunPorts, 'secrets' | 'databases' | 'patience'>,
  statementTimeoutMs: number,
  work: (source: Database, target: TargetDatabase) => Promise<T>,
): Promise<T> {
  const pair = await ports.secrets.get(job.secret_ref);
  const as = { name: `${job.job_id}/${job.epoch}`, statementTimeoutMs };
  const how = { databases: ports.databases, config: job.config };
  const [source, target] = await whenThereIsRoom(() => openBoth(pair, as, how), ports.patience);
  try {
    return await work(source, target);
  } finally {
    await Promise.all([source.close(), target.close()]);
  }
}

/** Runs `work` with every database open that the job writes to: the target, and the source of a job that writes to both. */
export function withWritten<T>(
  job: Job,
  ports: Pick<RunPorts, 'secrets' | 'databases' | 'patience'>,
  statementTimeoutMs: number,
  work: (target: TargetDatabase, writer?: SourceWriter) => Promise<T>,
): Promise<T> {
  if (!writesBoth(job.config)) return withTarget(job, ports, statementTimeoutMs, work);
  return withBoth(job, ports, statementTimeoutMs, (source, target) => work(target, source.writer));
}

/**
 * Raises the epoch in every database that the job writes to, the source first, so that the event which the target records is true.
 * A source that was closed for good can be written to by nobody either. Throws as `raiseEpoch` does.
 */
export async function raiseEverywhere(
  job: Pick<Job, 'job_id'>,
  epoch: number,
  { target, writer }: { readonly target: TargetDatabase; readonly writer: SourceWriter | undefined },
  how: EpochMove = {},
): Promise<void> {
  const { release, holding } = how;
  await writer
    ?.raiseEpoch(job.job_id, epoch, { ...(release && { release }), ...(holding && { holding }) })
    .catch((error: unknown) => {
      const closed = error instanceof SyncError && error.code === 'epoch_superseded' && error.facts.ended === true;
      if (!closed || holding) throw error;
    });
  await target.raiseEpoch(job.job_id, epoch, how);
}
