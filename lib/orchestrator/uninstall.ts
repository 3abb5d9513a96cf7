import { append } from '../audit/trail.ts';
import type { Connection, ServerIdentity } from '../model/connection.ts';
import { type Environment, sameDatabase, samePlace } from '../model/environment.ts';
import { ERRORS, type ErrorCode, SyncError } from '../model/errors.ts';
import { ENDED_STATES, type Job } from '../model/job.ts';
import { hasMasks } from '../model/mapping.ts';
import type { Schedule } from '../model/schedule.ts';
import type { DatabaseTraces, Left, Uninstall } from '../model/uninstall.ts';
import type { InstalledDatabase, JobStore, MaskKeys, SecretStore, UninstallDatabases } from '../ports.ts';
import { pairId } from './conflict-plan.ts';
import { type Patience, whenThereIsRoom } from './connections.ts';
import { type Claim, type OtherPlace, type Places, placesOf, sidesAt } from './copies.ts';
import { type RemovalPorts, removeEnvironment } from './keep-environments.ts';

export interface UninstallRequest {
  readonly connection: Connection;
  /** Else it is a look. */
  readonly confirm: boolean;
  /** Environments that are this database, and keys of masks of its pairs, too. */
  readonly everything: boolean;
  readonly actor: string;
  /** Of the call; names its event. */
  readonly requestId: string;
}

export interface UninstallPorts extends RemovalPorts {
  readonly databases: UninstallDatabases;
  readonly jobs: Pick<JobStore, 'get' | 'list' | 'listToSweep' | 'transition' | 'forget'>;
  readonly secrets: Pick<SecretStore, 'get' | 'remove'>;
  readonly maskKeys: MaskKeys;
  readonly patience?: Patience;
}

/** The gateway gives up after 30 s. */
const STATEMENT_TIMEOUT_MS = 15_000;

/** A job item is written within the commands function's 29 s of its lease; see stale-holder.ts. */
const ORPHAN_SECONDS = 300;

const PAGE = 100;
/** Jobs that are looked through for the keys of masks of their pairs, newest first. */
const MOST_JOBS = 2_000;

const isOver = ({ state }: Pick<Job, 'state'>) => ENDED_STATES.includes(state);
const pairOf = ({ source, target }: Pick<Job, 'source' | 'target'>) => pairId(source, target);
const isOf = ({ source, target }: Pick<Job, 'source' | 'target'>, database: ServerIdentity) =>
  [source, target].some((side) => sameDatabase(side, database));

/** Jobs whose masks have a key, newest first, as far as they are looked through. */
async function maskedJobs(database: ServerIdentity, { jobs }: UninstallPorts): Promise<readonly Job[]> {
  const found: Job[] = [];
  let cursor: string | undefined;
  for (let seen = 0; seen < MOST_JOBS; seen += PAGE) {
    const page = await jobs.list({ limit: PAGE, ...(cursor !== undefined && { cursor }) });
    found.push(...page.jobs.filter((job) => hasMasks(job.config.mapping) && isOf(job, database)));
    cursor = page.cursor;
    if (cursor === undefined) break;
  }
  return found;
}

/** Those that have a key. */
async function withKey(pairs: readonly string[], { maskKeys }: UninstallPorts): Promise<readonly string[]> {
  const has = await Promise.all(pairs.map((pair) => maskKeys.has(pair)));
  return pairs.filter((_, i) => has[i]);
}

/** What goes wrong with one thing is told, and does not keep the others. */
async function attempt(what: string, hint: string | undefined, work: () => Promise<unknown>): Promise<readonly Left[]> {
  try {
    await work();
    return [];
  } catch (error) {
    if (!(error instanceof SyncError)) throw error;
    const { code, message } = error;
    return [{ what, code, message, hint: hint ?? ERRORS[code].remedy }];
  }
}

const failed = (code: ErrorCode, message: string) => Promise.reject(new SyncError(code, message));

async function dropAll(
  open: InstalledDatabase,
  had: DatabaseTraces,
  holds: Parameters<InstalledDatabase['dropSchema']>[0],
): Promise<readonly Left[]> {
  // the schema first: it refuses while a job runs. From then on a slot that is left tells nobody anything
  const left: Left[] = [];
  if (had.schema && !(await open.dropSchema(holds)))
    left.push({
      what: 'schema tf_sync',
      code: 'privilege_missing',
      message: 'The role does not own the schema, which is empty now.',
      hint: 'As its owner: DROP SCHEMA tf_sync;',
    });
  for (const { slot } of had.slots) left.push(...(await attempt(`slot ${slot}`, undefined, () => open.dropSlot(slot))));
  for (const { publication, owned } of had.publications)
    left.push(
      ...(await attempt(
        `publication ${publication}`,
        owned ? undefined : `As its owner: DROP PUBLICATION ${publication};`,
        () => (owned ? open.dropPublication(publication) : failed('privilege_missing', 'The role does not own it.')),
      )),
    );
  return left;
}

