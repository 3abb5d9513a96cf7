import { type JobConfig, writesBoth } from '../model/config.ts';
import type { Connection } from '../model/connection.ts';
import { SyncError } from '../model/errors.ts';
import type { Job } from '../model/job.ts';
import type { JobInput } from '../model/message.ts';
import type { Secret } from '../model/secret.ts';
import type {
  AuditLog,
  Clock,
  CommandDatabases,
  CommandWriter,
  ConflictStore,
  ConnectAs,
  ConnectionPair,
  Databases,
  EpochMove,
  JobStore,
  Log,
  PlanningDatabases,
  SecretStore,
  TargetDatabase,
  UsageLedger,
  Workflow,
} from '../ports.ts';
import { type Patience, whenThereIsRoom } from './connections.ts';
import { maskKeyOf } from './mask-key.ts';

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
  /** What jobs used; without it a dry run estimates nothing. */
  readonly usage?: UsageLedger;
  /** How long to wait for connections where a server has none to spare; absent: not at all. */
  readonly patience?: Patience;
}

/** What planning a job needs; it moves no row, and starts nothing. */
export type PlanningPorts = Omit<RunPorts, 'databases' | 'workflow'> & { readonly databases: PlanningDatabases };

/** What a command about a job needs: its events wait in the target's outbox. */
export type CommandPorts = Omit<RunPorts, 'audit' | 'databases' | 'workflow'> & {
  readonly databases: CommandDatabases;
  readonly workflow: Pick<Workflow, 'start' | 'stop'>;
};

/** The job, if this run is still its current one. Throws `epoch_superseded`, `job_not_found`. */
export async function currentJob(input: JobInput, jobs: JobStore): Promise<Job> {
  const job = await jobs.get(input.job_id);
  if (!job) throw new SyncError('job_not_found', 'There is no such job.');
  if (job.epoch !== input.epoch) throw new SyncError('epoch_superseded', 'A newer run of this job has taken over.');
  return job;
}

type Opens<D> = (connection: Connection, as: ConnectAs) => Promise<D>;

/** Runs `work` with the target open, and closes it whatever happens. */
export async function withTarget<T, D extends Pick<TargetDatabase, 'close'>>(
  job: Job,
  ports: Pick<RunPorts, 'secrets' | 'patience'> & { readonly databases: { readonly target: Opens<D> } },
  statementTimeoutMs: number,
  work: (target: D) => Promise<T>,
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

/** A way to both ends of a pair. */
interface Ends<S, D> {
  readonly source: Opens<S>;
  readonly target: Opens<D>;
}

type Closable = Pick<TargetDatabase, 'close'>;

/** The source as the job needs it: one that is written to has a writer. */
export const openSource = <S>(
  { source }: Pick<ConnectionPair, 'source'>,
  as: ConnectAs,
  how: {
    readonly databases: Pick<Ends<S, unknown>, 'source'>;
    readonly config: JobConfig;
    readonly maskKey?: Secret | undefined;
  },
): Promise<S> =>
  how.databases.source(source, {
    ...as,
    ...(writesBoth(how.config) && { writes: true }),
    ...(how.maskKey && { maskKey: how.maskKey }),
  });

/** Both ends, or neither. */
async function openBoth<S extends Closable, D extends Closable>(
  pair: ConnectionPair,
  as: ConnectAs,
  how: { readonly databases: Ends<S, D>; readonly config: JobConfig; readonly maskKey: Secret | undefined },
): Promise<readonly [S, D]> {
  const target = await how.databases.target(pair.target, as);
  try {
    return [await openSource(pair, as, how), target];
  } catch (error) {
    await target.close();
    throw error;
  }
}

/** Runs `work` with both ends open. */
export async function withBoth<T, S extends Closable, D extends Closable>(
  job: Job,
  ports: Pick<RunPorts, 'secrets' | 'patience'> & { readonly databases: Ends<S, D> },
  statementTimeoutMs: number,
  work: (source: S, target: D) => Promise<T>,
): Promise<T> {
  const pair = await ports.secrets.get(job.secret_ref);
  const maskKey = await maskKeyOf(job, ports.secrets);
  const as = { name: `${job.job_id}/${job.epoch}`, statementTimeoutMs };
  const how = { databases: ports.databases, config: job.config, maskKey };
  const [source, target] = await whenThereIsRoom(() => openBoth(pair, as, how), ports.patience);
  try {
    return await work(source, target);
  } finally {
    await Promise.all([source.close(), target.close()]);
  }
}

/** Whoever can raise the epoch of a job. */
type Fences<W> = Pick<TargetDatabase, 'close'> & { readonly writer?: W };

/** Runs `work` with every database open that the job writes to: the target, and the source of a job that writes to both. */
export function withWritten<T, W, D extends Closable>(
  job: Job,
  ports: Pick<RunPorts, 'secrets' | 'patience'> & { readonly databases: Ends<Fences<W>, D> },
  statementTimeoutMs: number,
  work: (target: D, writer?: W) => Promise<T>,
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
  ends: {
    readonly target: Pick<TargetDatabase, 'raiseEpoch'>;
    readonly writer: Pick<CommandWriter, 'raiseEpoch'> | undefined;
  },
  how: EpochMove = {},
): Promise<void> {
  const { release, holding } = how;
  await ends.writer
    ?.raiseEpoch(job.job_id, epoch, { ...(release && { release }), ...(holding && { holding }) })
    .catch((error: unknown) => {
      const closed = error instanceof SyncError && error.code === 'epoch_superseded' && error.facts.ended === true;
      if (!closed || holding) throw error;
    });
  await ends.target.raiseEpoch(job.job_id, epoch, how);
}
