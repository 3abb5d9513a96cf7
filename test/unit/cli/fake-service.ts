import { createServer, type IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import { run } from '../../../cli/program.ts';
import type { JobStatus } from '../../../lib/model/answers.ts';
import type { Counts, JobState } from '../../../lib/model/job.ts';
import { ENDED_STATES, NO_COUNTS } from '../../../lib/model/job.ts';
import { jobConfigSchema } from '../../../lib/orchestrator/config-schema.ts';
import { validationOf } from '../../../lib/orchestrator/validation.ts';

export const JOB = '0b5e1d3c-6a0f-4a57-9d0e-2f8c8f6f3c11';

export interface Call {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An HTTP server that gives the answers in turn (the last one again and again) and keeps the calls. */
export async function fakeService(...answers: Answer[]) {
  const calls: Call[] = [];
  const server = createServer(async (request, response) => {
    const chunks = await Array.fromAsync(request as AsyncIterable<Buffer>);
    const text = Buffer.concat(chunks).toString();
    const { method = '', url = '', headers } = request;
    const answer = answers[Math.min(calls.length, answers.length - 1)] as Answer; // at least one is given
    calls.push({ method, path: url, headers, body: text ? JSON.parse(text) : undefined });
    response.writeHead(answer.status, {
      'content-type': answer.type ?? 'application/json',
      connection: 'close',
      ...answer.headers,
    });
    response.end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number }; // a TCP server has an object here
  return {
    url: `http://127.0.0.1:${port}`,
    calls,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `tfsync` in this process. Time goes by only where the command pauses; `interruptAt` interrupts the n-th pause. */
export async function tfsync(
  args: readonly string[],
  options: {
    env?: Record<string, string>;
    stdin?: string;
    cwd?: string;
    tty?: { columns: number; rows: number };
    interruptAt?: number;
  } = {},
): Promise<Ran> {
  const written = { stdout: '', stderr: '' };
  const output = (name: 'stdout' | 'stderr') => ({
    write: (text: string) => {
      written[name] += text;
    },
    ...(options.tty && { isTTY: true, ...options.tty }),
  });
  const interruption = new AbortController();
  let nowMs = 0;
  let pauses = 0;
  const code = await run(args, {
    env: options.env ?? {},
    cwd: options.cwd ?? '/nowhere',
    stdin: Readable.from(options.stdin === undefined ? [] : [options.stdin]),
    stdout: output('stdout'),
    stderr: output('stderr'),
    fetch,
    now: () => nowMs,
    pause: async (ms) => {
      nowMs += ms;
      pauses += 1;
      if (pauses === options.interruptAt) interruption.abort();
    },
    interrupted: interruption.signal,
  });
  return { code, ...written };
}

/** A status as the API gives it. */
export function jobStatus(
  state: JobState,
  tables: readonly (Partial<Omit<JobStatus['tables'][number], 'counts'>> & { counts?: Partial<Counts> })[],
  more: Partial<JobStatus> = {},
): JobStatus {
  const full = tables.map((table, i) => ({
    table: i,
    name: `public.t${i}`,
    state: 'running' as const,
    pass: 'apply' as const,
    level: 0,
    rows_estimate: 1000,
    segments: { total: 4, done: 0 },
    ...table,
    counts: { ...NO_COUNTS, ...table.counts },
    validation: validationOf({
      state: table.state ?? 'running',
      pass: table.pass ?? 'apply',
      jobEnded: ENDED_STATES.includes(state),
      quarantined: table.counts?.quarantined ?? 0,
      conflicts: table.counts?.conflicts ?? 0,
      inFlight: 0,
      ...(table.failure && { failure: table.failure.code }),
    }),
  }));
  const sum = (name: keyof Counts) => full.reduce((n, table) => n + (table.counts[name] ?? 0), 0);
  const counts = Object.fromEntries(Object.keys(NO_COUNTS).map((k) => [k, sum(k as keyof Counts)]));
  const server = { host: '127.0.0.1', port: 5432, user: 'postgres', version: '18.4' };
  return {
    job_id: JOB,
    mode: 'full',
    state,
    epoch: 1,
    guarantee: 'exactly_once_effect',
    source: { ...server, database: 'county_production' },
    target: { ...server, database: 'county_training' },
    config: jobConfigSchema.parse({}),
    created_at: '2026-11-20T08:00:00.000Z',
    started_at: '2026-11-20T08:00:01.000Z',
    seconds: 2.5,
    rows_estimate: full.reduce((n, table) => n + table.rows_estimate, 0),
    counts: counts as unknown as Counts, // fromEntries forgets the keys; they are those of Counts
    tables: full,
    ...more,
  };
}

export function ok(body: unknown): Answer {
  return { status: 200, body };
}

export const STARTED: Answer = {
  status: 202,
  body: { job_id: JOB, state: 'created', status_url: `/api/sync/status/${JOB}` },
};