/** Connections of jobs that can be resumed no more; whoever asks for them is told that they are gone. */
async function forgetJobs(jobs: readonly Job[], ports: UninstallPorts): Promise<void> {
  for (const job of jobs) {
    const at = { from: [job.state], epoch: job.epoch };
    if (!(await ports.jobs.transition(job.job_id, at, { secret_removed: true }))) continue; // resumed this very moment
    await ports.secrets.remove(job.secret_ref);
    await ports.jobs.forget(job.job_id, job.epoch);
  }
}

/** Before anything is removed, so that it is told whoever dies. */
async function tell(view: Uninstall, identity: ServerIdentity, request: UninstallRequest, ports: UninstallPorts) {
  const trail = `database#${identity.system_identifier}/${identity.database_oid}`;
  const { database, had, job_secrets } = view;
  const { everything, actor, requestId } = request;
  const removed = everything ? { environments: view.environments, mask_keys: view.mask_keys } : {};
  const at = ports.clock().toISOString();
  const event = { job_id: trail, stream: `uninstalled/${requestId}`, seq: 1, at, actor };
  const data = { database, everything, had, job_secrets, ...removed };
  await append(ports.audit, trail, [{ ...event, type: 'database.uninstalled', data }]);
}

/** Everything that says of itself what the database says, and what of that is known to be its own. */
interface Known {
  /** Not over, and over this database for all that anybody knows. */
  readonly running: readonly Job[];
  /** Over, with connections that are kept, and known to be over this database. */
  readonly over: readonly Job[];
  readonly environments: readonly Environment[];
  /** Pairs of masks with a key; none while there are copies, which have it in common. */
  readonly keys: readonly string[];
  readonly copies: Uninstall['copies'];
  readonly places: Places;
}

const claimsOf = (jobs: readonly Job[], database: ServerIdentity, { secrets }: UninstallPorts): readonly Claim[] =>
  jobs.flatMap((job) =>
    (['source', 'target'] as const)
      .filter((side) => sameDatabase(job[side], database))
      .map((side) => ({ at: job[side], way: async () => (await secrets.get(job.secret_ref))[side] })),
  );

async function known(
  open: InstalledDatabase,
  { identity, standby }: { readonly identity: ServerIdentity; readonly standby: boolean },
  { connection }: UninstallRequest,
  ports: UninstallPorts,
): Promise<Known> {
  const jobs = (await ports.jobs.listToSweep()).filter((job) => isOf(job, identity));
  const kept = jobs.filter((job) => !isOver(job) || !job.secret_removed);
  const all = (await ports.environments.list()).filter((e) => sameDatabase(e.identity, identity));
  const masked = await maskedJobs(identity, ports);
  const named = all.map((e) => ({ at: e.connection, way: () => ports.environmentSecrets.get(e.secret_ref) }));
  const claims = [...named, ...claimsOf(kept, identity, ports), ...claimsOf(masked, identity, ports)];
  const places = await placesOf({ connection, here: open, standby }, claims, ports.databases);
  const at = (job: Job) => sidesAt(job, identity, places);
  const pairs = [...(await open.sources()).map((source) => pairId(source, identity)), ...masked.map(pairOf)];
  const theirs = ({ at: place, where }: OtherPlace): Uninstall['copies'][number] => ({
    host: place.host,
    port: place.port,
    database: place.database,
    is: where === 'elsewhere' ? 'another' : 'unknown',
    environments: all.filter((e) => samePlace(e.connection, place)).map((e) => e.name),
    jobs: kept.filter((job) => [job.source, job.target].some((side) => samePlace(side, place))).length,
  });
  return {
    running: kept.filter((job) => !isOver(job) && !at(job).every((where) => where === 'elsewhere')),
    over: kept.filter((job) => isOver(job) && at(job).includes('here')),
    environments: all.filter((e) => places.where(e.connection) === 'here'),
    keys: places.others.length > 0 ? [] : await withKey([...new Set(pairs)], ports),
    copies: places.others.map(theirs),
    places,
  };
}

