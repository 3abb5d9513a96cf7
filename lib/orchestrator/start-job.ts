import { randomBytes } from 'node:crypto';
import { jobEvent } from '../audit/job-event.ts';
import type { GivenApproval, ScheduledWhen } from '../model/approval.ts';
import type { JobConfig } from '../model/config.ts';
import { type Connection, connectionView } from '../model/connection.ts';
import type { NamedSides } from '../model/environment.ts';
import { asProblem, problemsError, SyncError } from '../model/errors.ts';
import type { Job, JobMode } from '../model/job.ts';
import { hasMasks } from '../model/mapping.ts';
import { Secret } from '../model/secret.ts';
import type {
  CatalogDatabase,
  Clock,
  CommandDatabases,
  CommandSource,
  CommandTarget,
  ConnectAs,
  ConnectionPair,
  JobStore,
  SecretStore,
  Workflow,
} from '../ports.ts';
import { type Admission, type AdmissionPorts, admit } from './admit.ts';
import { pairId } from './conflict-plan.ts';
import { type Patience, whenThereIsRoom } from './connections.ts';
import { leaseEnds, storedOrUndone, type Taken } from './lease-ends.ts';
import { maskKeyPrint } from './mask-key.ts';
import { type Preflight, preflight } from './preflight.ts';
import { rootProblems } from './project-roots.ts';
import { openSource } from './run-ports.ts';
import { staleHolder } from './stale-holder.ts';

export interface StartRequest {
  readonly jobId: string;
  readonly pair: ConnectionPair;
  readonly config: JobConfig;
  readonly mode?: JobMode;
  readonly actor: string;
  /** Who asks, where a person does: see `Wanted`. */
  readonly subject?: string;
  /** Sides that the caller named in place of a connection. */
  readonly environments?: NamedSides;
  readonly schedule?: ScheduledWhen;
  readonly approval?: GivenApproval;
}

export interface StartPorts extends AdmissionPorts {
  readonly jobs: JobStore;
  readonly secrets: SecretStore;
  readonly workflow: Pick<Workflow, 'start'>;
  readonly databases: CommandDatabases;
  readonly patience?: Patience;
}

/** A key for masks: 32 bytes. */
const freshKey = () => new Secret(randomBytes(32).toString('hex'));

/** The start answers within API Gateway's 30 s; what needs longer is left to Prepare. */
const STATEMENT_TIMEOUT_MS = 8_000;

/** The way to both ends. */
interface Opening<S, T> {
  source(connection: Connection, as: ConnectAs): Promise<S>;
  target(connection: Connection, as: ConnectAs): Promise<T>;
}

/** What is needed to look at both ends as a start does. */
export interface LookPorts<D> extends Pick<StartPorts, 'patience' | 'clock'> {
  readonly databases: Opening<D, D>;
}

/** Both connections, or every reason why not. */
async function openBoth<S extends CatalogDatabase, T extends CatalogDatabase>(
  request: Pick<StartRequest, 'jobId' | 'pair' | 'config'>,
  databases: Opening<S, T>,
): Promise<readonly [S, T]> {
  const as = { name: request.jobId, statementTimeoutMs: STATEMENT_TIMEOUT_MS };
  const [source, target] = await Promise.allSettled([
    openSource(request.pair, as, {
      databases,
      config: request.config,
      // nobody sees a row of it: preflight asks only whether masked keys stay apart, which they do under any key
      maskKey: hasMasks(request.config.mapping) ? freshKey() : undefined,
    }),
    databases.target(request.pair.target, as),
  ]);
  if (source.status === 'fulfilled' && target.status === 'fulfilled') return [source.value, target.value];
  if (source.status === 'fulfilled') await source.value.close();
  if (target.status === 'fulfilled') await target.value.close();
  const failed = [
    ['source', source],
    ['target', target],
  ] as const;
  const problems = failed.flatMap(([side, r]) => {
    if (r.status === 'fulfilled') return [];
    if (!(r.reason instanceof SyncError)) throw r.reason;
    return [asProblem(r.reason, { side, field: `/${side}_connection` })];
  });
  throw problemsError(problems);
}

function newJob(
  request: StartRequest,
  found: Admitted,
  { secretRef, maskKey }: { readonly secretRef: string; readonly maskKey: Secret | undefined },
  now: string,
): Job {
  const identity = ({ system_identifier, database_oid, version_num }: Preflight['source']) => ({
    system_identifier,
    database_oid,
    version_num,
  });
  return {
    job_id: request.jobId,
    mode: request.mode ?? 'full',
    state: 'created',
    epoch: 1,
    config: request.config,
    source: { ...connectionView(request.pair.source), ...identity(found.source) },
    target: { ...connectionView(request.pair.target), ...identity(found.target) },
    secret_ref: secretRef,
    ...(maskKey && { mask_key: maskKeyPrint(maskKey) }),
    actor: request.actor,
    guarantee: 'exactly_once_effect',
    created_at: now,
    heartbeat_at: now,
    takeovers: 0,
    ...noteOf(found.admission),
  };
}

