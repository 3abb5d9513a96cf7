import { writesBoth } from '../model/config.ts';
import type { Connection, Side } from '../model/connection.ts';
import { directionProblems, type Environment, type NamedSides, sameDatabase } from '../model/environment.ts';
import { type Problem, problemsError, SyncError } from '../model/errors.ts';
import type { Job } from '../model/job.ts';
import type { ConnectionPair, EnvironmentSecrets, EnvironmentStore, JobStore, SecretStore } from '../ports.ts';

export interface NamedPorts {
  readonly environments: Pick<EnvironmentStore, 'get'>;
  readonly environmentSecrets: Pick<EnvironmentSecrets, 'get'>;
}

const SIDES = ['source', 'target'] as const;

export const noEnvironment = (name: string, field?: string, side?: Side): SyncError => {
  const message = `There is no environment ${name}.`;
  const problem: Problem = { code: 'environment_not_found', message, object: name };
  return problemsError([{ ...problem, ...(field && { field }), ...(side && { side }) }]);
};

/** The connection of an environment, as it is now; one that somebody has put anew since it was read is read again. Throws `environment_not_found`. */
export async function connectionOf(name: string, side: Side, ports: NamedPorts, again = true): Promise<Connection> {
  const found = await ports.environments.get(name);
  if (!found) throw noEnvironment(name, `/${side}_environment`, side);
  try {
    return await ports.environmentSecrets.get(found.secret_ref);
  } catch (error) {
    if (!again || !(error instanceof SyncError) || error.code !== 'secret_missing') throw error;
    return connectionOf(name, side, ports, false);
  }
}

/** Both connections: a side that is named has its environment's, as it is now. Throws `environment_not_found`. */
export async function namedPair(
  pair: Partial<ConnectionPair>,
  names: NamedSides = {},
  ports: NamedPorts,
): Promise<ConnectionPair> {
  const [source, target] = await Promise.all(
    SIDES.map((side) => {
      const name = names[side];
      const own = pair[side];
      if (name !== undefined) return connectionOf(name, side, ports);
      if (own) return own;
      throw new SyncError('internal', `neither a connection nor an environment for the ${side}`);
    }),
  );
  return { source: source as Connection, target: target as Connection }; // two sides, two connections
}

export interface ReadmitPorts extends NamedPorts {
  readonly environments: Pick<EnvironmentStore, 'get' | 'list'>;
  readonly jobs: Pick<JobStore, 'get'>;
  readonly secrets: Pick<SecretStore, 'get' | 'put'>;
}

function asNow(job: Job, side: Side, all: readonly Environment[]): readonly Environment[] {
  return (job.environments?.[side]?.names ?? []).map((name) => {
    const found = all.find((e) => e.name === name);
    if (!found) throw noEnvironment(name, undefined, side);
    if (!sameDatabase(found.identity, job[side]))
      throw new SyncError(
        'environment_moved',
        `The environment ${name} is another database than when the job started.`,
      );
    return found;
  });
}

/**
 * Whether a job that somebody lets go on, or whose rows they try again, may still write where it did; and the present
 * connections of the environments that it names. An approval that it started with holds: it was for exactly this work.
 */
export async function readmit(jobId: string, ports: ReadmitPorts): Promise<void> {
  const job = await ports.jobs.get(jobId);
  if (!job?.environments || job.secret_removed) return; // what else is wrong is told by whoever goes on
  const all = await ports.environments.list();
  const sides = { source: asNow(job, 'source', all), target: asNow(job, 'target', all) };
  const problems = directionProblems(sides, writesBoth(job.config) ? SIDES : ['target']);
  if (problems.length > 0) throw problemsError(problems);
  const asked = SIDES.filter((side) => job.environments?.[side]?.asked);
  if (asked.length === 0) return;
  const pair = await ports.secrets.get(job.secret_ref);
  const names = Object.fromEntries(asked.map((side) => [side, sides[side][0]?.name]));
  await ports.secrets.put(job.job_id, await namedPair(pair, names, ports));
}
