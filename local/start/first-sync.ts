import { setTimeout as pause } from 'node:timers/promises';
import { Api } from '../../cli/api.ts';
import { run } from '../../cli/program.ts';
import { ENDED_STATES } from '../../lib/model/job.ts';

export interface FirstSync {
  readonly url: string;
  readonly token: string;
  readonly source: string;
  readonly target: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly interrupted: AbortSignal;
}

/**
 * Runs a full sync through the HTTP API, as the `tfsync` command does, with its progress and its report. Where a job over
 * the same target goes on from before, because this program was killed, follows that one instead.
 *
 * Connection strings and token go in by the environment that the command reads, so they show up in no argument list.
 * Returns the command's exit code: 0 completed, 3 completed with issues, 2 refused, 1 failed, 130 interrupted.
 */
export async function runFirstSync(sync: FirstSync): Promise<number> {
  const before = await findUnfinished(sync);
  if (before !== undefined) console.error(`Job ${before} was interrupted and goes on.`);
  const command =
    before === undefined ? ['start', 'full', '--wait', '--config', JSON.stringify(sync.config)] : ['watch', before];
  const { TERM, NO_COLOR } = process.env;
  return run(['--url', sync.url, ...command], {
    env: { TERM, NO_COLOR, TFSYNC_TOKEN: sync.token, TFSYNC_SOURCE: sync.source, TFSYNC_TARGET: sync.target },
    cwd: '/nowhere', // no token file there: only this service's token counts
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    fetch: globalThis.fetch,
    now: () => performance.now(),
    pause: (ms) => pause(ms, undefined, { signal: sync.interrupted }).catch(() => {}),
    interrupted: sync.interrupted,
  });
}

async function findUnfinished({ url, token, target, interrupted }: FirstSync): Promise<string | undefined> {
  if (!URL.canParse(target)) return undefined; // the service will say what is wrong with it
  const wanted = new URL(target);
  const api = new Api({
    url: new URL(url),
    token,
    fetch: globalThis.fetch,
    userAgent: 'terrafusion-start',
    interrupted,
    pause: (ms) => pause(ms, undefined, { signal: interrupted }).catch(() => {}),
    random: Math.random,
  });
  const { jobs } = await api.jobs({});
  const found = jobs.find(
    (job) =>
      !ENDED_STATES.includes(job.state) &&
      job.target.host === wanted.hostname &&
      job.target.port === Number(wanted.port || 5432) &&
      `/${encodeURIComponent(job.target.database)}` === wanted.pathname,
  );
  return found?.job_id;
}