/** Throws where the database is in use, or with `everything` will be. */
async function refuseInUse(view: Uninstall, { running }: Known, everything: boolean, ports: UninstallPorts) {
  if (running[0]) {
    const named = running.map((job) => `${job.job_id} (${job.state})`).join(', ');
    throw new SyncError('target_busy', `Jobs over this database are not over: ${named}.`, {
      facts: { job_id: running[0].job_id },
    });
  }
  const used = everything ? await usedBySchedules(view.environments, ports) : [];
  if (used.length > 0)
    throw new SyncError('environment_in_use', `Schedules name it: ${used.join(', ')}.`, { facts: { schedules: used } });
}

type Place = Pick<Schedule['source'], 'host' | 'port' | 'database'>;

/** Whether the jobs of a schedule are over the database: by an environment of it, or by where they connect to. */
function leadsTo({ environments, ...sides }: Schedule, names: readonly string[], at: Place): boolean {
  return (['source', 'target'] as const).some((side) => {
    const { host, port, database } = sides[side];
    const there = host === at.host && port === at.port && database === at.database;
    return there || names.includes(environments?.[side] ?? '');
  });
}

async function work(open: InstalledDatabase, request: UninstallRequest, ports: UninstallPorts): Promise<Uninstall> {
  const { connection, confirm, everything, actor } = request;
  const { standby, ...identity } = await open.facts();
  const had = await open.look();
  const found = await known(open, { identity, standby }, request, ports);
  const { running, over, environments, keys, copies, places } = found;
  const empty = !had.schema && had.slots.length === 0 && had.publications.length === 0;
  const { host, port, database } = connection;
  const names = environments.map((e) => e.name);
  const scheduled = (await ports.schedules.list()).filter((s) => leadsTo(s, names, { host, port, database }));
  const view: Uninstall = {
    database: { host, port, database },
    confirmed: confirm,
    complete: empty,
    had,
    jobs_under_way: running.map((job) => job.job_id),
    job_secrets: over.length,
    environments: names,
    ...(scheduled.length > 0 && { schedules: scheduled.map((s) => s.name) }),
    mask_keys: keys.length,
    copies: [...copies],
    left: [],
  };
  if (!confirm) return view;
  await refuseInUse(view, found, everything, ports);
  const nothing = empty && over.length === 0 && (!everything || environments.length + keys.length === 0);
  if (!nothing) await tell(view, identity, request, ports);
  // a copy has brought leases along: of jobs of its original, which are none of its own
  const holds = async (jobId: string, heldSeconds: number) => {
    const job = await ports.jobs.get(jobId);
    if (!job) return heldSeconds <= ORPHAN_SECONDS;
    const at = sidesAt(job, identity, places);
    return !isOver(job) && (at.length === 0 || !at.every((where) => where === 'elsewhere'));
  };
  const left = await dropAll(open, had, holds);
  await forgetJobs(over, ports);
  if (everything) {
    for (const pair of keys) await ports.maskKeys.remove(pair);
    for (const seen of environments) await removeEnvironment({ name: seen.name, seen, actor }, ports);
  }
  return { ...view, complete: left.length === 0, left: [...left] };
}

/** Their next run would make everything anew, or fail for want of the environment. */
async function usedBySchedules(names: readonly string[], { schedules }: UninstallPorts): Promise<readonly string[]> {
  const uses = (s: { readonly environments?: { readonly source?: string; readonly target?: string } }) =>
    [s.environments?.source, s.environments?.target].some((name) => name !== undefined && names.includes(name));
  return (await schedules.list()).filter(uses).map((s) => s.name);
}

/**
 * Takes the service out of one database: schema `tf_sync`, slots and publications, and the connections of ended jobs over it; with
 * `everything` its environments and the keys of its pairs' masks as well. Without `confirm` only tells what there is. Rows that
 * were synced, roles and grants stay, and so does what belongs to a copy of the database, or may. What cannot be removed is told, and the same call again tries again.
 *
 * Throws `target_busy` while a job over the database is not over, `environment_in_use`, `uninstall_blocked`, `schema_newer`, and
 * what connecting throws.
 */
export async function uninstall(request: UninstallRequest, ports: UninstallPorts): Promise<Uninstall> {
  const as = { name: 'uninstall', statementTimeoutMs: STATEMENT_TIMEOUT_MS };
  const open = await whenThereIsRoom(() => ports.databases.open(request.connection, as), ports.patience);
  try {
    return await work(open, request, ports);
  } finally {
    await open.close();
  }
}
