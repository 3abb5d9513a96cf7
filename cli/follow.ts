import type { JobStatus } from '../lib/model/answers.ts';
import { ENDED_STATES } from '../lib/model/job.ts';
import { type Api, UnavailableError } from './api.ts';
import { CommandError, EXIT } from './exit.ts';
import { type Io, paintFor } from './io.ts';
import { NO_PACE, renderChanges, renderJob, track } from './progress.ts';

const POLL_MS = 1000;
/** Half a minute without an answer: a restart of the service is bridged, a wrong address is not waited on for long. */
const TRIES = 30;

/**
 * Shows a job's progress on stderr until it has ended or is paused, and returns its last status: redrawn on a terminal,
 * a line per change elsewhere. Ctrl-C ends the watching (exit 130), never the job.
 */
export async function follow(jobId: string, api: Api, io: Io, colour: boolean): Promise<JobStatus> {
  const screen = io.stderr.isTTY ? new Screen(io) : undefined;
  const paint = paintFor(io.stderr, io, colour);
  let before: JobStatus | undefined;
  let pace = NO_PACE;
  for (;;) {
    const status = await patiently(() => api.status(jobId), io).catch((error: unknown) => {
      throwIfInterrupted(jobId, io);
      throw error;
    });
    pace = track(pace, status, io.now());
    if (screen) {
      const { width, height } = screen;
      screen.draw(renderJob(status, { width, height, pace, paint }));
    } else {
      for (const line of renderChanges(before, status, pace)) io.stderr.write(`${line}\n`);
    }
    before = status;
    if (ENDED_STATES.includes(status.state) || status.state === 'paused') {
      screen?.draw([]); // the result follows on stdout
      return status;
    }
    await io.pause(POLL_MS);
    throwIfInterrupted(jobId, io);
  }
}

async function patiently(ask: () => Promise<JobStatus>, io: Io): Promise<JobStatus> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof UnavailableError) || tries === TRIES || io.interrupted.aborted) throw error;
      if (tries === 1) io.stderr.write(`${error.message} Trying again.\n`);
      await io.pause(POLL_MS);
    }
  }
}

function throwIfInterrupted(jobId: string, io: Io): void {
  if (!io.interrupted.aborted) return;
  throw new CommandError(`The job goes on. Follow it with: tfsync watch ${jobId}`, EXIT.interrupted);
}

/** Draws over what it drew before. Leaves the last column free, where some terminals wrap. */
class Screen {
  readonly #io: Io;
  #lines = 0;

  constructor(io: Io) {
    this.#io = io;
  }

  get width(): number {
    return (this.#io.stderr.columns ?? 100) - 1;
  }

  get height(): number {
    return (this.#io.stderr.rows ?? 40) - 1;
  }

  draw(lines: readonly string[]): void {
    const up = this.#lines > 0 ? `\x1b[${this.#lines}A` : '';
    this.#io.stderr.write(`${up}\x1b[J${lines.map((line) => `${cut(line, this.width)}\n`).join('')}`);
    this.#lines = lines.length;
  }
}

/** Cuts a line that may hold colour codes, which take no room, at `width` characters. */
function cut(line: string, width: number): string {
  let room = width;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes begin with one
  return line.replaceAll(/(\x1b\[[0-9;]*m)|[^\x1b]/gu, (sign, code) => {
    if (code !== undefined) return sign;
    room -= 1;
    return room >= 0 ? sign : '';
  });
}
