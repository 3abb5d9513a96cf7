import { setTimeout as pause } from 'node:timers/promises';
import type { Api } from '../../cli/api.ts';
import type { JobStatus } from '../../lib/model/answers.ts';

const LOOK_MS = 250;

/** A job that follows the log until it is stopped. */
export interface Following extends AsyncDisposable {
  readonly jobId: string;
  status(): Promise<JobStatus>;
  /** Waits until a status passes. Throws where the job ends or pauses. */
  until(passes: (status: JobStatus) => boolean, seconds: number): Promise<JobStatus>;
  /** Milliseconds from the call to its answer, after which nothing is written. */
  stop(): Promise<number>;
}

const GOING = ['created', 'preparing', 'running'];

/** Starts one over the HTTP API. */
export async function startFollowing(
  api: Api,
  pair: { readonly source: string; readonly target: string },
  config: Readonly<Record<string, unknown>> = {},
): Promise<Following> {
  const { job_id: jobId } = await api.start('incremental', {
    source_connection: pair.source,
    target_connection: pair.target,
    config: { detection_strategy: 'cdc', continuous: true, max_delete_percent: 100, ...config },
  });
  const stop = async () => {
    const begun = Date.now();
    await api.stop(jobId);
    return Date.now() - begun;
  };
  return {
    jobId,
    status: () => api.status(jobId),
    stop,
    async until(passes, seconds) {
      const deadline = Date.now() + seconds * 1000;
      for (;;) {
        const status = await api.status(jobId);
        if (passes(status)) return status;
        if (!GOING.includes(status.state))
          throw new Error(`The job is ${status.state}: ${status.failure?.message ?? status.pause?.message ?? ''}`);
        if (Date.now() > deadline) throw new Error(`Not within ${seconds} s: ${JSON.stringify(status.following)}`);
        await pause(LOOK_MS);
      }
    },
    async [Symbol.asyncDispose]() {
      await stop().catch(() => undefined); // it has ended
    },
  };
}

/** Whether everything that had committed at `lsn` is in the target, as the job says. */
export function hasApplied(lsn: string): (status: JobStatus) => boolean {
  const bytes = (text: string) => text.split('/').reduce((n, part) => (n << 32n) + BigInt(`0x${part}`), 0n);
  return ({ following }) => following?.applied !== undefined && bytes(following.applied) >= bytes(lsn);
}
