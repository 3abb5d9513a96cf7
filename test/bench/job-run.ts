import { setTimeout as pause } from 'node:timers/promises';
import type { Api } from '../../cli/api.ts';
import type { JobStatus } from '../../lib/model/answers.ts';
import { ENDED_STATES, type JobMode } from '../../lib/model/job.ts';

export interface JobRun {
  readonly status: JobStatus;
  /** From the POST to `ended_at`. Both are clocks of this machine. */
  readonly wholeSeconds: number;
}

/** Each look costs the queries function some milliseconds of the same two cores that do the work. */
const LOOK_MS = 500;

/** Runs one sync through the HTTP API to its end. Throws when it does not complete. */
export async function runJob(
  api: Api,
  pair: { readonly source: string; readonly target: string },
  config: Readonly<Record<string, unknown>>,
  mode: JobMode = 'full',
): Promise<JobRun> {
  const postedAt = Date.now();
  const request = { source_connection: pair.source, target_connection: pair.target, config };
  const { job_id } = await api.start(mode, request);
  for (;;) {
    await pause(LOOK_MS);
    const status = await api.status(job_id);
    if (!ENDED_STATES.includes(status.state)) continue;
    if (status.state !== 'completed' || status.ended_at === undefined) {
      throw new Error(`The job ended as ${status.state}: ${status.failure?.code} ${status.failure?.message}`);
    }
    return { status, wholeSeconds: (Date.parse(status.ended_at) - postedAt) / 1000 };
  }
}
