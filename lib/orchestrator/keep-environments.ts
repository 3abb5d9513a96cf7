import { tellOnce } from '../audit/tell-once.ts';
import { authoritiesOf } from '../model/authority.ts';
import { type Connection, connectionView, type ServerIdentity, type Side } from '../model/connection.ts';
import { isAsSeen, type SeenVersion } from '../model/entity-tag.ts';
import { type Colour, type Environment, sameDatabase } from '../model/environment.ts';
import { asProblem, problemsError, SyncError } from '../model/errors.ts';
import type { Job } from '../model/job.ts';
import type {
  AuditLog,
  Clock,
  EnvironmentSecrets,
  EnvironmentStore,
  JobStore,
  Log,
  ScheduleStore,
  SecretStore,
} from '../ports.ts';
import { noEnvironment } from './named-pair.ts';
import { type LookPorts, withCatalog } from './test-environment.ts';

/** What a caller has seen of an environment: this revision, `absent`, or nothing. */
export type SeenEnvironment = SeenVersion;

/** What a caller says of an environment; without a connection it keeps the one that it has. */
export interface PutEnvironment {
  readonly name: string;
  readonly description: string;
  readonly colour: Colour;
  readonly writable: boolean;
  readonly protected: boolean;
  readonly sends_to: readonly string[];
  readonly receives_from: readonly string[];
  readonly connection?: Connection;
  readonly actor: string;
  readonly seen: SeenEnvironment;
}

export interface KeepPorts extends LookPorts {
  readonly environments: EnvironmentStore;
  readonly environmentSecrets: EnvironmentSecrets;
  readonly schedules: Pick<ScheduleStore, 'list'>;
  readonly jobs: Pick<JobStore, 'listToSweep'>;
  /** Of jobs. */
  readonly secrets: Pick<SecretStore, 'get' | 'put'>;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly log: Log;
  readonly newId: () => string;
}

/** What removing one takes. */
export type RemovalPorts = Pick<KeepPorts, 'environments' | 'environmentSecrets' | 'schedules' | 'audit' | 'clock'>;

export interface KeptEnvironment {
  readonly environment: Environment;
  readonly created: boolean;
  /** Jobs that go on with the new connection from their next connect on. */
  readonly jobs: number;
}

const changed = () => new SyncError('environment_changed', 'Somebody else has changed the environment.');

/** Throws where the caller does not say what they have seen, or it is not so any more. */
function check(before: Environment | undefined, seen: SeenEnvironment): void {
  if (seen === undefined && before) {
    const hint = 'Send if-match with the etag of GET /api/sync/environments/{name}.';
    throw problemsError([{ code: 'required', message: 'expected the header if-match', hint }]);
  }
  if (!isAsSeen(before, seen)) throw changed();
}

/** Which database answers; what keeps it from answering is thrown as a problem of the field. */
async function identityOf(connection: Connection, name: string, ports: KeepPorts): Promise<ServerIdentity> {
  try {
    return await withCatalog(connection, name, ports, async (catalog) => {
      const { system_identifier, database_oid, version_num } = await catalog.facts();
      return { system_identifier, database_oid, version_num };
    });
  } catch (error) {
    if (!(error instanceof SyncError)) throw error;
    const { code, message, facts } = error;
    throw new SyncError(code, message, { facts, problems: [asProblem(error, { field: '/connection' })] });
  }
}

const SIDES: readonly Side[] = ['source', 'target'];

/** The sides of a job that go by the environment's connection, where that leads to the database that the job is over. */
function sidesOf(job: Job, { name, identity }: Environment): readonly Side[] {
  if (job.secret_removed) return [];
  return SIDES.filter((side) => {
    const named = job.environments?.[side];
    return named?.asked && named.names[0] === name && sameDatabase(job[side], identity);
  });
}

/** Gives the new connection to jobs that name the environment. A job that cannot be told takes it when it is resumed. */
async function tellJobs(environment: Environment, connection: Connection, ports: KeepPorts): Promise<number> {
  let told = 0;
  for (const job of await ports.jobs.listToSweep()) {
    const sides = sidesOf(job, environment);
    if (sides.length === 0) continue;
    try {
      const pair = await ports.secrets.get(job.secret_ref);
      await ports.secrets.put(job.job_id, { ...pair, ...Object.fromEntries(sides.map((s) => [s, connection])) });
      told += 1;
    } catch (error) {
      const code = error instanceof SyncError ? error.code : 'internal';
      ports.log.warn('a job was not told of a new connection', { job_id: job.job_id, code });
    }
  }
  return told;
}

