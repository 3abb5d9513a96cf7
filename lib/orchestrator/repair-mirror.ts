import type { Progress } from '../model/checkpoint.ts';
import { type Job, NO_COUNTS, type SegmentProgress } from '../model/job.ts';
import type { RunPorts } from './run-ports.ts';

/** Written at once. */
const AT_ONCE = 16;

/**
 * Brings what is told of a job's segments up to their checkpoints. Workers tell it as they go, and what they could not tell
 * (a throttled table, a worker that died) would stay wrong in the status for ever. Writes only what is behind.
 */
export async function repairMirror(
  job: Job,
  progress: readonly Progress[],
  ports: Pick<RunPorts, 'jobs' | 'clock'>,
): Promise<void> {
  const at = (p: Pick<Progress, 'table' | 'pass' | 'segment'>) => `${p.table} ${p.pass} ${p.segment}`;
  const told = new Map((await ports.jobs.progress(job.job_id)).map((p) => [at(p), p]));
  const behind = progress.filter((p) => {
    const now = told.get(at(p));
    return p.seq > 0 && (!now || now.seq < p.seq || now.finished !== p.finished);
  });
  const updated_at = ports.clock().toISOString();
  const mirrored = ({ table, pass, segment, seq, counts, finished }: Progress): SegmentProgress => ({
    job_id: job.job_id,
    table,
    pass,
    segment,
    epoch: job.epoch,
    seq,
    finished,
    counts: { ...NO_COUNTS, ...counts },
    updated_at,
  });
  for (let i = 0; i < behind.length; i += AT_ONCE)
    await Promise.all(behind.slice(i, i + AT_ONCE).map((p) => ports.jobs.putProgress(mirrored(p))));
}
