import { append } from '../audit/trail.ts';
import type { Connection, Side } from '../model/connection.ts';
import { ERRORS, problemsError, SyncError } from '../model/errors.ts';
import { ENDED_STATES, type Job } from '../model/job.ts';
import type { PairDrop, PairNotes, PairSourceTraces, PairTraces } from '../model/pair.ts';
import type { AuditLog, Clock, ConflictStore, JobStore, PairDatabases, PairSource, PairTarget } from '../ports.ts';
import { streamName } from './conflict-plan.ts';
import { type Patience, whenThereIsRoom } from './connections.ts';

/** At least one connection; `pair` where there is but one, or the other does not answer. */
export interface DropPairRequest {
  readonly source?: Connection;
  readonly target?: Connection;
  readonly pair?: string;
  /** Else it is a look. */
  readonly confirm: boolean;
  readonly actor: string;
  /** Of the call; names its event. */
  readonly requestId: string;
}

export interface PairPorts {
  readonly databases: PairDatabases;
  readonly jobs: Pick<JobStore, 'get' | 'listToSweep'>;
  readonly conflicts: Pick<ConflictStore, 'put'>;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly patience?: Patience;
}

/** The gateway gives up after 30 s. A look counts rows. */
const STATEMENT_TIMEOUT_MS = 8_000;

/** So long after a call began what is left waits for the next one; a batch that was begun takes some seconds more. */
const WORK_MS = 18_000;

/** A job item is written within the commands function's 29 s of its lease; see stale-holder.ts. */
const ORPHAN_SECONDS = 300;

const CONFLICTS = 250;
const AT_ONCE = 50;

type Opened<T> = { readonly database: T } | { readonly error: SyncError } | undefined;

async function opened<T>(open: (() => Promise<T>) | undefined, patience: Patience | undefined): Promise<Opened<T>> {
  if (!open) return undefined;
  try {
    return { database: await whenThereIsRoom(open, patience) };
  } catch (error) {
    if (error instanceof SyncError) return { error };
    throw error;
  }
}

interface Ends {
  readonly source: Opened<PairSource>;
  readonly target: Opened<PairTarget>;
}

const databaseOf = <T>(end: Opened<T>): T | undefined => (end && 'database' in end ? end.database : undefined);

/** The pair that the connections lead to, or the one that is named where not both of them tell. */
async function nameOf({ source, target }: Ends, named: string | undefined): Promise<string> {
  const [s, t] = [databaseOf(source), databaseOf(target)];
  if (s && t) {
    const [a, b] = await Promise.all([s.facts(), t.facts()]);
    const name = streamName(a, b);
    if (named === undefined || named === name) return name;
    throw new SyncError('pair_mismatch', `These connections lead to the pair ${name}, and ${named} was named.`);
  }
  const failed = (['source', 'target'] as const).flatMap((side) => {
    const end = side === 'source' ? source : target;
    if (!end || !('error' in end)) return [];
    const { code, message } = end.error;
    return [{ code, message, side, field: `/${side}_connection` }];
  });
  if (!s && !t) throw problemsError(failed);
  if (named !== undefined) return named;
  const message = 'One database alone does not tell the pair.';
  throw problemsError([
    ...failed,
    { code: 'required', field: '/pair', message, hint: 'Name it: the status of its jobs shows it under changes.' },
  ]);
}

const isOf = (job: Pick<Job, 'source' | 'target'>, name: string) => streamName(job.source, job.target) === name;
const isOver = (job: Pick<Job, 'state'>) => ENDED_STATES.includes(job.state);

/** Those of the ids that are jobs of the pair; `unknown`: whether one that nobody knows any more counts as such. */
async function jobsOf(ids: readonly string[], name: string, unknown: boolean, { jobs }: PairPorts): Promise<string[]> {
  const found: string[] = [];
  for (let i = 0; i < ids.length; i += AT_ONCE) {
    const page = ids.slice(i, i + AT_ONCE);
    const known = await Promise.all(page.map((id) => jobs.get(id)));
    found.push(...page.filter((_, n) => (known[n] ? isOf(known[n], name) : unknown)));
  }
  return found;
}

async function notesOf(name: string, target: PairTarget, ports: PairPorts): Promise<PairNotes> {
  const [facts, sources, jobs] = [await target.facts(), await target.sources(), await target.jobs()];
  const source = sources.find((s) => streamName(s, facts) === name);
  // a note of a job that nobody knows any more may be this pair's: without it a table is compared whole once
  const all = [...(await jobsOf(jobs.notes, name, true, ports)), ...(await jobsOf(jobs.rows, name, false, ports))];
  return { name, pair: name.slice('tfsync_'.length), jobs: [...new Set(all)], ...(source && { source }) };
}

/** Throws `target_busy` while a job of the pair is not over, as the store of jobs knows it. */
async function refuseRunning(name: string, { jobs }: PairPorts): Promise<void> {
  for (const job of await jobs.listToSweep()) {
    if (isOver(job) || !isOf(job, name)) continue;
    const { job_id: jobId, state } = job;
    throw new SyncError('target_busy', `Job ${jobId} of this pair is ${state}.`, { facts: { job_id: jobId } });
  }
}

const holds =
  (name: string, { jobs }: PairPorts) =>
  async (jobId: string, heldSeconds: number): Promise<boolean> => {
    const job = await jobs.get(jobId);
    return job ? !isOver(job) && isOf(job, name) : heldSeconds <= ORPHAN_SECONDS;
  };

