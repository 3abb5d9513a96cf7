import { writesBoth } from '../model/config.ts';
import { ENDED_STATES, type Job } from '../model/job.ts';
import type { CatalogDatabase, CommandDatabases, JobStore, SecretStore, StaleHolder } from '../ports.ts';

/**
 * A job item is written within the commands function's 29 s of its lease. A holder without a job item after ten times that
 * died in between and will never come back.
 */
const ORPHAN_SECONDS = 300;

const STATEMENT_TIMEOUT_MS = 4_000;

interface HolderPorts {
  readonly jobs: JobStore;
  readonly secrets: SecretStore;
  readonly databases: CommandDatabases;
}

async function isHere(there: CatalogDatabase, here: CatalogDatabase): Promise<boolean> {
  try {
    return await there.withMark((mark) => here.seesMark(mark));
  } finally {
    await there.close();
  }
}

/**
 * Whether what the job writes to is another database than `here`, which only shows its lease because it is a copy of it: a mark
 * that is left there is not seen here. Identities do not tell, a copy has them too, and neither do names of hosts. A
 * target that does not answer may be this one.
 */
async function worksElsewhere(job: Job, here: CatalogDatabase, ports: HolderPorts): Promise<boolean> {
  try {
    const { source, target } = await ports.secrets.get(job.secret_ref);
    const as = { name: job.job_id, statementTimeoutMs: STATEMENT_TIMEOUT_MS };
    if (await isHere(await ports.databases.target(target, as), here)) return false;
    return !writesBoth(job.config) || !(await isHere(await ports.databases.source(source, as), here));
  } catch {
    return false;
  }
}

/**
 * A lease dies with its job, not with a clock: with one that has ended, or that never came to be. In a copy of a target the
 * lease of a job that works on the original is nobody's.
 */
export function staleHolder(here: CatalogDatabase, ports: HolderPorts): StaleHolder {
  return async (holder, heldSeconds) => {
    const job = await ports.jobs.get(holder);
    if (!job) return heldSeconds > ORPHAN_SECONDS;
    return ENDED_STATES.includes(job.state) || worksElsewhere(job, here, ports);
  };
}
