import type { JobEvent } from '../model/checkpoint.ts';
import type { RelationName } from '../model/table.ts';
import type { CommandTarget, CommandWriter, JobStore, StaleHolder } from '../ports.ts';

/** Both ends of a job that begins; `writer` where it writes to the source as well. */
export interface LeasedEnds {
  readonly source: { readonly writer?: Pick<CommandWriter, 'takeLease' | 'dropJob'> };
  readonly target: Pick<CommandTarget, 'takeLease' | 'dropJob'>;
}

/** What undoes the lease of each end; none where another call under the same id was there before. */
export interface Taken {
  readonly source?: string | undefined;
  readonly target?: string | undefined;
}

interface Leasing {
  readonly jobId: string;
  readonly tables: readonly { readonly source: RelationName; readonly target: RelationName }[];
  readonly event: JobEvent;
  readonly stale: { readonly source: StaleHolder; readonly target: StaleHolder };
}

/** Where it cannot be undone, or somebody has begun under the same id meanwhile, the orphan rule frees the lease. */
async function undoAt(
  end: Pick<CommandWriter, 'dropJob'> | undefined,
  jobId: string,
  taken: string | undefined,
  also?: () => Promise<unknown>,
): Promise<void> {
  if (taken !== undefined) await end?.dropJob(jobId, taken, also).catch(() => undefined);
}

/** Takes the lease in the source, where the job writes to it, and in the target; or in neither. */
export async function leaseEnds({ source, target }: LeasedEnds, of: Leasing): Promise<Taken> {
  const { jobId, tables, event, stale } = of;
  const tablesOf = (side: 'source' | 'target') => tables.map((t) => t[side]);
  const atSource = await source.writer?.takeLease(jobId, tablesOf('source'), stale.source);
  try {
    const atTarget = await target.takeLease(jobId, tablesOf('target'), event, stale.target);
    return { source: atSource, target: atTarget };
  } catch (error) {
    await undoAt(source.writer, jobId, atSource);
    throw error;
  }
}

/**
 * The job under this id, whatever went wrong: an answer may be lost, and another call may have stored it. Where nobody can tell
 * nothing is undone: the sweeper finds the job, or, if there is none, the orphan rule frees its lease. Where there is none, what
 * this call has done is undone, and `forget` before anybody else can begin under the id.
 */
export async function storedOrUndone(
  ends: LeasedEnds,
  { jobId, taken }: { readonly jobId: string; readonly taken: Taken },
  jobs: Pick<JobStore, 'get'>,
  forget: () => Promise<unknown>,
) {
  const stored = await jobs.get(jobId).catch(() => 'unknown' as const);
  if (stored === 'unknown') return undefined;
  if (stored) return stored;
  await undoAt(ends.target, jobId, taken.target, () => forget().catch(() => undefined));
  await undoAt(ends.source.writer, jobId, taken.source);
  return undefined;
}