/** Closed conflicts go to the store, then from the target; false when the time is up before. */
async function clearConflicts({ pair }: PairNotes, target: PairTarget, ports: PairPorts, until: number) {
  while (ports.clock().getTime() < until) {
    const page = await target.conflicts(pair, CONFLICTS);
    if (page.length === 0) return true;
    await ports.conflicts.put(page);
    await target.forgetConflicts(page);
  }
  return false;
}

async function clearRows(notes: PairNotes, target: PairTarget, ports: PairPorts, until: number): Promise<boolean> {
  while (ports.clock().getTime() < until) if (!(await target.clear(notes))) return true;
  return false;
}

const failure = ({ code, message }: SyncError) => ({ code, message, hint: ERRORS[code].remedy });

type SourceSide = PairDrop['source'];
type TargetSide = PairDrop['target'];

const isEmpty = (had: PairSourceTraces | PairTraces) => Object.values(had).every((n) => n === 0 || n === undefined);

async function dropAtSource(name: string, had: PairSourceTraces, source: PairSource): Promise<SourceSide> {
  try {
    await source.dropSlot(name);
    if (had.publication && !had.publication.owned) {
      const message = `The source role does not own the publication ${name}.`;
      return {
        state: 'left',
        had,
        code: 'privilege_missing',
        message,
        hint: `As its owner: DROP PUBLICATION ${name};`,
      };
    }
    await source.dropPublication(name);
    return { state: 'dropped', had };
  } catch (error) {
    if (!(error instanceof SyncError)) throw error;
    return { state: 'left', had, ...failure(error) };
  }
}

async function dropAtTarget(
  notes: PairNotes,
  had: PairTraces,
  target: PairTarget,
  ports: PairPorts & { readonly until: number },
) {
  const { until } = ports;
  await target.forget(notes, holds(notes.name, ports));
  const all = async (): Promise<TargetSide> => {
    const done = (await clearConflicts(notes, target, ports, until)) && (await clearRows(notes, target, ports, until));
    if (done) return { state: 'dropped', had };
    const message = 'Rows are left that no job looks at any more; the same call again deletes more of them.';
    return { state: 'left', had, code: 'unavailable', message };
  };
  return all;
}

/** The trail of a pair: who gave it up, and what there was. Before anything is dropped, so that it is told whoever dies. */
async function tell(name: string, request: DropPairRequest, looks: Pick<PairDrop, Side>, ports: PairPorts) {
  const trail = `pair#${name}`;
  const data = { pair: name, source: looks.source.had ?? null, target: looks.target.had ?? null };
  const at = ports.clock().toISOString();
  const event = { job_id: trail, stream: `dropped/${request.requestId}`, seq: 1, at, actor: request.actor };
  await append(ports.audit, trail, [{ ...event, type: 'pair.dropped', data }]);
}

const unreached = (end: Opened<unknown>) =>
  end && 'error' in end ? { state: 'unreachable' as const, ...failure(end.error) } : { state: 'not_asked' as const };

async function work(
  name: string,
  { source, target }: Ends,
  request: DropPairRequest,
  ports: PairPorts & { readonly until: number },
): Promise<PairDrop> {
  const [s, t] = [databaseOf(source), databaseOf(target)];
  const notes = t && (await notesOf(name, t, ports));
  const there = s && (await s.traces(name));
  const here = t && notes && (await t.look(notes));
  const looks = {
    source: there ? { state: 'found' as const, had: there } : unreached(source),
    target: here ? { state: 'found' as const, had: here } : unreached(target),
  };
  const reached = looks.source.state !== 'unreachable' && looks.target.state !== 'unreachable';
  const empty = (!there || isEmpty(there)) && (!here || isEmpty(here));
  if (!request.confirm) return { pair: name, confirmed: false, complete: reached && empty, ...looks };
  await refuseRunning(name, ports);
  if (!empty) await tell(name, request, looks, ports);
  // the target first: it refuses while a job runs. From then on a slot that is left tells nobody anything
  const rest = t && notes && here ? await dropAtTarget(notes, here, t, ports) : undefined;
  const atSource = s && there ? await dropAtSource(name, there, s) : looks.source;
  const atTarget = rest ? await rest() : looks.target;
  const ends = [atSource.state, atTarget.state];
  const complete = ends.every((state) => state === 'dropped' || state === 'not_asked');
  return { pair: name, confirmed: true, complete, source: atSource, target: atTarget };
}

/**
 * Gives a pair up: its slot and its publication in the source, and everything that the target knows of it. Without `confirm`
 * only tells what there is. A side that does not answer is said, and the same call again does the rest; so does one whose
 * time was up. What was synced stays as it is, and so do the key of masks, the audit trails and other pairs.
 *
 * Throws `target_busy` while a job of the pair is not over, `pair_mismatch`, and, where nothing can be said, what
 * connecting throws.
 */
export async function dropPair(request: DropPairRequest, ports: PairPorts): Promise<PairDrop> {
  const { databases, patience } = ports;
  const { source, target } = request;
  const until = ports.clock().getTime() + WORK_MS;
  const as = { name: 'drop-pair', statementTimeoutMs: STATEMENT_TIMEOUT_MS };
  const here = await opened(source && (() => databases.source(source, as)), patience);
  let there: Opened<PairTarget>;
  try {
    there = await opened(target && (() => databases.target(target, as)), patience);
    const ends = { source: here, target: there };
    return await work(await nameOf(ends, request.pair), ends, request, { ...ports, until });
  } finally {
    await Promise.all([databaseOf(here)?.close(), databaseOf(there)?.close()]);
  }
}