/** An environment of the same name that is made after another was deleted has a trail that goes on. */
const trailOf = ({ name }: Environment) => `environment#${name}`;

/** Tells of a revision, once. Called for the one before each change too: whoever made that may have died before they told. */
function tell(e: Environment, audit: AuditLog): Promise<void> {
  const { name, revision, connection, connected_at, writable, sends_to, receives_from } = e;
  const rules = { writable, protected: e.protected, sends_to, receives_from };
  const verifiedBy = e.authorities && { authorities: e.authorities.map(({ fingerprint }) => fingerprint) };
  return tellOnce(audit, {
    job_id: trailOf(e),
    stream: `put/${e.created_at}`,
    seq: revision,
    at: e.updated_at,
    actor: e.actor,
    type: 'environment.put',
    data: { name, revision, connection, connected_at, ...verifiedBy, ...rules },
  });
}

/**
 * Makes an environment, or puts another in its place. A new connection is tried before anything is written: a database that does
 * not answer, or refuses the password, changes nothing. Then secret and item, in that order; the secret before goes last.
 *
 * Throws `environment_changed`, `required`, and what connecting throws.
 */
export async function putEnvironment(put: PutEnvironment, ports: KeepPorts): Promise<KeptEnvironment> {
  const { name, connection, actor, seen, ...said } = put;
  const before = await ports.environments.get(name);
  check(before, seen);
  if (!before && !connection)
    throw problemsError([{ code: 'required', field: '/connection', message: 'expected a string, found nothing' }]);
  if (before) await tell(before, ports.audit);
  const at = ports.clock().toISOString();
  const anew = connection && {
    connection: connectionView(connection),
    authorities: connection.authorities === undefined ? [] : authoritiesOf(connection.authorities),
    identity: await identityOf(connection, name, ports),
    secret_ref: await ports.environmentSecrets.put(`${name}/${ports.newId()}`, connection),
    connected_at: at,
  };
  const environment = {
    ...before,
    ...said,
    ...anew,
    name,
    actor,
    created_at: before?.created_at ?? at,
    updated_at: at,
    revision: (before?.revision ?? 0) + 1,
  } as Environment; // what a new one lacks came with its connection
  if (!(await ports.environments.put(environment))) {
    if (anew) await ports.environmentSecrets.remove(anew.secret_ref);
    throw changed();
  }
  await tell(environment, ports.audit);
  if (before && anew) await ports.environmentSecrets.remove(before.secret_ref);
  const jobs = connection ? await tellJobs(environment, connection, ports) : 0;
  return { environment, created: !before, jobs };
}

/**
 * Deletes an environment and its secret; jobs that it has started go on with what they have. Its database is then no environment
 * any more, and no rule of it holds. Throws `environment_not_found`, `environment_changed`, `environment_in_use`.
 */
export async function removeEnvironment(
  { name, seen, actor }: Pick<PutEnvironment, 'name' | 'seen' | 'actor'>,
  ports: RemovalPorts,
): Promise<void> {
  const before = await ports.environments.get(name);
  if (!before) throw noEnvironment(name);
  check(before, seen);
  const users = (await ports.schedules.list()).filter((s) => SIDES.some((side) => s.environments?.[side] === name));
  if (users.length > 0)
    throw new SyncError('environment_in_use', `Schedules name it: ${users.map((s) => s.name).join(', ')}.`, {
      facts: { schedules: users.map((s) => s.name) },
    });
  const { revision } = before;
  await tell(before, ports.audit);
  await tellOnce(ports.audit, {
    job_id: trailOf(before),
    stream: `deleted/${before.created_at}`, // before it is: a deletion that nobody was told of would be worse
    seq: revision,
    at: ports.clock().toISOString(),
    actor,
    type: 'environment.deleted',
    data: { name, revision },
  });
  if (!(await ports.environments.remove(name, revision))) throw changed();
  await ports.environmentSecrets.remove(before.secret_ref);
}