/** What was found fit, and let in. */
type Admitted = Preflight & { readonly admission: Admission };
/** Looks at both ends, and at the root rows of a project. Throws a SyncError with every problem found. */
async function looked(
  { source, target }: { readonly source: CatalogDatabase; readonly target: CatalogDatabase },
  config: JobConfig,
  clock: Clock,
): Promise<Preflight> {
  const found = await preflight(source, target, config, clock());
  const problems = found.project ? await rootProblems(found.project, { source, target }) : [];
  if (problems.length > 0) throw problemsError(problems);
  return found;
}

type Ends = { readonly source: CommandSource; readonly target: CommandTarget };

function takeLease(
  request: StartRequest,
  found: Admitted,
  { source, target }: Ends,
  ports: StartPorts,
): Promise<Taken> {
  const event = jobEvent('job.created', request.actor, {
    mode: request.mode ?? 'full',
    source: connectionView(request.pair.source),
    target: connectionView(request.pair.target),
    config: request.config,
    ...noteOf(found.admission),
  });
  const stale = { source: staleHolder(source, ports), target: staleHolder(target, ports) };
  return leaseEnds({ source, target }, { jobId: request.jobId, tables: found.tables, event, stale });
}

/** Stores the secret and the job; see `storedOrUndone`. */
async function store(
  request: StartRequest,
  found: Admitted,
  at: { readonly ends: Ends; readonly taken: Taken },
  ports: StartPorts,
): Promise<Job> {
  const { jobId } = request;
  let secretRef: string | undefined;
  try {
    const maskKey = hasMasks(request.config.mapping)
      ? await ports.secrets.maskKey(pairId(found.source, found.target), freshKey())
      : undefined;
    secretRef = await ports.secrets.put(jobId, request.pair);
    const job = newJob(request, found, { secretRef, maskKey }, ports.clock().toISOString());
    await ports.jobs.create(job);
    return job;
  } catch (error) {
    const forget = async () => secretRef && (await ports.secrets.remove(secretRef));
    const stored = await storedOrUndone(at.ends, { jobId, taken: at.taken }, ports.jobs, forget);
    if (stored) return stored;
    throw error;
  }
}

const noteOf = ({ environments, approval }: Admission) => ({
  ...(environments && { environments }),
  ...(approval && { approval }),
});

/** Checks what a start would check, and shows what was found. Throws a SyncError with every problem found. */
export async function lookAtEnds<T, D extends CatalogDatabase>(
  request: Pick<StartRequest, 'jobId' | 'pair' | 'config'>,
  ports: LookPorts<D>,
  show: (found: Preflight, ends: { readonly source: D; readonly target: D }) => T | Promise<T>,
): Promise<T> {
  const [source, target] = await whenThereIsRoom(() => openBoth(request, ports.databases), ports.patience);
  try {
    return await show(await looked({ source, target }, request.config, ports.clock), { source, target });
  } finally {
    await Promise.all([source.close(), target.close()]);
  }
}

/** Lease, secret and job. An approval of which nothing came can be used again. */
async function begin(request: StartRequest, found: Admitted, ends: Ends, ports: StartPorts): Promise<Job> {
  try {
    const taken = await takeLease(request, found, ends, ports);
    return await store(request, found, { ends, taken }, ports);
  } catch (error) {
    const stored = await ports.jobs.get(request.jobId).catch(() => 'unknown' as const);
    if (stored && stored !== 'unknown') return stored; // of another call under this id
    // where that fails, or nobody can tell, the approval is used up, and somebody approves again
    if (stored === undefined) await found.admission.withdraw().catch(() => undefined);
    throw error;
  }
}
/** Checks what a start would check, and does nothing. Throws a SyncError with every problem found. */
export const checkStart = (
  request: Pick<StartRequest, 'jobId' | 'pair' | 'config'>,
  ports: LookPorts<CatalogDatabase>,
): Promise<Preflight> => lookAtEnds(request, ports, (found) => found);

/**
 * Checks both ends, then takes the lease, stores the secret and the job, and starts the workflow, in that order.
 *
 * Again under the same id, also at once, it makes one job and returns that; whatever a call before has done that died is gone on with.
 * Throws a SyncError with every problem found; then nothing was written anywhere. When only the workflow does not start, the
 * job is stored and the sweeper starts it.
 */
export async function startJob(request: StartRequest, ports: StartPorts): Promise<Job> {
  const [source, target] = await whenThereIsRoom(() => openBoth(request, ports.databases), ports.patience);
  try {
    const fit = await looked({ source, target }, request.config, ports.clock);
    const before = await ports.jobs.get(request.jobId);
    if (before) return before;
    const admission = await admit(request, fit, `job:${request.jobId}`, ports);
    const job = await begin(request, { ...fit, admission }, { source, target }, ports);
    await ports.workflow.start({ job_id: job.job_id, epoch: job.epoch }).catch(() => undefined); // the sweeper starts it
    return job;
  } finally {
    await Promise.all([source.close(), target.close()]);
  }
}
